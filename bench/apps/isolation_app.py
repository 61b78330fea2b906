"""For bench/isolation.js: a fast route and one that burns CPU. Both answer with the process id."""

import os
import time
from urllib.parse import parse_qs

HEADERS = [(b"content-type", b"text/plain; charset=utf-8")]


async def app(scope, receive, send):
    assert scope["type"] == "http"
    if scope["path"] == "/burn":
        burn(float(parse_qs(scope["query_string"])[b"ms"][0]) / 1000)
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": str(os.getpid()).encode()})


def burn(seconds):
    """Counts CPU time, so that losing the core does not reduce the work."""
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        sum(range(1000))
