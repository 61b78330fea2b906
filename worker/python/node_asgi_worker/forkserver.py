"""The fork server: imports once, then forks a worker whenever Node asks, and reaps it.

It runs neither threads nor an event loop, so that it can fork safely at any time. If a preloaded
module has started threads, the server restarts itself without preloading (cold.py).
"""

import contextlib
import fcntl
import gc
import json
import logging
import os
import platform
import select
import selectors
import signal
import sys
import time
from dataclasses import dataclass

from node_asgi_worker import (
    _worker,
    cold,
    descriptors,
    errors,
    importer,
    late,
    logs,
    loops,
    threads,
)
from node_asgi_worker.settings import Settings
from node_asgi_worker.worker import Job

CONTROL = _worker.CONTROL_FD
LIFELINE = _worker.LIFELINE_FD
# Interned strings are immortal from this version on: nothing counts references to them.
IMMORTAL_NAMES = sys.version_info >= (3, 12)
# Seconds. Workers stop by themselves once Node is gone; then the server kills what is left.
LAST_GRACE = 5.0
# Seconds between two checks of workers without a pidfd (old kernel, or Python built on one).
POLL_INTERVAL = 0.05


@dataclass
class Child:
    pid: int
    pidfd: int | None


def serve() -> Job | None:
    """Returns None in the server, when it is done, and a Job in every worker that it forked."""
    descriptors.keep_of_inherited([CONTROL, LIFELINE])
    settings = cold.server_settings()
    if settings is None:
        settings = _prepare()
    else:
        _preload(settings)
    if settings is None:
        return None
    return _Server(settings).run()


def _prepare() -> Settings | None:
    docroot = os.getcwd()
    try:
        message = _worker.control_receive(CONTROL)
        if message is None:
            return None
        if message[0] != "init":
            raise ValueError(f"expected the control message 'init', but got {message[0]!r}")
        settings = Settings.from_json(message[1])
        sys.argv[:] = [settings.app_target]
        with _killed_with_node():
            _preload(settings)
    except importer.AppImportError as exc:
        _fail(exc.kind, exc.message, exc.traceback)
    except (OSError, ValueError) as exc:
        _fail(*errors.describe(exc))
    info = {
        "pid": os.getpid(),
        "python": platform.python_version(),
        "executable": sys.executable,
        "threads": threads.left_running(),
    }
    _worker.control_send(CONTROL, "server_ready", json.dumps(info))
    if info["threads"] and settings.preload:
        cold.restart_server(settings, docroot)
    return settings


def _fail(*failure: str) -> None:
    _worker.control_send(CONTROL, "server_failed", *failure)
    sys.exit(1)


def _preload(settings: Settings) -> None:
    modules = settings.preload
    if modules is True:
        modules = (importer.parse_target(settings.app_target).module,)
    for name in modules or ():
        importer.load_module(name)
    late.load()
    # Every worker needs the loop. If it cannot be imported, the worker reports why.
    with contextlib.suppress(ImportError):
        loops.choose(settings.loop)
    gc.collect()
    if not IMMORTAL_NAMES:
        # A worker that replaces an entry of this cache would change the reference count of the old
        # name, and so copy a page that it does not use.
        sys._clear_type_cache()
    gc.freeze()


