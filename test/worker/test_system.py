"""What each system does in its own way has one face, so that no other file asks where it runs."""

import errno
import inspect
import os
import re
import signal
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest
from node_asgi_worker import system
from node_asgi_worker.system import linux, macos

PACKAGE = Path(system.__file__).parents[1]


def test_both_systems_have_every_name_with_the_same_parameters_and_results():
    for name in system.__all__:
        here, there = getattr(linux, name), getattr(macos, name)
        assert type(here) is type(there), name
        if callable(here):
            assert inspect.signature(here) == inspect.signature(there), name


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: path.name)
def test_only_the_package_system_asks_where_it_runs(path):
    text = path.read_text()
    if path.parent.name != "system":
        for mark in ("sys.platform", "os.uname", "/proc/self", "darwin"):
            assert mark not in text


def test_every_function_of_the_native_module_exists_on_the_system_that_calls_it():
    sources = PACKAGE.parents[1] / "src/process"
    for module in (linux, macos):
        name = module.__name__.rpartition(".")[2]
        table = (sources / f"system_calls_{name}.cc").read_text()
        called = set(re.findall(r"\b_worker\.(\w+)\(", inspect.getsource(module)))
        assert called
        for function in called:
            assert f'{{"{function}", ' in table, function


def test_an_ended_child_is_reported_until_it_is_reaped():
    with pytest.raises(ChildProcessError):
        system.ended_child()
    pid = os.posix_spawn("/bin/sleep", ["sleep", "60"], {})
    assert system.ended_child() is None
    os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert system.ended_child() == (pid, True)
    os.waitpid(pid, 0)
    pid = os.posix_spawn("/bin/true", ["true"], {})
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert system.ended_child() == (pid, False)
    os.waitpid(pid, 0)


def test_threads_have_the_ids_that_python_knows():
    ready, end = threading.Event(), threading.Event()
    thread = threading.Thread(target=lambda: ready.set() or end.wait())
    thread.start()
    ready.wait()
    try:
        ids = {task for task, _ in system.threads()}
        assert {threading.get_native_id(), thread.native_id} <= ids
    finally:
        end.set()
        thread.join()


def test_macos_asks_the_native_module(monkeypatch):
    calls = []

    def record(name, result=None):
        return lambda *arguments: calls.append((name, *arguments)) or result

    monkeypatch.setattr(
        macos,
        "_worker",
        SimpleNamespace(
            watch_parent=record("watch_parent"),
            set_deadly=record("set_deadly"),
            ended_child=record("ended_child", (7, True)),
            native_threads=record("native_threads", [(9, "b"), (2, "")]),
            loaded_files=record("loaded_files", ["/lib/a", "/lib/a"]),
        ),
    )
    assert macos.die_with_parent(os.getppid())
    assert not macos.die_with_parent(-1)
    with macos.deadly(signal.SIGIO):
        assert calls[-1] == ("set_deadly", signal.SIGIO, True)
    assert calls[-1] == ("set_deadly", signal.SIGIO, False)
    assert macos.ended_child() == (7, True)
    assert macos.threads() == [(2, ""), (9, "b")]
    assert macos.loaded_files() == {"/lib/a"}


def test_descriptors_are_listed_where_macos_lists_them():
    if not os.path.isdir(macos.DESCRIPTORS):
        pytest.skip("/dev/fd is not there")
    read, write = os.pipe()
    try:
        assert {str(read), str(write)} <= set(os.listdir(macos.DESCRIPTORS))
    finally:
        os.close(read)
        os.close(write)


def test_no_process_started_under_an_emulator_without_subreapers(monkeypatch):
    def refuse():
        raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr(linux._worker, "set_child_subreaper", refuse)
    linux.adopt_orphans()
