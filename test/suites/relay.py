"""
Sends the requests of Starlette's TestClient through a server instead of calling the application.

The tests run in a thread of a worker, because their applications are objects in that process. Where
a TestClient would call its application, a Relay asks Node over a Unix socket to make the request.
Node sends it to this worker like any other, and `serve` passes it to the application that the Relay
has registered under the number in a header. What the application raises is raised again in the
test, as TestClient promises.

The socket carries one JSON object per line, with bytes as base64.
"""

import asyncio
import base64
import concurrent.futures
import itertools
import os
from json import dumps, loads  # by name, because tests replace them

import anyio
from anyio.streams.buffered import BufferedByteReceiveStream
from starlette import testclient

CALL = b"x-suite-call"
LINE = 1 << 30  # bytes
END = 10.0  # seconds that an application may run after its client has disconnected

# TestClient invents these and no request can carry them, so they replace those of the scope.
GIVEN = ("client", "server", "state", "root_path")

calls = {}
_numbers = itertools.count(1)


class Call:
    """A request of a test: what TestClient asked for, and the result."""

    def __init__(self, app, scope):
        self.app = app
        self.scope = scope
        self.number = next(_numbers)
        self.began = False
        self.done = concurrent.futures.Future()
        self.debug = None  # the message http.response.debug, which only tests use
        self.trailers = False
        self.refusal = None  # the close before an accept, whose code and reason HTTP cannot carry


class Counts:
    """How much went through the server, and where its scope differed from that of TestClient."""

    def __init__(self):
        self.requests = 0
        self.sockets = 0
        self.differences = {}


counts = Counts()


async def serve(scope, receive, send):
    """Serves a request of a test."""
    number = next(int(value) for name, value in scope["headers"] if name == CALL)
    call = calls[number]
    call.began = True
    # broker.js adds `te: trailers`, because TestClient always supports trailers.
    own = (CALL, b"te")
    scope["headers"] = [(name, value) for name, value in scope["headers"] if name not in own]
    compare(call.scope, scope)
    for key in GIVEN:
        scope[key] = call.scope[key]
    if scope["type"] == "http":
        scope["extensions"] = {**scope.get("extensions", {}), "http.response.debug": {}}
    accepted = False

    async def note(message):
        nonlocal accepted
        kind = message["type"]
        if kind == "http.response.debug":
            call.debug = message
            return
        if kind == "http.response.start":
            call.trailers = message.get("trailers", False)
        elif kind == "websocket.accept":
            accepted = True
        elif kind == "websocket.close" and not accepted:
            call.refusal = message
        await send(message)

    try:
        await call.app(scope, receive, note)
    except asyncio.CancelledError:
        call.done.set_result(None)
        raise
    except BaseException as error:
        call.done.set_exception(error)
        if isinstance(error, Exception):
            raise
    else:
        call.done.set_result(None)


def compare(wanted, got):
    for key, value in wanted.items():
        if key in GIVEN or key == "extensions":
            continue
        mine = got.get(key)
        if key == "headers":
            value = [tuple(pair) for pair in value if pair[0] != b"te"]
            mine = [tuple(pair) for pair in mine]
        if mine != value:
            counts.differences.setdefault(key, (repr(value), repr(mine)))


