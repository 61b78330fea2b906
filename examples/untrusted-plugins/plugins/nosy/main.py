"""A plugin that tries what it should not, and answers with what came of it."""

import json
import os
import pathlib
import signal
import socket
import tempfile

NEIGHBOUR = pathlib.Path(__file__).parents[1] / "greeting" / "main.py"


def read_neighbour():
    NEIGHBOUR.read_text()


def change_itself():
    pathlib.Path(__file__).write_text("# changed")


def fill_tmp():
    pathlib.Path("/tmp/nosy").write_text("mine")


def capture_packets():
    socket.socket(socket.AF_PACKET, socket.SOCK_RAW)


def stop_its_parent():
    os.kill(os.getppid(), signal.SIGSTOP)


def read_secret():
    return os.environ["PLUGIN_SECRET"]


def use_its_own_tmp():
    with tempfile.TemporaryFile() as file:
        file.write(b"mine")


def attempt(what):
    try:
        what()
        return "done"
    except Exception as exc:
        return type(exc).__name__


ATTEMPTS = (
    read_neighbour,
    change_itself,
    fill_tmp,
    capture_packets,
    stop_its_parent,
    read_secret,
    use_its_own_tmp,
)


async def app(scope, receive, send):
    assert scope["type"] == "http"
    result = {what.__name__: attempt(what) for what in ATTEMPTS}
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(result, indent=2).encode()})
