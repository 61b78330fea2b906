"""
The floor under every Python server: an event loop that only runs the application, in a task a
request, with a receive and a send that do nothing.

    floor.py DOCROOT MODULE:ATTRIBUTE SECONDS IN_FLIGHT [uvloop]

Prints requests, seconds and CPU seconds as JSON; the first half second does not count.
"""

import asyncio
import importlib
import json
import sys
import time

docroot, target, seconds, in_flight, *loop_name = sys.argv[1:]
sys.path.insert(0, docroot)
module, attribute = target.split(":")
app = getattr(importlib.import_module(module), attribute)

SCOPE = {
    "type": "http",
    "asgi": {"version": "3.0", "spec_version": "2.5"},
    "http_version": "1.1",
    "method": "GET",
    "scheme": "http",
    "path": "/",
    "raw_path": b"/",
    "query_string": b"",
    "root_path": "",
    "headers": [(b"host", b"localhost"), (b"accept", b"*/*")],
    "client": None,
    "server": None,
}


async def receive():
    return {"type": "http.request", "body": b"", "more_body": False}


async def send(message):
    pass


async def load(duration):
    loop = asyncio.get_running_loop()
    end = time.perf_counter() + duration
    count = 0

    async def client():
        nonlocal count
        while time.perf_counter() < end:
            await loop.create_task(app(SCOPE.copy(), receive, send))
            count += 1

    await asyncio.gather(*(client() for _ in range(int(in_flight))))
    return count


async def main():
    await load(0.5)
    started, cpu = time.perf_counter(), time.process_time()
    count = await load(float(seconds))
    elapsed = time.perf_counter() - started
    print(json.dumps({"requests": count, "seconds": elapsed, "cpu": time.process_time() - cpu}))


if loop_name == ["uvloop"]:
    import uvloop

    uvloop.run(main())
else:
    asyncio.run(main())
