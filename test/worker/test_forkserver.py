"""The fork server as Node sees it: real processes, with only the native module replaced."""

import os
import signal
from pathlib import Path

import fake_worker
import pytest
from forked_app import facts, started, stop, write_app
from host import eventually

# What the server runs first, to imitate unusual machines.
NO_FORK = "def fork(): raise OSError(11, 'no more processes')\nos.fork = fork"


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


def test_the_first_message_must_be_init(host):
    server = host()
    server.send("kill", 1, 9)
    reported, type_name, text, _traceback = server.receive()
    assert (reported, type_name) == ("server_failed", "ValueError")
    assert "'init'" in text
    assert "'kill'" in text


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
