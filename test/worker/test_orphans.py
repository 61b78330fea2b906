"""How the fork server and its workers end when Node, or the fork server, is gone."""

import os
import signal

import pytest
from forked_app import started, write_app
from host import LIMIT, eventually


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


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
