"""The life of a worker of a real fork server: startup, requests, and how it ends."""

import json

import pytest
from host import LIMIT, eventually

both = pytest.mark.parametrize("loop", ["asyncio", "uvloop"])


def serve(host, target, env=None, **settings):
    """Starts an app. Returns the server, the worker, and its report that it is ready."""
    server = host(env=env)
    server.start(target, **settings)
    worker = server.fork()
    server.receive()
    return server, worker, worker.ready()[1]


def refused(host, target, env=None, **settings):
    """Starts an app that cannot start. Checks the exit code, and returns the report."""
    server = host(env=env)
    server.start(target, **settings)
    worker = server.fork()
    pid = server.receive()[2]
    worker.receive("attached")
    report = worker.receive("startup_failed")
    assert server.receive() == ["exited", 1, pid, 1, 0]
    return report


@both
def test_ready_says_what_runs(host, loop):
    info = serve(host, "lifespan_app:app", loop=loop)[2]["info"]
    assert (info["loop"], info["lifespan"]) == (loop, True)


def test_the_app_sees_an_ordinary_program(host):
    server, _, ready = serve(host, "main:app")
    assert ready["argv"] == ["main:app"]
    assert ready["path0"].endswith("fixtures/apps")
    server.control.close()


@both
def test_requests_see_what_lifespan_set_and_nothing_of_each_other(host, loop):
    _, worker, _ = serve(host, "lifespan_app:app", loop=loop)
    for number in (1, 2, 3):
        assert json.loads(worker.request()) == {
            "state": {"started": "yes"},
            "tenant": "from lifespan",
            "requests": number,
        }


@both
def test_requests_that_overlap_keep_their_context(host, loop):
    _, worker, _ = serve(host, "context_app:app", loop=loop)
    for name in ("a", "b"):
        worker.send(request=f"/{name}?id={name}&ms=50")
    answers = {}
    for _ in range(2):
        report = worker.receive("response")
        answers[report["path"]] = json.loads(report["body"])
    expected = {"before": "nothing", "is_task": True, "same_task": True, "running_loop": True}
    assert answers == {f"/{name}": {**expected, "after": name} for name in ("a", "b")}


@pytest.mark.parametrize("mode", ["auto", "off"])
def test_without_lifespan_there_is_no_state(host, mode):
    _, worker, ready = serve(host, "no_lifespan_app:app", lifespan=mode)
    assert ready["info"]["lifespan"] is False
    assert worker.request() == "served with no state"


@pytest.mark.parametrize(
    ("target", "kind", "message"),
    [
        ("nothing_here:app", "ModuleNotFoundError", "'nothing_here'"),
        ("import_error_app:app", "ModuleNotFoundError", "a_module_that_is_not_installed"),
        ("raise_at_import_app:app", "RuntimeError", "DATABASE_URL is not set"),
        ("exit_at_import_app:app", "SystemExit", "sys.exit('configuration is missing')"),
        ("syntax_error_app:app", "SyntaxError", "expected ':'"),
        ("main:application", "AttributeError", "'application'"),
        ("not_callable_app:app", "TypeError", "not callable"),
    ],
)
def test_an_app_that_cannot_be_imported(host, target, kind, message):
    report = refused(host, target)
    assert (report["what"], report["type"]) == ("import", kind)
    assert message in report["message"]


def test_a_factory_that_raises(host):
    report = refused(host, "factory_app:raising", factory=True)
    assert (report["what"], report["type"]) == ("import", "ValueError")
    assert "in raising" in report["traceback"]


def test_a_factory_is_called_in_the_worker_even_with_preload(host):
    server, worker, ready = serve(host, "factory_app:create_app", factory=True, preload=True)
    pid = ready["info"]["pid"]
    assert worker.request() == f"built in {pid}, served in {pid}"
    assert pid != server.pid


def test_startup_failed(host):
    report = refused(host, "lifespan_fail_app:app")
    assert report["what"] == "lifespan"
    assert report["message"] == "the database at db.example:5432 does not answer"


def test_a_lifespan_that_raises_is_fatal_only_with_on(host):
    report = refused(host, "lifespan_raise_app:app", lifespan="on")
    assert (report["what"], report["type"]) == ("lifespan", "RuntimeError")
    _, worker, _ = serve(host, "lifespan_raise_app:app", lifespan="auto")
    assert worker.request() == "served"


