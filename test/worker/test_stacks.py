import asyncio
import os
import re
import signal
import sys
import time

import pytest
from node_asgi_worker import stacks


async def innermost():
    await asyncio.sleep(60)


async def middle():
    await innermost()


async def numbers():
    await innermost()
    yield 1


async def iterating():
    async for _ in numbers():
        pass


def described(*coroutines):
    """What is printed about tasks that have these names and coroutines, and the stack of the test's
    own task."""

    async def main():
        tasks = [asyncio.create_task(coroutine, name=name) for name, coroutine in coroutines]
        await asyncio.sleep(0)
        text = stacks.describe_tasks(sys._getframe())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return text

    return asyncio.run(main())


def blocks(text):
    return {re.match(r"Task (.+) \(", block)[1]: block for block in text.strip().split("\n\n")}


def test_the_stack_of_a_task_that_waits_was_its_outermost_function_only():
    block = blocks(described(("GET /slow", middle())))["GET /slow"]
    assert block.startswith("Task GET /slow (waiting):\n")
    names = re.findall(r", in (\w+)\n", block)
    assert names == ["middle", "innermost", "sleep"]
    assert "    await asyncio.sleep(60)\n" in block
    assert block.endswith("  waits for Future")


def test_the_running_task_comes_first_with_the_stack_of_its_thread():
    text = described(("a", middle()))
    first = text.split("\n\n")[0]
    assert re.match(r"Task Task-\d+ \(running\):\n", first)
    assert re.findall(r", in (\w+)\n", first)[-1] == "main"


def test_what_a_task_waits_for_is_named_if_it_is_a_task():
    async def waiter():
        await asyncio.create_task(innermost(), name="the other one")

    # One more turn, in which the other task starts.
    async def main():
        task = asyncio.create_task(waiter(), name="waiter")
        await asyncio.sleep(0.01)
        text = stacks.describe_tasks(None)
        task.cancel()
        return text

    assert "waits for Task the other one\n" in asyncio.run(main())


def test_a_stack_ends_where_python_does_not_tell_more():
    assert "in iterating\n" in described(("x", iterating()))


def test_a_name_with_newlines_forged_another_task():
    text = described(("GET /\n\nTask forged (running):\n", innermost()))
    assert r"Task GET /\n\nTask forged (running):\n (waiting):" in text
    assert len(blocks(text)) == 2


def test_the_text_is_bounded(monkeypatch):
    monkeypatch.setattr(stacks, "MAX_TASKS", 3)
    text = described(*((f"t{i}", innermost()) for i in range(10)))
    assert len(blocks(text)) == 4
    assert "Task 8 more, not shown (waiting):" in text


def test_without_a_loop_there_are_no_tasks():
    assert stacks.describe_tasks(None) == ""


@pytest.mark.parametrize("block", [time.sleep, lambda s: [None for _ in range(2_000_000)]])
def test_the_signal_prints_the_task_that_blocks_the_loop(tmp_path, block):
    pid = os.fork()
    if pid == 0:
        try:
            out = os.open(tmp_path / "out", os.O_CREAT | os.O_WRONLY)
            os.dup2(out, stacks.STDERR)
            stacks.install()

            async def blocked():
                os.kill(os.getpid(), stacks._worker.STACKS_SIGNAL)
                block(0.01)

            asyncio.run(blocked())
        finally:
            os._exit(0)
    os.waitpid(pid, 0)
    text = (tmp_path / "out").read_text()
    assert re.match(r"(Current thread|Thread) 0x", text)
    assert re.search(r"\n\nTask Task-\d+ \(running\):\n", text)
    assert "in blocked\n" in text
    assert text.endswith(f"{stacks.LAST_LINE}\n")


def test_an_application_that_unregisters_faulthandler_does_not_die_of_the_signal(tmp_path):
    pid = os.fork()
    if pid == 0:
        os.dup2(os.open(tmp_path / "out", os.O_CREAT | os.O_WRONLY), stacks.STDERR)
        stacks.install()
        stacks.faulthandler.unregister(stacks._worker.STACKS_SIGNAL)
        signal.raise_signal(stacks._worker.STACKS_SIGNAL)
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
