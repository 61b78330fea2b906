"""
The lower bound of every Python server: an event loop that only runs the application, in one task
per request. receive() only returns the body, and send() does nothing.

    floor.py OPTIONS

OPTIONS is JSON: docroot, app (module:attribute), seconds, in_flight, loop ("asyncio" or "uvloop"),
and the method, path, headers and body (a piece, and how many times) of the request. Prints
requests, seconds and CPU seconds as JSON. The first quarter of a second is warm-up.
"""

import asyncio
import importlib
import json
import sys
import time

options = json.loads(sys.argv[1])
sys.path.insert(0, options["docroot"])
module, attribute = options["app"].split(":")
app = getattr(importlib.import_module(module), attribute)

path, _, query = options.get("path", "/").partition("?")
piece, times = options.get("body", ("", 0))
BODY = piece.encode() * times
HEADERS = {"host": "localhost", "accept": "*/*", **options.get("headers", {})}
if BODY:
    HEADERS["content-length"] = str(len(BODY))
SCOPE = {
    "type": "http",
    "asgi": {"version": "3.0", "spec_version": "2.5"},
    "http_version": "1.1",
    "method": options.get("method", "GET"),
    "scheme": "http",
    "path": path,
    "raw_path": path.encode(),
    "query_string": query.encode(),
    "root_path": "",
    "headers": [(name.encode(), value.encode()) for name, value in HEADERS.items()],
    "client": None,
    "server": None,
}


async def receive():
    return {"type": "http.request", "body": BODY, "more_body": False}


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

    await asyncio.gather(*(client() for _ in range(options["in_flight"])))
    return count


async def main():
    await load(0.25)
    started, cpu = time.perf_counter(), time.process_time()
    count = await load(options["seconds"])
    elapsed = time.perf_counter() - started
    cpu = {"node": 0, "python": time.process_time() - cpu}
    print(json.dumps({"requests": count, "seconds": elapsed, "cpu": cpu}))


if options.get("loop") == "uvloop":
    import uvloop

    uvloop.run(main())
else:
    asyncio.run(main())
