"""The terminal that Node shares with its worker in debug mode.

All processes are in the process group of Node then, like the jobs of a shell, so the system itself
does what a user expects of a terminal: ^C reaches all of them, ^Z stops them, `fg` continues them.
Node prints nothing while a debugger holds the terminal; terminal.js is the other end of that.
"""

import contextlib
import fcntl
import os
import select
import signal
import sys
import threading

from node_asgi_worker.settings import Settings

# Where Node listens for the terminal to be held and released.
FD = 5
HOLD = b"h"
RELEASE = b"r"
# Seconds that Node may take to print what it has, and to answer. It may be stopped in a debugger
# itself.
PATIENCE = 1.0


def is_shared(settings: Settings) -> bool:
    return settings.debugger is not None and settings.debugger["terminal"]


def descriptors(settings: Settings) -> list[int]:
    """What a program must leave open, besides stdio."""
    return [FD] if is_shared(settings) else []


def process_group(settings: Settings) -> dict[str, int]:
    """The arguments of posix_spawn() that choose the process group of a worker."""
    return {} if is_shared(settings) else {"setpgroup": 0}


class Modes:
    """Lets the fork server undo what a worker has left behind that ended in a debugger.

    Until then the terminal does not show what is typed.
    """

    def __init__(self):
        import termios  # Most fork servers do not need it.

        self._termios = termios
        self._saved = termios.tcgetattr(0)

    def restore(self) -> None:
        with contextlib.suppress(OSError, self._termios.error):
            # In the background it belongs to somebody else.
            if os.tcgetpgrp(0) == os.getpgrp():
                self._termios.tcsetattr(0, self._termios.TCSADRAIN, self._saved)


class Terminal:
    """A context in which one thread of the worker has the terminal to itself."""

    def __init__(self):
        self._lock = threading.RLock()
        self._depth = 0
        self._holder: int | None = None

    def take_over(self) -> None:
        """Makes the terminal stdout, too. Only then can input() edit lines."""
        is_writable = fcntl.fcntl(0, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDWR
        fd = os.dup(0) if is_writable else os.open(os.ttyname(0), os.O_WRONLY | os.O_NOCTTY)
        os.dup2(fd, 1)
        os.close(fd)
        try:
            import readline  # noqa: F401
        except ImportError:
            # Without it, input() writes the prompt to stderr, unless it does not know the file.
            sys.stdin = open(os.dup(0), encoding=sys.stdin.encoding)  # noqa: SIM115
        signal.signal(signal.SIGINT, self._interrupted)

    def __enter__(self) -> None:
        self._lock.acquire()
        self._depth += 1
        if self._depth > 1:
            return
        self._holder = threading.get_ident()
        with contextlib.suppress(OSError, ValueError, AttributeError):
            sys.stderr.flush()
        with contextlib.suppress(OSError):
            os.write(FD, HOLD)
            if select.select([FD], [], [], PATIENCE)[0]:
                os.read(FD, 1)

    def __exit__(self, *_) -> None:
        self._depth -= 1
        if self._depth == 0:
            self._holder = None
            self._release()
        self._lock.release()

    def _release(self) -> None:
        with contextlib.suppress(OSError):
            os.write(FD, RELEASE)

    def _interrupted(self, *_) -> None:
        """Node stops this worker, so a debugger that waits for a command gives up."""
        if self._holder is None:
            return
        with contextlib.suppress(OSError):
            os.write(1, b"\n")  # The prompt is on the last line.
        if self._holder == threading.main_thread().ident:
            from bdb import BdbQuit

            self._holder = None  # Another signal must not interrupt its end.
            raise BdbQuit
        self._release()  # It waits in another thread. Node says what happens.
