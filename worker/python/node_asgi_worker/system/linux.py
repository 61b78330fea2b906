import contextlib
import errno
import os
import signal
import sys
from collections.abc import Iterator

from node_asgi_worker import _worker

# The directory that lists the open descriptors of this process.
DESCRIPTORS = "/proc/self/fd"
TASKS = "/proc/self/task"


def check() -> None:
    """Ends this process, with a message, where the system lacks something."""
    if not os.path.isdir(TASKS):
        sys.exit("node-asgi needs the file system /proc, which is not mounted here")


def protect(debug: bool) -> None:
    """Whether processes of the same user may trace this one, and whether it leaves core files."""
    _worker.set_dumpable(debug)


def die_with_parent(parent: int) -> bool:
    """From now on, this process is killed when its parent ends. Returns False if it has ended."""
    _worker.set_parent_death_signal(signal.SIGKILL)
    return os.getppid() == parent


def adopt_orphans() -> None:
    """Makes descendants whose parents have ended children of this process, where that is possible.

    Elsewhere, and without this if it is the first process of a container that reaps nothing, they
    are left to the first process.
    """
    try:
        _worker.set_child_subreaper()
    except OSError as error:
        # Emulators of other processors do not know it: qemu-user 7.2 does not.
        if error.errno != errno.EINVAL:
            raise


@contextlib.contextmanager
def deadly(signum: int) -> Iterator[None]:
    """Kills this process when SIGIO comes, as the default is here."""
    yield


def ended_child() -> tuple[int, bool] | None:
    """The pid of a child that has ended and is to be reaped, and whether a signal has ended it.

    None: there is none. Raises ChildProcessError if there are no children at all.
    """
    end = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    if end is None:
        return None
    return end.si_pid, end.si_code in (os.CLD_KILLED, os.CLD_DUMPED)


def threads() -> list[tuple[int, str]]:
    """The native ids and names of all threads of this process."""
    return [(task, _name(task)) for task in sorted(map(int, os.listdir(TASKS)))]


def unnamed_thread() -> str:
    """The name of a thread that nobody has named: that of the program."""
    return _name(os.getpid())


def _name(task: int) -> str:
    try:
        with open(f"{TASKS}/{task}/comm") as file:
            return file.read().strip()
    except OSError:
        return ""


def loaded_files() -> set[str]:
    """Paths of the files that are mapped."""
    with open("/proc/self/maps") as file:
        return {line[line.index("/") :].rstrip() for line in file if "/" in line}


def path_of(fd: int) -> str:
    """The path of an open file, as far as it has one."""
    return os.readlink(f"{DESCRIPTORS}/{fd}")
