"""
The hello of fixtures/apps/main.py for bench/path.js. A request for /mark calls umask(), which
nothing else does: callgrind starts a new profile there.
"""

import os

BODY = b"Hello, world!"
HEADERS = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"13")]


async def app(scope, receive, send):
    assert scope["type"] == "http"
    if scope["path"] == "/mark":
        os.umask(0o022)
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": BODY})