class Relay:
    """An application that lets Node make each of its requests."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        call = Call(self.app, scope)
        calls[call.number] = call
        try:
            async with await anyio.connect_unix(os.environ["SUITE_SOCKET"]) as stream:
                await (http if scope["type"] == "http" else websocket)(
                    call, Lines(stream), receive, send
                )
        finally:
            del calls[call.number]
            with anyio.CancelScope(shield=True):
                await self.ended(call)

    async def ended(self, call):
        """Waits for the application, and raises what it raised."""
        if call.began:
            with anyio.move_on_after(END):
                while not call.done.done():
                    await anyio.sleep(0.001)
            if not call.done.done():
                raise RuntimeError(f"the application still ran {END} s after its client had left")
            if error := call.done.exception():
                raise error


class Lines:
    def __init__(self, stream):
        self.stream = stream
        self.buffer = BufferedByteReceiveStream(stream)

    async def write(self, **values):
        await self.stream.send(dumps(values).encode() + b"\n")

    async def __aiter__(self):
        while True:
            try:
                yield loads(await self.buffer.receive_until(b"\n", LINE))
            except (anyio.IncompleteRead, anyio.EndOfStream):
                return


def describe(call):
    scope = call.scope
    host, port = scope["server"]
    if ":" in host:
        host = f"[{host}]"
    target = scope["raw_path"].decode("latin-1")
    if scope["query_string"]:
        target += "?" + scope["query_string"].decode("latin-1")
    return {
        "type": scope["type"],
        "method": scope.get("method"),
        "url": f"{scope['scheme']}://{host}:{port}{target}",
        "headers": [*text(scope["headers"]), [CALL.decode(), str(call.number)]],
        "protocols": scope.get("subprotocols", []),
    }


def text(headers):
    return ([name.decode("latin-1"), value.decode("latin-1")] for name, value in headers)


def pairs(headers):
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]


async def http(call, lines, receive, send):
    counts.requests += 1
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    await lines.write(**describe(call), body=base64.b64encode(body).decode())
    async for event in lines:
        match event["type"]:
            case "start":
                if call.debug is not None:
                    await send(call.debug)
                await send(
                    {
                        "type": "http.response.start",
                        "status": event["status"],
                        "headers": pairs(event["headers"]),
                        "trailers": call.trailers,
                    }
                )
            case "body":
                body = base64.b64decode(event["body"])
                await send({"type": "http.response.body", "body": body, "more_body": True})
            case "end":
                await send({"type": "http.response.body", "body": b"", "more_body": False})
                if call.trailers:
                    await send(
                        {"type": "http.response.trailers", "headers": pairs(event["trailers"])}
                    )
            case "error":
                pass  # what the application raised says more: see Relay.ended


async def websocket(call, lines, receive, send):
    counts.sockets += 1
    await receive()  # websocket.connect
    await lines.write(**describe(call))
    left = anyio.Event()

    async def forward():
        while not left.is_set():
            message = await receive()
            if message["type"] == "websocket.disconnect":
                left.set()
                code = message.get("code", 1000)
                await lines.write(type="close", code=code, reason=message.get("reason") or "")
            elif message.get("text") is not None:
                await lines.write(type="text", text=message["text"])
            else:
                await lines.write(type="bytes", bytes=base64.b64encode(message["bytes"]).decode())

    async def forward_to_the_end(*, task_status):
        # TestClient disconnects and cancels at once; the disconnect must still be forwarded.
        with anyio.CancelScope(shield=True) as scope:
            task_status.started(scope)
            try:
                await forward()
            except (anyio.BrokenResourceError, anyio.ClosedResourceError, anyio.EndOfStream):
                left.set()  # Node has closed the connection

    async with anyio.create_task_group() as tasks:
        forwarding = await tasks.start(forward_to_the_end)
        try:
            async for event in lines:
                await deliver(call, event, send)
        except anyio.get_cancelled_exc_class():
            with anyio.CancelScope(shield=True), anyio.move_on_after(1):
                await left.wait()
                async for _ in lines:
                    pass
            raise
        finally:
            forwarding.cancel()


async def deliver(call, event, send):
    match event["type"]:
        case "accept":
            await send(
                {
                    "type": "websocket.accept",
                    "subprotocol": event["subprotocol"] or None,
                    "headers": pairs(event["headers"]),
                }
            )
        case "text":
            await send({"type": "websocket.send", "text": event["text"]})
        case "bytes":
            await send({"type": "websocket.send", "bytes": base64.b64decode(event["bytes"])})
        case "close":
            await send(
                {"type": "websocket.close", "code": event["code"], "reason": event["reason"]}
            )
        case "refused" if call.refusal is not None:
            await send(call.refusal)
        case "refused":
            await send(
                {
                    "type": "websocket.http.response.start",
                    "status": event["status"],
                    "headers": pairs(event["headers"]),
                }
            )
            body = base64.b64decode(event["body"])
            await send({"type": "websocket.http.response.body", "body": body})
        case "error":
            pass


def install():
    """Puts a Relay in front of every application that a TestClient is created for."""
    transport = testclient._TestClientTransport
    original = transport.__init__

    def relayed(self, app, *args, **kwargs):
        original(self, Relay(app), *args, **kwargs)

    transport.__init__ = relayed
