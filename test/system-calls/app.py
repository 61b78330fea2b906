"""
The application of the loads in serve.js.

    /                        a small response
    /file                    the same from a file
    /download                1 MiB in chunks of 64 KiB
    /events?interval=N       an event every N milliseconds
    /together                events that all of these streams get at the same time, with GET /tell
    WebSocket                echoes messages
"""

import asyncio
import tempfile
from urllib.parse import parse_qs

HEADERS = [(b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-cache")]
GREETING = b"Hello, world!"
CHUNK = b"x" * 65536
EVENT = b"data: 0123456789\n\n"

told: list[asyncio.Future] = []
small_file = tempfile.NamedTemporaryFile()  # noqa: SIM115 - as long as the process
small_file.write(GREETING)
small_file.flush()


async def head(send):
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})


async def body(send, piece=b"", more=False):
    await send({"type": "http.response.body", "body": piece, "more_body": more})


async def small(scope, send):
    await head(send)
    await body(send, GREETING)


async def file(scope, send):
    headers = [*HEADERS, (b"accept-ranges", b"bytes")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.pathsend", "path": small_file.name})


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


PATHS = {
    "/file": file,
    "/download": download,
    "/events": events,
    "/together": together,
    "/tell": tell,
}


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
