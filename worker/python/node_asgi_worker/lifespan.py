"""The lifespan protocol: one task of the app that starts before and ends after all requests."""

import asyncio
import contextvars

from node_asgi_worker import _worker, errors, packages

# Of the lifespan protocol (asgi.readthedocs.io).
SPEC_VERSION = "2.0"
# Seconds that the app gets to return once it has answered, or has been cancelled.
GRACE = 1.0
# Seconds after startup.failed, for the exception that Starlette raises then.
FAILED_GRACE = 0.1


class LifespanError(Exception):
    """Startup failed. Carries what Node shows: kind, type, message, traceback."""

    def __init__(self, kind: str, type_name: str, message: str, traceback: str = ""):
        super().__init__(message)
        self.kind = kind
        self.type_name = type_name
        self.message = message
        self.traceback = traceback


class Lifespan:
    """Runs `startup`, then `shutdown`; in between, `state` and `context` are for the requests."""

    def __init__(self, app, mode: str):
        self._app = app
        self._mode = mode
        self._task: asyncio.Task | None = None
        self._exception: BaseException | None = None
        self._receiving = False
        self._phase = "startup"  # then "serving", then "shutdown"
        self._inbox: asyncio.Queue = asyncio.Queue()
        self.supported = False
        self.state: dict = {}
        self.context = contextvars.copy_context()

    async def startup(self, timeout: float | None) -> None:
        """Returns once the app may serve. Raises LifespanError."""
        if self._mode == "off":
            return
        loop = asyncio.get_running_loop()
        self._started: asyncio.Future = loop.create_future()
        self._stopped: asyncio.Future = loop.create_future()
        self._inbox.put_nowait({"type": "lifespan.startup"})
        self._task = loop.create_task(self._run(), name="lifespan")
        await self._wait(self._started, timeout)

        if self._started.done():
            failure = self._started.result()
            if failure is not None:
                await self._end(FAILED_GRACE)
                raise self._startup_failed(failure)
            self.supported = True
            self._phase = "serving"
            self._task.add_done_callback(self._ended)
        elif self._task.done():
            self._without_lifespan()
        else:
            await self._end(0)
            trace = errors.describe(self._exception)[2] if self._exception else ""
            text = f"lifespan startup took longer than {timeout:g} s"
            raise LifespanError("timeout", "TimeoutError", text, trace)

    async def shutdown(self, timeout: float | None) -> None:
        """Ends the app's lifespan. Reports what goes wrong, because nothing could handle it."""
        if not self.supported or self._task.done():
            return
        self._phase = "shutdown"
        self._inbox.put_nowait({"type": "lifespan.shutdown"})
        await self._wait(self._stopped, timeout)

        if self._stopped.done():
            failure = self._stopped.result()
            if failure is not None:
                errors.report(f"lifespan shutdown failed: {failure}")
            if not await self._end(GRACE) and failure is None:
                errors.report("the app did not return after lifespan.shutdown.complete")
        elif not self._task.done():
            await self._end(0)
            errors.report(f"lifespan shutdown took longer than {timeout:g} s", self._exception)
        elif self._exception is not None:
            errors.report("lifespan shutdown raised", self._exception)

    async def _run(self) -> None:
        scope = {
            "type": "lifespan",
            "asgi": {"version": _worker.ASGI_VERSION, "spec_version": SPEC_VERSION},
            "state": self.state,
        }
        try:
            await self._app(scope, self._receive, self._send)
        except asyncio.CancelledError as exc:
            self._exception = exc
            raise
        except BaseException as exc:  # Otherwise, SystemExit would end the loop and all requests.
            self._exception = exc

    async def _receive(self) -> dict:
        self._receiving = True
        return await self._inbox.get()

    async def _send(self, message: dict) -> None:
        kind = message["type"]
        phase, _, outcome = kind.rpartition(".")
        waiting = {"lifespan.startup": self._started, "lifespan.shutdown": self._stopped}.get(phase)
        if waiting is None or outcome not in ("complete", "failed"):
            raise RuntimeError(
                f"expected an answer to lifespan.startup or lifespan.shutdown, but got {kind!r}"
            )
        if waiting.done():
            raise RuntimeError(f"the app sent {kind!r}, but it has already answered {phase}")
        if waiting is self._stopped and self._phase != "shutdown":
            raise RuntimeError(f"the app sent {kind!r} before it was told to shut down")
        if kind == "lifespan.startup.complete":
            # This runs in the app's own task, which has set its context variables by now.
            # Requests inherit them.
            self.context = contextvars.copy_context()
        waiting.set_result(None if outcome == "complete" else str(message.get("message", "")))

    async def _wait(self, answer: asyncio.Future, timeout: float | None) -> None:
        try:
            await asyncio.wait(
                {self._task, answer}, timeout=timeout, return_when=asyncio.FIRST_COMPLETED
            )
        except asyncio.CancelledError:
            self._task.cancel()
            raise

    async def _end(self, grace: float) -> bool:
        """Waits for the app to return. Returns False if it had to be cancelled."""
        await asyncio.wait({self._task}, timeout=grace)
        if self._task.done():
            return True
        self._task.cancel()
        await asyncio.wait({self._task}, timeout=GRACE)
        return False

    def _startup_failed(self, message: str) -> LifespanError:
        exc = self._exception
        if exc is None or isinstance(exc, asyncio.CancelledError):
            text = message or "the app sent lifespan.startup.failed without a message"
            return LifespanError("lifespan", "LifespanStartupFailed", text)
        # Starlette sends the whole traceback as the message and then raises the exception.
        kind, text, trace = packages.describe(exc)
        if message and not message.startswith("Traceback (most recent call last)"):
            text = message
        return LifespanError("lifespan", kind, text, trace)

    def _without_lifespan(self) -> None:
        exc = self._exception
        exits = isinstance(exc, (SystemExit, KeyboardInterrupt))
        if self._mode == "on" or exits:
            if exc is None:
                text = "the app returned without answering lifespan.startup"
                raise LifespanError("lifespan", "LifespanUnsupported", text)
            raise LifespanError("lifespan", *packages.describe(exc))
        if exc is not None and self._receiving:
            # The app has called receive(), so it supports lifespan, and this is probably a bug.
            kind, text, _ = errors.describe(exc)
            errors.report(
                f"lifespan startup raised {kind}: {text}; the app is served without lifespan"
                " (lifespan mode 'on' turns this into an error)"
            )

    def _ended(self, task: asyncio.Task) -> None:
        if self._phase == "serving" and self._exception is not None:
            errors.report("the app's lifespan ended with an exception", self._exception)
