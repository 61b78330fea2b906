"""The fork server as Node sees it: real processes, with only the native module replaced."""

import ctypes
import json
import os
import signal
from pathlib import Path

import fake_worker
import pytest
from host import LIMIT, eventually

# What the server runs first, to imitate unusual machines.
NO_FORK = "def fork(): raise OSError(11, 'no more processes')\nos.fork = fork"

MODULE = """
import atexit, os, random, sys, threading
imported_in = os.getpid()
atexit.register(lambda: print("atexit in", os.getpid(), flush=True))

async def app(scope, receive, send):
    assert scope["type"] == "http"
    if scope["path"] == "/exit":
        os._exit(7)
    seen = [imported_in, os.getpid(), os.getppid(), random.random(), threading.active_count()]
    body = repr(seen).encode()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})
"""


def write_app(tmp_path, extra="", name="main"):
    (tmp_path / f"{name}.py").write_text(MODULE + extra)
    return tmp_path


def facts(worker):
    names = ("imported_in", "pid", "parent", "random", "threads")
    return dict(zip(names, json.loads(worker.request()), strict=True))


def stop(host, worker):
    worker.send(stop=1000)
    worker.receive("stopped")
    return host.receive()


def started(host, worker):
    """The pid of a worker that is serving."""
    kind, worker_id, pid = host.receive()
    assert (kind, worker_id) == ("forked", worker.id)
    worker.ready()
    return pid


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_the_server_reports_its_pid_python_and_threads(host):
    server = host()
    info = server.start()
    assert info["pid"] == server.pid
    assert info["threads"] == []
    assert os.path.exists(info["executable"])
    assert info["python"].startswith("3.")


def test_a_worker_lives_and_exits_as_a_normal_interpreter(host, tmp_path):
    server = host(write_app(tmp_path))
    server.start()
    worker = server.fork()
    pid = started(server, worker)
    assert facts(worker)["pid"] == pid
    assert stop(server, worker) == ["exited", 1, pid, 0, 0]
    assert worker.stdout() == f"atexit in {pid}\n"
    assert worker.stderr() == ""


def test_the_end_of_the_control_socket_ends_an_idle_server(host):
    server = host()
    server.start()
    server.control.close()
    assert server.wait() == 0
    assert server.output() == ""


def test_an_exit_code_is_reported(host, tmp_path):
    server = host(write_app(tmp_path))
    server.start()
    worker = server.fork()
    pid = started(server, worker)
    worker.send(request="/exit")
    assert server.receive() == ["exited", 1, pid, 7, 0]


def test_kill_sends_the_signal_and_reports_it(host):
    server = host()
    server.start()
    worker = server.fork()
    pid = started(server, worker)
    server.send("kill", 1, signal.SIGKILL)
    assert server.receive() == ["exited", 1, pid, -1, signal.SIGKILL]


def test_kill_of_a_worker_that_is_gone_or_never_was_does_nothing(host):
    server = host()
    server.start()
    worker = server.fork()
    pid = started(server, worker)
    assert stop(server, worker)[0] == "exited"
    server.send("kill", 1, signal.SIGKILL)
    server.send("kill", 99, signal.SIGKILL)
    second = server.fork(2)
    assert started(server, second) != pid
    assert second.request() == "Hello, world!"


def test_workers_share_no_fds_of_the_server_or_of_each_other(host):
    server = host()
    server.start()
    reports = []
    for worker_id in range(1, 4):
        worker = server.fork(worker_id)
        server.receive()
        reports.append(worker.ready()[0])
    # 0 to 2, the lifeline, and the three of the channel.
    assert [len(report["fds"]) for report in reports] == [7, 7, 7]
    assert all({0, 1, 2} <= set(report["fds"]) for report in reports)


