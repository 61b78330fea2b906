"""
The application of the loads in serve.js.

    /                        a small response
    /download                1 MiB in chunks of 64 KiB
    /events?interval=N       an event every N milliseconds
    /together                events that all of these streams get at the same time, with GET /tell
    WebSocket                echoes messages
"""

import asyncio
from urllib.parse import parse_qs

HEADERS = [(b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-cache")]
CHUNK = b"x" * 65536
EVENT = b"data: 0123456789\n\n"

told: list[asyncio.Future] = []


async def head(send):
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})


async def body(send, piece=b"", more=False):
    await send({"type": "http.response.body", "body": piece, "more_body": more})


async def small(scope, send):
    await head(send)
    await body(send, b"Hello, world!")


async def download(scope, send):
    await head(send)
    for _ in range(16):
        await body(send, CHUNK, True)
    await body(send)


async def events(scope, send):
    interval = int(parse_qs(scope["query_string"].decode())["interval"][0]) / 1000
    await head(send)
    while True:
        await body(send, EVENT, True)
        await asyncio.sleep(interval)


async def together(scope, send):
    await head(send)
    while True:
        await body(send, EVENT, True)
        future = asyncio.get_running_loop().create_future()
        told.append(future)
        await future


async def tell(scope, send):
    for future in told:
        if not future.done():
            future.set_result(None)
    told.clear()
    await small(scope, send)


PATHS = {"/download": download, "/events": events, "/together": together, "/tell": tell}


async def echo(receive, send):
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        await send({**message, "type": "websocket.send"})


async def app(scope, receive, send):
    if scope["type"] == "websocket":
        await echo(receive, send)
    else:
        await PATHS.get(scope["path"], small)(scope, send)
