"""What workers share with a fork server that preloaded their application, and when they cannot."""

import ctypes
import os

import pytest
from forked_app import facts, started, stop, write_app


def test_without_preload_each_worker_imports_the_app(host, tmp_path):
    server = host(write_app(tmp_path))
    server.start()
    worker = server.fork()
    pid = started(server, worker)
    assert facts(worker)["imported_in"] == pid


def test_preload_imports_the_app_once_in_the_server(host, tmp_path):
    server = host(write_app(tmp_path))
    server.start(preload=True)
    workers = [server.fork(1), server.fork(2)]
    for worker in workers:
        worker.ready()
    seen = [facts(worker) for worker in workers]
    assert [each["imported_in"] for each in seen] == [server.pid] * 2
    assert [each["parent"] for each in seen] == [server.pid] * 2
    assert seen[0]["pid"] != seen[1]["pid"]
    assert seen[0]["random"] != seen[1]["random"], "forks repeat each other's random numbers"


def test_preload_of_a_list_of_modules(host, tmp_path):
    write_app(tmp_path, name="heavy")
    (tmp_path / "main.py").write_text("from heavy import app")
    server = host(tmp_path)
    server.start(preload=["json", "heavy"])
    worker = server.fork()
    worker.ready()
    assert facts(worker)["imported_in"] == server.pid


def test_a_preload_that_fails_has_a_traceback(host):
    server = host()
    server.init("raise_at_import_app:app", preload=True)
    assert "in read_configuration" in server.receive()[3]


def test_workers_do_not_share_an_app_that_left_threads_at_preload(host, tmp_path):
    start_a_thread = (
        "threading.Thread(target=threading.Event().wait, name='exporter', daemon=True).start()"
    )
    server = host(write_app(tmp_path, start_a_thread), env={"MARK": "inherited"})
    assert server.start(preload=True, rootPath="/prefix")["threads"] == ["exporter"]
    worker = server.fork()
    kind, _, pid = server.receive()
    attached, ready = worker.ready()

    assert kind == "forked"
    assert len(attached["fds"]) == 7
    assert ready["argv"] == ["main:app"]
    assert ready["path0"] == str(tmp_path)
    seen = facts(worker)
    assert seen["parent"] == server.pid
    assert seen["imported_in"] == seen["pid"] == pid
    assert seen["threads"] == 2, "the thread of the app runs in the worker as well"
    assert stop(server, worker) == ["exited", 1, pid, 0, 0]
    assert worker.stdout() == f"atexit in {pid}\n"
    assert worker.stderr() == ""


def test_a_server_does_not_keep_a_preloaded_app_that_no_worker_shares(host, tmp_path):
    heavy = (
        "threading.Thread(target=threading.Event().wait, daemon=True).start()\n"
        "os.chdir('/')\n"
        "memory = b'x' * 100_000_000\n"
        "import signal\nsignal.signal(signal.SIGCHLD, signal.SIG_IGN)\n"
    )
    server = host(write_app(tmp_path, heavy))
    assert len(server.start(preload=True)["threads"]) == 1
    for worker_id in (1, 2):
        worker = server.fork(worker_id)
        kind, _, pid = server.receive()
        _, ready = worker.ready()
        assert (kind, ready["path0"]) == ("forked", str(tmp_path))
        assert stop(server, worker) == ["exited", worker_id, pid, 0, 0]
    with open(f"/proc/{server.pid}/statm") as statm:
        resident = int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    assert resident < 60_000_000
    server.control.close()
    server.cut_lifeline()
    assert server.wait() == 0


def test_threads_that_a_library_ends_at_a_fork_do_not_prevent_it(host, tmp_path):
    """numpy brings OpenBLAS, whose threads wait for work from its import on."""
    computing = (
        "import numpy\nones = numpy.ones((400, 400))\nassert (ones @ ones)[0, 0] == 400\n"
        "class Work:\n  def __repr__(self): return str(int((ones @ ones).sum()))\n"
        "random.random = Work\n"
    )
    server = host(write_app(tmp_path, computing), env={"OPENBLAS_NUM_THREADS": "4"})
    assert server.start(preload=True)["threads"] == []
    for worker_id in (1, 2):
        worker = server.fork(worker_id)
        pid = started(server, worker)
        seen = facts(worker)
        assert seen["imported_in"] == server.pid != pid
        assert seen["random"] == 400**3, "OpenBLAS computes in the worker"


