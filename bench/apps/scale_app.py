"""For bench/scale.js: hello, requests that wait for /release, and WebSockets that echo."""

import asyncio

BODY = b"Hello, world!"
HEADERS = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"13")]

released = asyncio.Event()


async def app(scope, receive, send):
    if scope["type"] == "websocket":
        await echo(receive, send)
        return
    assert scope["type"] == "http"
    path = scope["path"]
    if path == "/wait":
        await released.wait()
    elif path == "/release":
        released.set()
        released.clear()
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": BODY})


async def echo(receive, send):
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": message["text"]})
