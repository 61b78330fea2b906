"""
The event streams of bench/tokens.js. A stream sends `count` events, `interval` milliseconds apart,
or as fast as it can with an interval of 0. An event is the time at which it was due, in nanoseconds
of the monotonic clock, which the client compares with the time of its arrival.

    /asgi, /fastapi, /sse?count=1200&interval=50        /ws?…: the same as messages
"""

import asyncio
import os
import time
from urllib.parse import parse_qs

from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from sse_starlette.sse import EventSourceResponse

HEADERS = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-cache")]

fastapi = FastAPI()


async def due_times(count, interval):
    """Yields the time at which each event is due, when it is due."""
    step = interval * 1_000_000
    due = time.monotonic_ns()
    for _ in range(count):
        due = due + step if step else time.monotonic_ns()
        wait = due - time.monotonic_ns()
        await asyncio.sleep(wait / 1e9 if wait > 0 else 0)
        yield due


@fastapi.get("/fastapi")
async def streaming_response(count: int, interval: int):
    async def events():
        async for due in due_times(count, interval):
            yield f"data: {due}\n\n"

    return StreamingResponse(events(), media_type="text/event-stream")


@fastapi.get("/sse")
async def event_source_response(count: int, interval: int):
    async def events():
        async for due in due_times(count, interval):
            yield {"data": str(due)}

    return EventSourceResponse(events(), sep="\n")


def parameters(scope):
    query = parse_qs(scope["query_string"].decode())
    return int(query["count"][0]), int(query["interval"][0])


async def left(receive):
    while (await receive())["type"] != "http.disconnect":
        pass


async def asgi(scope, receive, send):
    # send() of some servers does nothing when the client has left.
    gone = asyncio.create_task(left(receive))
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    async for due in due_times(*parameters(scope)):
        if gone.done():
            return
        body = b"data: %d\n\n" % due
        await send({"type": "http.response.body", "body": body, "more_body": True})
    gone.cancel()
    await send({"type": "http.response.body", "body": b""})


async def websocket(scope, receive, send):
    await receive()
    await send({"type": "websocket.accept"})
    async for due in due_times(*parameters(scope)):
        await send({"type": "websocket.send", "text": f"data: {due}\n\n"})
    await send({"type": "websocket.close"})


async def pid(scope, receive, send):
    body = str(os.getpid()).encode()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


PATHS = {"/asgi": asgi, "/ws": websocket, "/pid": pid}


async def app(scope, receive, send):
    await PATHS.get(scope.get("path"), fastapi)(scope, receive, send)