# Runs a parallel region in C, so that no thread of OpenMP needs the GIL.
OPENMP = """
import ctypes
openmp = ctypes.CDLL("libgomp.so.1")
def region():
    openmp.GOMP_parallel(ctypes.CDLL(None).getppid, None, 3, 0)
    return openmp.omp_get_max_threads()
class Work:
  def __repr__(self):
    region()
    return str(len(os.listdir("/proc/self/task")))
random.random = Work
region()
assert len(os.listdir("/proc/self/task")) > 1
"""


def has_openmp():
    try:
        ctypes.CDLL("libgomp.so.1")
    except OSError:
        return False
    return True


@pytest.mark.skipif(not has_openmp(), reason="there is no libgomp.so.1")
def test_a_module_that_had_computed_in_parallel_was_not_shared(host, tmp_path):
    """A worker that is forked while OpenMP has threads hangs in its first parallel region."""
    server = host(write_app(tmp_path, OPENMP))
    assert server.start(preload=True)["threads"] == []
    for worker_id in (1, 2):
        worker = server.fork(worker_id)
        pid = started(server, worker)
        seen = facts(worker)
        assert seen["imported_in"] == server.pid != pid
        assert seen["random"] == 3, "OpenMP starts its threads again in the worker"


def test_threads_that_survive_a_fork_safely_do_not_prevent_it(host, tmp_path):
    """Like pyarrow, whose allocator runs a thread from its import on."""
    named = (
        "import ctypes, time\n"
        "libc = ctypes.CDLL(None)\n"
        "handle = ctypes.c_ulong()\n"
        "libc.pthread_create(ctypes.byref(handle), None, libc.pause, None)\n"
        "libc.pthread_setname_np(handle, b'jemalloc_bg_thd')\n"
    )
    server = host(write_app(tmp_path, named))
    assert server.start(preload=True)["threads"] == []
    worker = server.fork()
    pid = started(server, worker)
    seen = facts(worker)
    assert seen["imported_in"] == server.pid != pid
    server.control.close()
    server.cut_lifeline()
    assert server.wait() == 0
    assert "Warning" not in server.output(), "Python 3.12 warns of threads at a fork"


def test_threads_without_preload_make_workers_start_as_fresh_interpreters(host, tmp_path):
    start_a_thread = (
        "import threading\n"
        "threading.Thread(target=threading.Event().wait, name='agent', daemon=True).start()"
    )
    server = host(write_app(tmp_path), patch=start_a_thread, env={"MARK": "inherited"})
    assert server.start(preload=True, rootPath="/prefix")["threads"] == ["agent"]
    worker = server.fork()
    kind, _, pid = server.receive()
    attached, ready = worker.ready()
    assert kind == "forked"
    assert len(attached["fds"]) == 7
    assert (ready["argv"], ready["path0"]) == (["main:app"], str(tmp_path))
    seen = facts(worker)
    assert seen["parent"] == server.pid
    assert seen["imported_in"] == seen["pid"] == pid
    assert stop(server, worker) == ["exited", 1, pid, 0, 0]
    assert worker.stderr() == ""


def test_a_thread_that_preload_joined_does_not_count(host, tmp_path):
    joined = "t = threading.Thread(target=print)\nt.start()\nt.join()"
    server = host(write_app(tmp_path, joined))
    assert server.start(preload=True)["threads"] == []


def test_native_threads_count_too(host, tmp_path):
    """Native libraries start threads that Python does not know."""
    native = (
        "import ctypes\n"
        "libc = ctypes.CDLL(None)\n"
        "handle = ctypes.c_ulong()\n"
        "libc.pthread_create(ctypes.byref(handle), None, libc.pause, None)\n"
    )
    server = host(write_app(tmp_path, native))
    [name] = server.start(preload=True)["threads"]
    assert name.endswith("(native)")