@contextlib.contextmanager
def _killed_with_node():
    """Ends this process when Node ends during imports, which may take or hang for ever.

    The kernel sends SIGIO, which kills by default, when the last write end of the lifeline closes.
    """
    flags = fcntl.fcntl(LIFELINE, fcntl.F_GETFL)
    fcntl.fcntl(LIFELINE, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(LIFELINE, fcntl.F_SETFL, flags | os.O_ASYNC)
    try:
        if select.select([LIFELINE], [], [], 0)[0]:
            sys.exit(1)
        yield
    finally:
        fcntl.fcntl(LIFELINE, fcntl.F_SETFL, flags)


class _Server:
    def __init__(self, settings: Settings):
        self._settings = settings
        self._children: dict[int, Child] = {}
        # poll() instead of epoll: it has no descriptor that a forked worker would have to close.
        self._selector = selectors.PollSelector()
        self._selector.register(CONTROL, selectors.EVENT_READ)

    def run(self) -> Job | None:
        while True:
            for worker_id in self._wait():
                if worker_id is not None:
                    self._reap(worker_id)
                    continue
                message = self._receive()
                if message is None:
                    self._shut_down()
                    return None
                if message[0] == "fork":
                    job = self._start(message[1], message[2])
                    if job is not None:
                        return job
                elif message[0] == "kill":
                    self._kill(message[1], message[2])

    def _wait(self, timeout: float | None = None) -> list[int | None]:
        """Ids of the workers that have ended, then None if the control socket is readable.

        Workers come first, so that a message cannot signal a worker whose pid is free again.
        """
        unwatched = [key for key, child in self._children.items() if child.pidfd is None]
        if unwatched:
            timeout = min(POLL_INTERVAL, POLL_INTERVAL if timeout is None else timeout)
        ready = [key.data for key, _ in self._selector.select(timeout)]
        ended = unwatched + [worker_id for worker_id in ready if worker_id is not None]
        return [*ended, None] if None in ready else ended

    def _receive(self):
        try:
            return _worker.control_receive(CONTROL)
        except (OSError, ValueError) as exc:
            errors.report("the control socket failed", exc)
            return None

    def _send(self, kind: str, *fields) -> None:
        # When Node is gone, the end of the control socket reports it.
        with contextlib.suppress(OSError):
            _worker.control_send(CONTROL, kind, *fields)

    def _start(self, worker_id: int, fds: list[int]) -> Job | None:
        """Starts a worker. Returns a Job in a forked worker, None in the server."""
        *channel, stdout, stderr = fds  # the order of wire::ForkFd
        job = Job(self._settings, *channel, LIFELINE)
        server = os.getpid()
        try:
            pid = cold.spawn(job, stdout, stderr) if threads.others() else threads.fork()
        except OSError as exc:
            text = logs.mark(f"node-asgi: cannot start a worker: {exc}", logging.ERROR)
            os.write(stderr, f"{text}\n".encode())
            self._close(fds)
            self._send("exited", worker_id, 0, os.EX_OSERR, 0)
            return None
        if pid == 0:
            self._leave(server, stdout, stderr)
            return job
        self._close(fds)
        child = Child(pid, _open_pidfd(pid))
        self._children[worker_id] = child
        if child.pidfd is not None:
            self._selector.register(child.pidfd, selectors.EVENT_READ, worker_id)
        self._send("forked", worker_id, pid)
        return None

    def _leave(self, server: int, stdout: int, stderr: int) -> None:
        """Runs in a forked worker: gives up everything that belongs to the server."""
        _worker.set_parent_death_signal(signal.SIGKILL)
        if os.getppid() != server:
            os._exit(1)  # The server ended before the line above.
        os.setpgid(0, 0)
        os.dup2(stdout, 1)
        os.dup2(stderr, 2)
        pidfds = [child.pidfd for child in self._children.values() if child.pidfd is not None]
        self._close([stdout, stderr, CONTROL, *pidfds])

    def _close(self, fds: list[int]) -> None:
        for fd in fds:
            os.close(fd)

    def _kill(self, worker_id: int, signum: int) -> None:
        child = self._children.get(worker_id)
        if child is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child.pid, signum)

    def _reap(self, worker_id: int) -> None:
        child = self._children[worker_id]
        self._end_family(child.pid)
        try:
            pid, status = os.waitpid(child.pid, os.WNOHANG)
        except ChildProcessError:
            pid, status = child.pid, None  # A preloaded module ignores SIGCHLD, or waits itself.
        if pid == 0:
            return
        if child.pidfd is not None:
            self._selector.unregister(child.pidfd)
            os.close(child.pidfd)
        del self._children[worker_id]
        exited = status is not None and os.WIFEXITED(status)
        signalled = status is not None and os.WIFSIGNALED(status)
        code = os.WEXITSTATUS(status) if exited else -1
        signum = os.WTERMSIG(status) if signalled else 0
        self._send("exited", worker_id, pid, code, signum)

    def _end_family(self, pid: int) -> None:
        """Kills what a worker that a signal ended had forked, for example a process pool."""
        # Until the worker is reaped, no other process or group can have its pid.
        with contextlib.suppress(OSError):
            end = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT | os.WNOHANG)
            if end is not None and end.si_code in (os.CLD_KILLED, os.CLD_DUMPED):
                os.killpg(pid, signal.SIGKILL)

    def _shut_down(self) -> None:
        self._selector.unregister(CONTROL)
        deadline = time.monotonic() + LAST_GRACE
        while self._children and time.monotonic() < deadline:
            for worker_id in self._wait(deadline - time.monotonic()):
                self._reap(worker_id)
        for child in self._children.values():
            # With what it forked. A worker that is starting has no group of its own yet.
            for kill in (os.killpg, os.kill):
                with contextlib.suppress(ProcessLookupError):
                    kill(child.pid, signal.SIGKILL)
        for child in self._children.values():
            with contextlib.suppress(ChildProcessError):
                os.waitpid(child.pid, 0)


def _open_pidfd(pid: int) -> int | None:
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return None
