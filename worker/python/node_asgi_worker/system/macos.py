import contextlib
import os
import signal
from collections.abc import Iterator

from node_asgi_worker import _worker

# The directory that lists the open descriptors of this process.
DESCRIPTORS = "/dev/fd"


def check() -> None:
    """Ends this process, with a message, where the system lacks something."""


def protect(debug: bool) -> None:
    """Nothing: the system itself decides who may trace a process, which is not simply its user."""


def die_with_parent(parent: int) -> bool:
    """From now on, this process is killed when its parent ends. Returns False if it has ended.

    A thread watches the parent. It ends with this process, and is not in processes that are forked.
    """
    _worker.watch_parent(parent, signal.SIGKILL)
    return os.getppid() == parent


def adopt_orphans() -> None:
    """Nothing: launchd adopts and reaps descendants whose parents have ended."""


@contextlib.contextmanager
def deadly(signum: int) -> Iterator[None]:
    """Kills this process when SIGIO comes, even while no Python runs. By default it is ignored."""
    _worker.set_deadly(signum, True)
    try:
        yield
    finally:
        _worker.set_deadly(signum, False)


def ended_child() -> tuple[int, bool] | None:
    """The pid of a child that has ended and is to be reaped, and whether a signal has ended it.

    None: there is none. Raises ChildProcessError if there are no children at all. Python has no
    os.waitid() here before version 3.13.
    """
    return _worker.ended_child()


def threads() -> list[tuple[int, str]]:
    """The native ids and names of all threads of this process."""
    return sorted(_worker.native_threads())


def unnamed_thread() -> str:
    """The name of a thread that nobody has named."""
    return ""


def loaded_files() -> set[str]:
    """Paths of the libraries that are loaded."""
    return set(_worker.loaded_files())


def path_of(fd: int) -> str:
    """Nothing: only profilers of Linux open files that are looked for by their path."""
    return ""
