"""The life of one worker: import, startup, serving, shutdown."""

import asyncio
import contextlib
import errno
import json
import os
import platform
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from node_asgi_worker import (
    _worker,
    debugging,
    errors,
    importer,
    logs,
    loops,
    packages,
    stacks,
    templates,
)
from node_asgi_worker.lifespan import Lifespan, LifespanError
from node_asgi_worker.settings import Settings

# Seconds that the last frames may wait for room in the ring.
FLUSH_LIMIT = 2.0
# Seconds when Node is gone. Nobody waits for responses then, and the fork server kills the worker
# after forkserver.LAST_GRACE.
ORPHAN_DRAIN = 0.5
ORPHAN_SHUTDOWN = 2.0


@dataclass(frozen=True)
class Job:
    """What a worker gets from the fork server. The channel takes the first three descriptors."""

    settings: Settings
    segment: int
    bell: int
    files: int
    lifeline: int


def run(job: Job) -> int:
    """Serves until Node says stop. Returns the exit code of the process."""
    debugging.install(job.settings)
    _line_buffered()
    logs.install()
    stacks.install()
    channel = _worker.Channel(job.segment, job.bell, job.files)
    os.register_at_fork(after_in_child=_leaver(channel, job.lifeline))
    worker = _Worker(job, channel)
    try:
        return worker.run()
    except importer.AppImportError as exc:
        return _refuse(channel, exc.stage, exc.kind, exc.message, exc.traceback)
    except LifespanError as exc:
        return _refuse(channel, exc.kind, exc.type_name, exc.message, exc.traceback)
    except (Exception, asyncio.CancelledError) as exc:
        if worker.orphan:
            return 1  # Node has ended during startup.
        errors.report("the worker failed", exc)
        return 1 if worker.started else _refuse(channel, "internal", *packages.describe(exc))


def _preparation(settings: Settings) -> Callable | None:
    if not settings.preparation:
        return None
    from node_asgi_worker import preparation  # Most workers do not need it.

    return lambda app, asgi: preparation.prepare(app, asgi, settings.preparation)


def _leaver(channel, lifeline: int) -> Callable[[], None]:
    """What a process that the app forks (os.fork, multiprocessing) runs to cease to be a worker."""
    left = False

    def leave() -> None:
        nonlocal left
        if left:
            return  # In a child of the child, where the descriptors may be something else.
        left = True
        # Otherwise its signals would wake the worker's loop, through a socket that both have.
        signal.set_wakeup_fd(-1)
        channel.close_in_child()
        os.close(lifeline)

    return leave


def _line_buffered() -> None:
    """Makes print() write whole lines: `python -u` writes each of its pieces separately."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # A preloaded module may have replaced it.
            stream.reconfigure(line_buffering=True, write_through=False)


def _refuse(channel, *failure: str) -> int:
    channel.startup_failed(*failure)
    deadline = time.monotonic() + FLUSH_LIMIT
    while not channel.flush() and time.monotonic() < deadline:
        time.sleep(0.005)
    return 1


class _Worker:
    def __init__(self, job: Job, channel):
        self._job = job
        self._settings = job.settings
        self._channel = channel
        self._exit_code = 0
        self._patience: asyncio.TimerHandle | None = None
        self.started = False
        self.orphan = False

    def run(self) -> int:
        settings = self._settings
        self._debugpy = debugging.start(settings)
        # Before the loop runs, as uvicorn does: an app may call asyncio.run() at import.
        with importer.observed(settings):
            self._app = importer.load_app(
                settings.app_target,
                settings.factory,
                settings.interface,
                settings.threads,
                _preparation(settings),
            )
        self._loop_name = loops.choose(settings.loop)
        return loops.run(self._serve(), self._loop_name)

    async def _serve(self) -> int:
        self._loop = asyncio.get_running_loop()
        self._main = asyncio.current_task()
        self._stop = asyncio.Event()
        self._idle = asyncio.Event()
        self._loop.add_reader(self._job.lifeline, self._node_gone)
        if self._debugpy is not None:
            self._debugpy.listen_on(self._loop)

        lifespan = Lifespan(self._app, self._settings.lifespan)
        await lifespan.startup(self._settings.startup_timeout)

        channel = self._channel
        self.started = True
        spawn, spawn_options = loops.task_spawner(self._loop)
        channel.start(
            self._app,
            spawn,
            spawn_options=spawn_options,
            state=lifespan.state if lifespan.supported else None,
            root_path=self._settings.root_path,
            describe_error=self._describe,
            write_error=errors.write_of_request,
            on_stop=lambda patience: self._stop_within(patience / 1000),
            spin=self._settings.spin,
        )
        lifespan.context.run(self._loop.add_reader, channel.fileno(), self._drain)
        channel.ready(self._info(lifespan))

        await self._stop.wait()
        await self._finish(lifespan)
        return self._exit_code

    def _describe(self, exc: BaseException) -> tuple[str, str, str]:
        out_of_memory = isinstance(exc, MemoryError) or (
            isinstance(exc, OSError) and exc.errno == errno.ENOMEM
        )
        if out_of_memory and "data" in self._settings.limits:
            # What is left may not be enough to go on, and the next worker starts with little.
            errors.report("the worker has used up the memory that it is allowed", exc)
            os._exit(_worker.OUT_OF_MEMORY_EXIT)
        return errors.describe(exc)

    def _info(self, lifespan: Lifespan) -> str:
        return json.dumps(
            {
                "pid": os.getpid(),
                "python": platform.python_version(),
                "loop": self._loop_name,
                "lifespan": lifespan.supported,
                "routes": templates.find(self._app),
            }
        )

    def _drain(self) -> None:
        try:
            if not self._channel.drain():
                self._loop.remove_reader(self._channel.fileno())  # The lifeline tells the rest.
        except Exception as exc:
            # The bell stays readable: without this, the loop would call this for ever.
            self._loop.remove_reader(self._channel.fileno())
            errors.report("the channel to Node failed", exc)
            self._exit_code = 1
            self._stop_within(0)

    def _node_gone(self) -> None:
        self._loop.remove_reader(self._job.lifeline)
        self.orphan = True
        if not self.started:
            self._main.cancel()
        self._stop_within(ORPHAN_DRAIN)

    def _stop_within(self, patience: float) -> None:
        """Gives requests `patience` seconds from now on; replaces an earlier deadline."""
        if self.orphan:
            patience = min(patience, ORPHAN_DRAIN)
        if self._patience is not None:
            self._patience.cancel()
        self._patience = self._loop.call_later(patience, self._idle.set)
        self._stop.set()

    async def _finish(self, lifespan: Lifespan) -> None:
        """Waits for the requests, cancels what is left, shuts lifespan down and tells Node."""
        channel = self._channel
        channel.on_idle = self._idle.set
        if channel.active:
            await self._idle.wait()
        self._patience.cancel()
        if channel.active:
            channel.cancel_all()
            self._idle.clear()
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._idle.wait(), self._settings.cancel_timeout)
        await lifespan.shutdown(ORPHAN_SHUTDOWN if self.orphan else self._settings.shutdown_timeout)

        channel.stopped()
        deadline = self._loop.time() + FLUSH_LIMIT
        while not channel.flush() and not self.orphan and self._loop.time() < deadline:
            await asyncio.sleep(0.005)
        self._loop.remove_reader(channel.fileno())
