"""
The work of bench/concurrency.js: one application with a path for each kind of work. Other paths go
to FastAPI, so that every server runs exactly the same application.

    work_app.py

prints how many steps of burn() take 5 ms of CPU on this machine. BENCH_CPU_STEPS passes that number
to the servers, so that all of them do the same work, however busy the machine is when they start.
"""

import asyncio
import os
import time

from fastapi_app import app as fastapi

TEXT = (b"content-type", b"text/plain; charset=utf-8")
BYTES = (b"content-type", b"application/octet-stream")
HELLO = b"Hello, world!"
CHUNK = b"x" * 1024
CHUNKS = 64


def burn(steps):
    """Uses CPU without creating objects that have to be freed later."""
    x = 1
    for _ in range(steps):
        x = (x * 1103515245 + 12345) & 0x7FFFFFFF
    return x


def calibrate(seconds=0.005):
    """
    Measures the CPU time of this thread, which other processes do not increase. The shortest run is
    the least disturbed.
    """
    steps = 10_000

    def measure():
        started = time.thread_time()
        burn(steps)
        return time.thread_time() - started

    return round(steps * seconds / min(measure() for _ in range(50)))


CPU_STEPS = int(os.environ.get("BENCH_CPU_STEPS") or calibrate())


async def answer(send, body, content_type=TEXT):
    headers = [content_type, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def hello(scope, receive, send):
    await answer(send, HELLO)


async def pid(scope, receive, send):
    await answer(send, str(os.getpid()).encode())


async def wait(scope, receive, send):
    await asyncio.sleep(0.005)
    await answer(send, HELLO)


async def cpu(scope, receive, send):
    burn(CPU_STEPS)
    await answer(send, HELLO)


async def echo(scope, receive, send):
    """Sends every piece of the body back as it arrives."""
    lengths = [pair for pair in scope["headers"] if pair[0] == b"content-length"]
    await send({"type": "http.response.start", "status": 200, "headers": [BYTES, *lengths]})
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        more = message.get("more_body", False)
        body = message.get("body", b"")
        await send({"type": "http.response.body", "body": body, "more_body": more})


async def stream(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [BYTES]})
    for _ in range(CHUNKS):
        await send({"type": "http.response.body", "body": CHUNK, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def websocket(scope, receive, send):
    """Sends every message back."""
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        text = message.get("text")
        if text is not None:
            await send({"type": "websocket.send", "text": text})
        else:
            await send({"type": "websocket.send", "bytes": message["bytes"]})


PATHS = {
    "/": hello,
    "/pid": pid,
    "/await": wait,
    "/cpu": cpu,
    "/echo": echo,
    "/stream": stream,
    "/ws": websocket,
}


async def app(scope, receive, send):
    await PATHS.get(scope.get("path"), fastapi)(scope, receive, send)


if __name__ == "__main__":
    print(calibrate())
