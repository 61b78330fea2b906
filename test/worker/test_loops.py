import asyncio
import collections.abc
import contextvars
import os
import sys

import pytest
from node_asgi_worker import loops


def spawn(coroutine):
    """Makes a task from a request's coroutine as the worker does."""
    make, options = loops.task_spawner(asyncio.get_running_loop())
    return make(coroutine, **options)


def is_loop_of(name, kind):
    return any(base.__module__.split(".")[0] == name for base in kind.__mro__) and (
        name == "uvloop" or issubclass(kind, asyncio.SelectorEventLoop)
    )


variable = contextvars.ContextVar("variable", default="unset")
both = pytest.mark.parametrize("name", ["asyncio", "uvloop"])


@pytest.fixture
def without_uvloop(monkeypatch):
    monkeypatch.setitem(sys.modules, "uvloop", None)


@pytest.fixture(autouse=True)
def restore_policy():
    yield
    if sys.version_info < (3, 11):
        asyncio.set_event_loop_policy(None)


def test_auto_chooses_uvloop_if_it_is_installed():
    assert loops.choose("auto") == "uvloop"


@pytest.mark.usefixtures("without_uvloop")
def test_auto_chooses_asyncio_without_uvloop():
    assert loops.choose("auto") == "asyncio"


@pytest.mark.parametrize("module", loops.NESTING_MODULES)
def test_auto_chooses_a_loop_that_an_imported_module_can_nest(monkeypatch, module):
    monkeypatch.setitem(sys.modules, module, sys)
    assert loops.choose("auto") == "asyncio"
    assert loops.choose("uvloop") == "uvloop"


@pytest.mark.usefixtures("without_uvloop")
def test_uvloop_is_an_import_error_if_it_is_not_installed():
    with pytest.raises(ImportError, match="uvloop"):
        loops.choose("uvloop")


@pytest.mark.usefixtures("without_uvloop")
def test_asyncio_does_not_need_uvloop():
    assert loops.choose("asyncio") == "asyncio"


@both
def test_run_uses_the_loop_asked_for(name):
    async def main():
        return type(asyncio.get_running_loop())

    assert is_loop_of(name, loops.run(main(), name))


@both
def test_run_does_not_need_asyncio_run_which_an_import_may_have_replaced(monkeypatch, name):
    async def main():
        return type(asyncio.get_running_loop())

    monkeypatch.setattr(asyncio, "run", None)
    assert is_loop_of(name, loops.run(main(), name))


@pytest.mark.skipif("sys.version_info >= (3, 14)", reason="policies are deprecated")
def test_run_ignores_a_policy_that_the_app_installed():
    import uvloop

    async def main():
        return type(asyncio.get_running_loop())

    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    try:
        assert is_loop_of("asyncio", loops.run(main(), "asyncio"))
    finally:
        asyncio.set_event_loop_policy(None)


@both
def test_a_spawned_task_is_the_current_task_from_its_first_step(name):
    async def request():
        before = asyncio.current_task()
        await asyncio.sleep(0)
        return before is asyncio.current_task()

    async def main():
        task = spawn(request())
        return isinstance(task, asyncio.Task) and await task

    assert loops.run(main(), name)


@pytest.fixture
def without_nesting(monkeypatch):
    monkeypatch.setattr(loops, "NESTING_MODULES", ())


@pytest.mark.parametrize(("name", "nests"), [("asyncio", True), ("uvloop", False)])
def test_no_step_runs_at_once_where_the_application_may_nest_loops(name, nests, monkeypatch):
    monkeypatch.setattr(loops, "NESTING_MODULES", ("nothing_of_this_name", "json"))

    async def main():
        return loops.task_spawner(asyncio.get_running_loop())[1].get("eager_start", False)

    assert loops.run(main(), name) is (loops.EAGER_TASKS and not nests)


@pytest.mark.usefixtures("without_nesting")
@both
def test_the_first_step_runs_at_once_if_tasks_can_be_eager(name):
    steps = []

    async def request():
        steps.append("first")
        await asyncio.sleep(0)

    async def main():
        task = spawn(request())
        at_once = list(steps)
        await task
        return at_once

    expected = ["first"] if sys.version_info >= (3, 12) else []
    assert loops.run(main(), name) == expected


