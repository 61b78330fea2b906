"""What asks for input in a worker, and debugpy, with real processes."""

import socket

import pytest
from host import eventually

ASKS = """
import pdb

async def app(scope, receive, send):
    try:
        if scope["path"] == "/breakpoint":
            breakpoint()
        elif scope["path"] == "/set_trace":
            pdb.set_trace()
            pass
        else:
            input("number? ")
        answer = "went on"
    except BaseException as exc:
        answer = f"{type(exc).__name__}: {exc}"
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": answer.encode()})
"""

# Stands for debugpy in processes of the worker.
FAKE = """
import socket
def listen(address):
    global server
    server = socket.create_server(address)
"""


@pytest.fixture
def asking(host, tmp_path):
    """Starts a worker that asks for input. Returns it and its server."""
    (tmp_path / "main.py").write_text(ASKS)

    def start(**settings):
        env = settings.pop("env", None)
        server = host(tmp_path, env=env)
        server.start("main:app", **settings)
        worker = server.fork()
        server.receive()
        worker.ready()
        return server, worker

    return start


def stop(server, worker):
    worker.send(stop=1000)
    worker.receive("stopped")
    server.receive()


def test_breakpoint_failed_with_BdbQuit_and_did_not_say_what_to_do(asking):
    _, worker = asking()
    answer = worker.request("/breakpoint")
    assert answer.startswith("RuntimeError")
    for fact in ("breakpoint()", "--debug", "PYTHONBREAKPOINT=0"):
        assert fact in answer


def test_breakpoint_says_that_the_terminal_is_missing(asking):
    _, worker = asking(debugger={"terminal": False, "listen": None})
    answer = worker.request("/breakpoint")
    assert "not a terminal" in answer
    assert "--debug" not in answer


def test_PYTHONBREAKPOINT_is_respected(asking):
    _, worker = asking(env={"PYTHONBREAKPOINT": "0"})
    assert worker.request("/breakpoint") == "went on"


@pytest.mark.parametrize("path", ["/set_trace", "/input"])
def test_others_that_ask_for_input_get_none_and_the_log_says_why_once(asking, path):
    server, worker = asking()
    for _ in range(2):
        assert worker.request(path).startswith(("BdbQuit", "EOFError", "SystemExit"))
    stop(server, worker)
    assert worker.stderr().count("--debug") == 1


def test_debugpy_that_is_missing_is_named_together_with_the_option(host, tmp_path):
    (tmp_path / "debugpy.py").write_text("raise ModuleNotFoundError('none', name='debugpy')")
    (tmp_path / "main.py").write_text(ASKS)
    server = host(tmp_path)
    server.start("main:app", debugger={"terminal": False, "listen": ["127.0.0.1", 1]})
    worker = server.fork()
    server.receive()
    worker.receive("attached")
    report = worker.receive("startup_failed")
    assert (report["what"], report["type"]) == ("internal", "ModuleNotFoundError")
    assert "{option:debug}" in report["message"]
    assert "'debugpy'" in report["message"]
    server.receive()


def test_debugpy_listens_in_the_worker_once_the_port_is_free(asking, tmp_path):
    (tmp_path / "debugpy.py").write_text(FAKE)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = taken.getsockname()
        server, worker = asking(debugger={"terminal": False, "listen": address})
        assert worker.request("/input").startswith("EOFError")
    eventually(lambda: is_open(address))
    stop(server, worker)
    assert f"debugpy waits for an editor on {address[0]}:{address[1]}" in worker.stderr()
    assert not is_open(address)


def is_open(address):
    with socket.socket() as client:
        return client.connect_ex(tuple(address)) == 0
