"""An application that tells who imported it, and what tests do with workers that run it."""

import json

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