def test_the_server_closes_what_it_inherits(host, tmp_path):
    inherited = os.open("/dev/null", os.O_RDONLY)
    os.set_inheritable(inherited, True)
    try:
        server = host(write_app(tmp_path))
        server.start()
        open_there = {int(fd) for fd in os.listdir(f"/proc/{server.pid}/fd")}
        # And the pipe that wakes it when a child has ended.
        expected = {0, 1, 2, fake_worker.CONTROL_FD, fake_worker.LIFELINE_FD, 5, 6}
        assert open_there <= expected
        inherited_file = os.fstat(inherited)
        for fd in open_there - {0}:
            assert not os.path.samestat(os.stat(f"/proc/{server.pid}/fd/{fd}"), inherited_file)
    finally:
        os.close(inherited)


@pytest.mark.parametrize("threads", [False, True], ids=["forked", "cold"])
def test_descriptors_that_the_interpreter_opened_at_its_startup_stay_open(host, tmp_path, threads):
    """PYTHONPERFSUPPORT=1 opens a file before main.py runs, and sitecustomize may as well."""
    patch = "import os, sys\nsys.opened = open(os.devnull, 'w')\n"
    if threads:
        patch += "import threading\n"
        patch += "threading.Thread(target=threading.Event().wait, daemon=True).start()\n"
    look = "random.random = lambda: os.fstat(sys.opened.fileno()).st_rdev\n"
    server = host(write_app(tmp_path, look), patch=patch)
    server.start()
    worker = server.fork()
    started(server, worker)
    assert facts(worker)["random"] == os.stat(os.devnull).st_rdev


def test_output_goes_to_the_worker_that_wrote_it(host):
    server = host()
    server.start("print_app:app")
    workers = [server.fork(1), server.fork(2)]
    for worker in workers:
        worker.ready()
    workers[0].request("/stdout")
    workers[1].request("/stderr")
    workers[1].request("/logging")
    workers[1].request("/partial")
    for worker in workers:
        worker.send(stop=1000)
    assert workers[0].stdout() == "imported\none line in 4 pieces\ntwo\nlines\n"
    assert workers[0].stderr() == ""
    assert workers[1].stdout() == "imported\nno newline yet"
    assert workers[1].stderr() == "a line on stderr\n\x1eWa line from logging\n"


def test_a_print_of_several_pieces_is_one_write_a_line(host):
    server = host()
    server.start("print_app:app")
    worker = server.fork()
    worker.ready()
    assert worker.one_write() == "imported\n"
    worker.request("/stdout")
    assert worker.one_write() == "one line in 4 pieces\n"


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


@pytest.mark.parametrize(
    ("settings", "kind", "message"),
    [
        ({"target": "nothing_here:app", "preload": True}, "ModuleNotFoundError", "nothing_here"),
        ({"preload": ["raise_at_import_app"]}, "RuntimeError", "DATABASE_URL is not set"),
        ({"target": "exit_at_import_app:app", "preload": True}, "SystemExit", "sys.exit("),
        ({"lifespan": None}, "ValueError", "'lifespan'"),
    ],
)
def test_a_server_that_cannot_serve_says_why_and_exits(host, settings, kind, message):
    server = host()
    server.init(**settings)
    reported, type_name, text, _traceback = server.receive()
    assert (reported, type_name) == ("server_failed", kind)
    assert message in text
    assert server.wait() == 1


def test_a_preload_that_fails_has_a_traceback(host):
    server = host()
    server.init("raise_at_import_app:app", preload=True)
    assert "in read_configuration" in server.receive()[3]


def test_the_first_message_must_be_init(host):
    server = host()
    server.send("kill", 1, 9)
    reported, type_name, text, _traceback = server.receive()
    assert (reported, type_name) == ("server_failed", "ValueError")
    assert "'init'" in text
    assert "'kill'" in text


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


def test_a_worker_that_cannot_be_forked_is_reported(host):
    server = host(patch=NO_FORK)
    server.start()
    worker = server.fork()
    assert server.receive() == ["exited", 1, 0, os.EX_OSERR, 0]
    assert "[Errno 11] no more processes" in worker.stderr()
    server.control.close()
    assert server.wait() == 0


def test_an_app_that_ignores_sigchld_does_not_blind_the_server(host, tmp_path):
    ignoring = "import signal\nsignal.signal(signal.SIGCHLD, signal.SIG_IGN)"
    server = host(write_app(tmp_path, ignoring))
    server.start(preload=True)
    worker = server.fork()
    pid = started(server, worker)
    worker.send(request="/exit")
    assert server.receive() == ["exited", 1, pid, 7, 0]


