"""Debuggers in a worker: pdb in the terminal that Node shares, debugpy for editors.

Without the option `debug` a worker has no input. What asks for some fails, and is told why.
"""

import asyncio
import io
import logging
import os
import signal
import socket
import sys

from node_asgi_worker import errors, importer, packages, terminal
from node_asgi_worker.settings import Settings

# Seconds between two tries to listen. After a reload, the old worker keeps the port until it ends.
RETRY = 0.2
NOT_DEBUGGING = (
    "workers share no terminal; run `node-asgi serve --debug`, or set the option debug to true"
)
NO_TERMINAL = "the standard input of Node is not a terminal; run it in one (docker run -it)"


class DebuggerError(importer.AppImportError):
    """The debugger that the option names cannot start."""

    stage = "internal"


def install(settings: Settings) -> None:
    """To be called before the application is imported, and before anybody looks at stdout."""
    if terminal.is_shared(settings):
        shared = terminal.Terminal()
        shared.take_over()
        _hold_in_pdb(shared)
    elif settings.debugger is not None:
        signal.signal(signal.SIGINT, lambda *_: None)  # Node interrupts a prompt. There is none.
        _without_input(NO_TERMINAL)
    else:
        _without_input(NOT_DEBUGGING)


def _hold_in_pdb(shared: terminal.Terminal) -> None:
    import pdb

    interact = pdb.Pdb.interaction

    def interaction(self, *args, **kwargs):
        # Otherwise ^C would stop in the debugger once more, while Node stops everything.
        self.nosigint = True
        # Otherwise `q` would end the process from Python 3.14 on. It ends the request.
        self.mode = None
        with shared:
            try:
                return interact(self, *args, **kwargs)
            except pdb.bdb.BdbQuit:  # by ^C
                self.set_quit()
                raise
            finally:
                if self.quitting:
                    # From Python 3.14 on, one that was left is used again, and does not stop.
                    pdb.Pdb._last_pdb_instance = None

    pdb.Pdb.interaction = interaction


def _without_input(why: str) -> None:
    def hook(*args, **kwargs):
        if os.environ.get("PYTHONBREAKPOINT"):
            return sys.__breakpointhook__(*args, **kwargs)
        raise RuntimeError(f"breakpoint() has nobody to ask: {why}. PYTHONBREAKPOINT=0 disables it")

    if sys.breakpointhook is sys.__breakpointhook__:  # sitecustomize may have its own.
        sys.breakpointhook = hook
    # Not if somebody has replaced it, or it is closed.
    if type(sys.stdin) is io.TextIOWrapper and sys.stdin.fileno() == 0:
        _NoInput.why = why
        encoding, handling = sys.stdin.encoding, sys.stdin.errors
        sys.stdin = sys.__stdin__ = _NoInput(sys.stdin.detach(), encoding, handling)


class _NoInput(io.TextIOWrapper):
    """Standard input that is at its end, and says why when it is asked for the first time.

    It is for what asks in other ways than breakpoint(): pdb.set_trace(), input().
    """

    why: str | None = None

    def readline(self, *args):
        if _NoInput.why is not None:
            errors.report(f"the application asks for input, and gets none: {_NoInput.why}")
            _NoInput.why = None
        return super().readline(*args)


def start(settings: Settings) -> "Debugpy | None":
    """Starts debugpy if it is wanted. Returns it if it could not listen yet.

    In the worker, because the fork server has to stay free of threads. Raises DebuggerError.
    """
    if settings.debugger is None or settings.debugger["listen"] is None:
        return None
    debugpy = Debugpy(*settings.debugger["listen"])
    return None if debugpy.listen() else debugpy


class Debugpy:
    """Lets an editor attach at an address, as soon as nobody else listens there."""

    def __init__(self, host: str, port: int):
        self._address = (host, port)
        # It would warn about breakpoints in modules that are frozen into the interpreter.
        os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")
        try:
            import debugpy
        except ImportError as exc:
            kind, message, _ = packages.describe(exc)
            text = f"{errors.option('debug')} has an address, so it needs debugpy: {message}"
            raise DebuggerError(kind, text) from exc
        self._debugpy = debugpy

    def listen_on(self, loop: asyncio.AbstractEventLoop) -> None:
        """Tries until it works."""
        if not self.listen():
            loop.call_later(RETRY, self.listen_on, loop)

    def listen(self) -> bool:
        host, port = self._address
        try:
            # debugpy starts a process before it tries, and tries only once.
            socket.create_server(self._address).close()
        except OSError:
            return False
        self._debugpy.listen(self._address)
        errors.write(f"node-asgi: debugpy waits for an editor on {host}:{port}", logging.INFO)
        return True