@pytest.mark.usefixtures("without_nesting")
@both
def test_no_step_runs_at_once_in_debug_mode(name):
    steps = []

    async def request():
        steps.append("first")

    async def main():
        loop = asyncio.get_running_loop()
        make, options = loops.task_spawner(loop)
        at_once = []
        for debug in (True, False):
            loop.set_debug(debug)
            steps.clear()
            task = make(request(), **options)
            at_once.append(list(steps))
            await task
        return at_once

    expected = [[], ["first"]] if sys.version_info >= (3, 12) else [[], []]
    assert loops.run(main(), name) == expected


@both
def test_a_request_task_is_named_when_its_name_is_wanted(name):
    class Request(collections.abc.Coroutine):
        def __init__(self):
            self.asked = 0
            self.steps = iter([None])

        @property
        def request_name(self):
            self.asked += 1
            return "GET /path"

        def send(self, value):
            return next(self.steps)

        def throw(self, *exc):
            raise exc[0]

        def __await__(self):
            return self

    async def main():
        request = Request()
        task = spawn(request)
        assert request.asked == 0
        assert task.get_name() == "GET /path"
        assert "name='GET /path'" in repr(task)
        task.set_name("own")
        assert task.get_name() == "own"
        assert "own" in repr(task)
        await task

    loops.run(main(), name)


@both
def test_a_task_factory_of_the_app_is_used(name):
    made = []

    def factory(loop, coroutine, **options):
        made.append(coroutine)
        return asyncio.Task(coroutine, loop=loop, **options)

    async def request():
        return "done"

    async def main():
        loop = asyncio.get_running_loop()
        loop.set_task_factory(factory)
        coroutine = request()
        assert await spawn(coroutine) == "done"
        assert made == [coroutine]

    loops.run(main(), name)


@both
def test_tasks_spawned_by_a_reader_inherit_its_context_and_leak_nothing(name):
    """A worker hands the context of lifespan to its requests in this way."""
    context = contextvars.copy_context()
    context.run(variable.set, "from lifespan")
    seen = []

    async def request(done):
        seen.append(variable.get())
        variable.set("from a request")
        await asyncio.sleep(0)
        seen.append(variable.get())
        done.set()

    async def main():
        loop = asyncio.get_running_loop()
        reader, writer = os.pipe()
        tasks = []
        done = asyncio.Event()

        def readable():
            os.read(reader, 1)
            tasks.append(spawn(request(done)))

        context.run(loop.add_reader, reader, readable)
        for _ in range(2):
            done.clear()
            os.write(writer, b"x")
            await asyncio.wait_for(done.wait(), 20)
        loop.remove_reader(reader)
        os.close(reader)
        os.close(writer)

    loops.run(main(), name)
    assert seen == ["from lifespan", "from a request"] * 2


def test_nested_turns_that_take_the_ready_handles_do_not_end_the_loop():
    """What nest_asyncio does when it is first applied in a task."""
    ran = []

    def nest():
        loop = asyncio.get_running_loop()
        type(loop)._nest_patched = True
        while loop._ready:
            handle = loop._ready.popleft()
            if not handle._cancelled:
                handle._context.run(handle._callback, *handle._args)

    async def main():
        loop = asyncio.get_running_loop()
        loop.call_soon(nest)
        for name in "ab":
            loop.call_soon(ran.append, name)
        await asyncio.sleep(0.01)
        ran.append("c")
        return "done"

    try:
        assert loops.run(main(), "asyncio") == "done"
        assert ran == ["a", "b", "c"]
    finally:
        del loops.Loop._nest_patched


def test_a_stop_in_a_nested_turn_is_kept():
    loop = loops.Loop()
    loops.Loop._nest_patched = True
    try:

        def nest():
            loop._ready.clear()
            loop.stop()

        loop.call_soon(nest)
        loop.call_soon(nest)
        loop.run_forever()
    finally:
        del loops.Loop._nest_patched
        loop.close()


def test_another_index_error_ends_the_loop():
    loop = loops.Loop()
    loop.call_soon(loop._ready.clear)
    loop.call_soon(print)
    with pytest.raises(IndexError):
        loop.run_forever()
    loop.close()