def test_when_node_is_gone_workers_shut_down_and_the_server_ends(host, tmp_path):
    marker = tmp_path / "marker"
    server = host(env={"LIFESPAN_MARKER": str(marker)})
    server.start("lifespan_app:app", preload=True)
    worker = server.fork()
    pid = started(server, worker)
    server.control.close()
    server.cut_lifeline()
    assert server.wait() == 0
    assert not is_alive(pid)
    expected = [f"{event} {pid}" for event in ("startup", "shutdown", "returned")]
    assert marker.read_text().splitlines() == expected


HOLDER = """
def hold():
    held = 0
    for fd in os.listdir("/proc/self/fd"):
        path = f"/proc/self/fd/{fd}"
        if os.path.exists(path) and os.readlink(path).startswith("pipe:"):
            os.open(path, os.O_WRONLY | os.O_NONBLOCK)
            held += 1
    return held

async def holder(scope, receive, send):
    await send({"type": "http.response.body", "body": str(hold()).encode()})
"""


def test_a_worker_could_keep_its_siblings_from_noticing_that_node_is_gone(host, tmp_path):
    server = host(write_app(tmp_path, HOLDER))
    server.start("main:holder", lifespan="off")
    first, second = server.fork(1), server.fork(2)
    for worker in (first, second):
        started(server, worker)
    # Its lifeline, stdout, stderr, and the bells, which are pipes here.
    assert int(first.request()) >= 5
    server.cut_lifeline()
    second.receive("stopped")
    assert server.receive()[:2] == ["exited", 2]


DAEMONS = """
def daemons(count):
    for _ in range(count):
        if os.fork() == 0:
            if os.fork() == 0:
                os.setsid()
                os._exit(0)
            os._exit(0)
        os.wait()

async def forking(scope, receive, send):
    daemons(15)
    await send({"type": "http.response.body", "body": b"done"})
"""


def test_zombies_remained_of_what_workers_had_forked_twice(host, tmp_path):
    server = host(write_app(tmp_path, DAEMONS))
    server.start("main:forking", lifespan="off")
    worker = server.fork()
    pid = started(server, worker)
    assert worker.request() == "done"

    def children():
        text = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text()
        return [int(child) for child in text.split()]

    eventually(lambda: children() == [pid])


def test_a_worker_that_does_not_notice_is_killed_at_last(host):
    server = host()
    server.start("blocking_app:app")
    worker = server.fork()
    pid = started(server, worker)
    worker.send(request=f"/sleep?ms={LIMIT * 10_000}")
    server.control.close()
    server.cut_lifeline()
    assert server.wait() == 0
    assert not is_alive(pid)


@pytest.mark.parametrize("cold", [False, True])
def test_a_server_that_is_killed_takes_its_workers_along(host, cold):
    server = host()
    target = "preload_threads_app:app" if cold else "main:app"
    server.start(target, preload=cold)
    worker = server.fork()
    pid = started(server, worker)
    os.kill(server.pid, signal.SIGKILL)
    assert server.wait() == -signal.SIGKILL
    eventually(lambda: pid not in server.session())


def test_an_import_that_hangs_does_not_outlive_node(host, tmp_path):
    (tmp_path / "main.py").write_text(
        f"open('importing', 'w').close()\nimport time\ntime.sleep({LIMIT * 10})\n"
    )
    server = host(tmp_path)
    server.init(preload=True)
    eventually((tmp_path / "importing").exists)
    server.cut_lifeline()
    assert server.wait() == -signal.SIGIO


def test_many_workers_come_and_go(host, tmp_path):
    server = host(write_app(tmp_path))
    server.start(preload=True)
    fds = f"/proc/{server.pid}/fd"
    before = None
    for worker_id in range(20):
        worker = server.fork(worker_id)
        pid = started(server, worker)
        worker.send(request="/exit")
        assert server.receive() == ["exited", worker_id, pid, 7, 0]
        before = before or len(os.listdir(fds))
    assert len(os.listdir(fds)) == before