def test_a_startup_that_hangs(host):
    report = refused(host, "lifespan_hang_app:app", timeouts={"startup": 0.05})
    assert report["what"] == "timeout"
    assert "0.05 s" in report["message"]
    assert "in wait_for_a_database_that_never_comes" in report["traceback"]


def test_a_shutdown_that_hangs_does_not_keep_the_worker(host):
    server, worker, ready = serve(
        host,
        "lifespan_hang_app:app",
        env={"LIFESPAN_HANG": "shutdown"},
        timeouts={"shutdown": 0.05},
    )
    worker.send(stop=LIMIT * 1000)
    worker.receive("stopped")
    assert server.receive() == ["exited", 1, ready["info"]["pid"], 0, 0]
    assert "0.05 s" in worker.stderr()


def test_node_gone_during_a_startup_that_hangs(host):
    server = host()
    server.start("lifespan_hang_app:app", timeouts={"startup": LIMIT * 10})
    worker = server.fork()
    pid = server.receive()[2]
    worker.receive("attached")
    server.cut_lifeline()
    assert server.receive() == ["exited", 1, pid, 1, 0]
    assert worker.stderr() == ""


@both
def test_stop_lets_requests_finish_before_lifespan_shuts_down(host, tmp_path, loop):
    marker = tmp_path / "marker"
    _, worker, _ = serve(host, "slow_app:app", loop=loop)
    worker.send(request="/?ms=200")
    worker.send(stop=LIMIT * 1000)
    assert worker.receive("response")["body"] == "waited 200 ms"
    worker.receive("stopped")

    _, worker, ready = serve(
        host, "lifespan_app:app", env={"LIFESPAN_MARKER": str(marker)}, loop=loop
    )
    worker.send(stop=LIMIT * 1000)
    worker.receive("stopped")
    pid = ready["info"]["pid"]
    expected = [f"{event} {pid}" for event in ("startup", "shutdown", "returned")]
    assert marker.read_text().splitlines() == expected


def test_requests_that_take_longer_than_the_patience_are_cancelled(host):
    server, worker, ready = serve(host, "slow_app:app")
    worker.send(request=f"/?ms={LIMIT * 10_000}")
    worker.send(stop=50)
    assert worker.receive("error")["error"][0] == "asyncio.exceptions.CancelledError"
    worker.receive("stopped")
    assert server.receive() == ["exited", 1, ready["info"]["pid"], 0, 0]


def test_a_second_stop_shortens_the_patience(host):
    server, worker, ready = serve(host, "slow_app:app")
    worker.send(request=f"/?ms={LIMIT * 10_000}")
    worker.send(stop=LIMIT * 10_000)
    worker.send(stop=50)
    assert worker.receive("error")["error"][0] == "asyncio.exceptions.CancelledError"
    worker.receive("stopped")
    assert server.receive() == ["exited", 1, ready["info"]["pid"], 0, 0]


def test_node_gone_while_draining_does_not_wait_for_the_requests(host):
    server, worker, ready = serve(host, "slow_app:app")
    worker.send(request=f"/?ms={LIMIT * 10_000}")
    worker.send(stop=LIMIT * 10_000)
    server.cut_lifeline()
    assert worker.receive("error")["error"][0] == "asyncio.exceptions.CancelledError"
    assert server.receive() == ["exited", 1, ready["info"]["pid"], 0, 0]


def test_a_channel_that_fails_ends_the_worker_with_an_error(host):
    server, worker, ready = serve(host, "main:app")
    worker.hang_up()
    assert server.receive() == ["exited", 1, ready["info"]["pid"], 1, 0]
    assert "OSError: the test closed the channel" in worker.stderr()


def test_an_app_that_cancels_every_task_is_reported(host, tmp_path):
    (tmp_path / "main.py").write_text(
        "import asyncio\n"
        "async def app(scope, receive, send):\n"
        "    assert scope['type'] == 'http'\n"
        "    for task in asyncio.all_tasks():\n"
        "        task.cancel()\n"
    )
    server = host(tmp_path)
    server.start()
    worker = server.fork()
    pid = server.receive()[2]
    worker.ready()
    worker.send(request="/")
    eventually(lambda: server.receive() == ["exited", 1, pid, 1, 0])
    assert "CancelledError" in worker.stderr()


def test_an_app_that_is_killed_by_a_signal_leaves_its_stacks(host):
    server, worker, ready = serve(host, "exit_app:app")
    worker.send(request="/segv")
    assert server.receive() == ["exited", 1, ready["info"]["pid"], -1, 11]
    written = worker.stderr()
    assert "Segmentation fault" in written
    assert "exit_app.py" in written
