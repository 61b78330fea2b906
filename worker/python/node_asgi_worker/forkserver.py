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
import shutil
import signal
import sys
import time
from dataclasses import dataclass

from node_asgi_worker import (
    _worker,
    cold,
    confinement,
    descriptors,
    errors,
    importer,
    late,
    logs,
    loops,
    system,
    terminal,
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


@dataclass
class Child:
    worker: int
    # The write end of the pipe whose end tells the worker that Node is gone. Each worker has a pipe
    # of its own: it can open the other end for writing, too, and so keep its readers waiting.
    lifeline: int | None

    def hang_up(self) -> None:
        if self.lifeline is not None:
            os.close(self.lifeline)
            self.lifeline = None


def serve() -> Job | None:
    """Returns None in the server, when it is done, and a Job in every worker that it forked."""
    system.check()
    settings = cold.server_settings()
    if settings is None:
        settings = _prepare()
    else:
        _settle(settings)
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
        _settle(settings)
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


def _settle(settings: Settings) -> None:
    """Comes before any module of the application."""
    descriptors.keep_of_inherited([CONTROL, LIFELINE, *terminal.descriptors(settings)])
    system.protect(settings.debug)
    if terminal.is_shared(settings):
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # It comes to all. Node ends this process.


def _fail(*failure: str) -> None:
    _worker.control_send(CONTROL, "server_failed", *failure)
    sys.exit(1)


def _preload(settings: Settings) -> None:
    modules = settings.preload
    with importer.observed(settings):
        if modules is True:
            importer.load_module(importer.parse_target(settings.app_target).module)
        else:
            for name in modules or ():
                importer.load_package(name)
    late.load()
    # Every worker needs the loop. If it cannot be imported, the worker reports why.
    with contextlib.suppress(ImportError):
        loops.choose(settings.loop)
    if modules:
        gc.collect()  # Our own modules leave hardly any garbage.
    if not IMMORTAL_NAMES:
        # A worker that replaces an entry of this cache would change the reference count of the old
        # name, and so copy a page that it does not use.
        sys._clear_type_cache()
    gc.freeze()


@contextlib.contextmanager
def _killed_with_node():
    """Ends this process when Node ends during imports, which may take or hang for ever.

    The kernel sends SIGIO when the last write end of the lifeline closes.
    """
    flags = fcntl.fcntl(LIFELINE, fcntl.F_GETFL)
    with system.deadly(signal.SIGIO):
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
        self._children: dict[int, Child] = {}  # by pid
        self._modes = terminal.Modes() if terminal.is_shared(settings) else None
        # Descendants that have lost their parents come here, where somebody reaps them. Without
        # this, they stay zombies if the first process of a container does not.
        system.adopt_orphans()
        self._signals, wakeup = os.pipe()
        self._wakeup = wakeup
        for fd in (self._signals, wakeup):
            os.set_blocking(fd, False)
        self._old_handler = signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wakeup, warn_on_full_buffer=False)
        # poll() instead of epoll: it has no descriptor that a forked worker would have to close.
        self._selector = selectors.PollSelector()
        self._selector.register(self._signals, selectors.EVENT_READ)
        for fd in (CONTROL, LIFELINE):
            self._selector.register(fd, selectors.EVENT_READ)

    def run(self) -> Job | None:
        while True:
            if not self._wait():
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

    def _wait(self, timeout: float | None = None) -> bool:
        """Waits for a signal or a message, and reaps. Returns whether there is a message."""
        ready = {key.fd for key, _ in self._selector.select(timeout)}
        if self._signals in ready:
            with contextlib.suppress(BlockingIOError):
                os.read(self._signals, select.PIPE_BUF)
            self._reap_all()
        if LIFELINE in ready:
            self._selector.unregister(LIFELINE)
            self._hang_up()
        return CONTROL in ready

    def _hang_up(self) -> None:
        """Tells the workers that Node is gone."""
        for child in self._children.values():
            child.hang_up()

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
        server = os.getpid()
        ends: list[int] = []
        try:
            ends += os.pipe()
            job = Job(self._settings, *channel, ends[0])
            pid = cold.spawn(job, stdout, stderr) if threads.others() else threads.fork()
        except OSError as exc:
            text = logs.mark(f"node-asgi: cannot start a worker: {exc}", logging.ERROR)
            os.write(stderr, f"{text}\n".encode())
            self._close(fds + ends)
            self._send("exited", worker_id, 0, os.EX_OSERR, 0)
            return None
        if pid == 0:
            os.close(ends[1])
            self._leave(server, stdout, stderr)
            return job
        self._close([*fds, ends[0]])
        self._children[pid] = Child(worker_id, ends[1])
        self._send("forked", worker_id, pid)
        return None

    def _leave(self, server: int, stdout: int, stderr: int) -> None:
        """Runs in a forked worker: gives up everything that belongs to the server."""
        if not system.die_with_parent(server):
            os._exit(1)
        if not terminal.is_shared(self._settings):
            os.setpgid(0, 0)
        os.dup2(stdout, 1)
        os.dup2(stderr, 2)
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, self._old_handler or signal.SIG_DFL)
        lifelines = [child.lifeline for child in self._children.values()]
        own = (stdout, stderr, CONTROL, LIFELINE, self._signals, self._wakeup)
        self._close([*own, *lifelines])
        confinement.enter(self._settings)

    def _close(self, fds: list[int]) -> None:
        for fd in fds:
            os.close(fd)

    def _kill(self, worker_id: int, signum: int) -> None:
        # Until a worker is reaped, which happens only here, no other process can have its pid.
        for pid, child in self._children.items():
            if child.worker == worker_id:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signum)

    def _reap_all(self) -> None:
        """Reaps every child that has ended: workers, and what has lost its own parent."""
        while True:
            try:
                end = system.ended_child()
            except ChildProcessError:
                return
            if end is None:
                return
            pid, was_signalled = end
            child = self._children.pop(pid, None)
            if child is not None and was_signalled:
                # What it had forked, for example a process pool. Until the worker is reaped, no
                # other group can have its pid.
                with contextlib.suppress(OSError):
                    os.killpg(pid, signal.SIGKILL)
            code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])  # minus a signal
            if child is None:
                continue
            child.hang_up()
            if self._modes is not None:
                self._modes.restore()
            self._send("exited", child.worker, pid, max(code, -1), max(-code, 0))
            self._remove_files(pid)

    def _remove_files(self, pid: int) -> None:
        """Removes the temporary files of a worker, in a process of its own: it may take long."""
        directory = confinement.directory_of(self._settings, pid)
        if directory is None or not os.path.isdir(directory):
            return
        server = os.getpid()
        with contextlib.suppress(OSError):
            if os.fork() == 0:
                if system.die_with_parent(server):
                    os.close(CONTROL)
                    shutil.rmtree(directory, ignore_errors=True)
                os._exit(0)

    def _shut_down(self) -> None:
        self._selector.unregister(CONTROL)
        self._hang_up()
        deadline = time.monotonic() + LAST_GRACE
        while self._children and time.monotonic() < deadline:
            self._wait(max(0, deadline - time.monotonic()))
        for pid in self._children:
            # With what it forked. A worker that is starting has no group of its own yet.
            for kill in (os.killpg, os.kill):
                with contextlib.suppress(ProcessLookupError):
                    kill(pid, signal.SIGKILL)
        for pid in self._children:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)
        confinement.clean_up(self._settings)
