"""The application of the hot loops in serve.js, which explains /mark."""

import os

HEADERS = [(b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-cache")]
LARGE = b"x" * 65536


async def http(scope, receive, send):
    if scope["path"] == "/mark":
        os.umask(0o022)
    more = True
    while more:
        more = (await receive()).get("more_body", False)
    body = LARGE if scope["path"] == "/large" else b"Hello, world!"
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": 200, "headers": [*HEADERS, length]})
    await send({"type": "http.response.body", "body": body})


async def websocket(receive, send):
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        await send({**message, "type": "websocket.send"})


async def app(scope, receive, send):
    if scope["type"] == "websocket":
        await websocket(receive, send)
    else:
        await http(scope, receive, send)
