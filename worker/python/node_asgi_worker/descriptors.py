"""Tells the descriptors that a program has inherited from those that it has opened itself."""

import contextlib
import os

from node_asgi_worker import system

STDIO = (0, 1, 2)


def keep_of_inherited(wanted: list[int]) -> None:
    """Closes what was inherited, except stdio and `wanted`, which no later program inherits.

    What this process has opened stays open: the interpreter itself (PYTHONPERFSUPPORT) and
    sitecustomize open files before main.py runs, and would go on to use their numbers.
    """
    for fd in wanted:
        os.set_inheritable(fd, False)
    for fd in map(int, os.listdir(system.DESCRIPTORS)):
        with contextlib.suppress(OSError):  # listdir() has closed its own.
            if fd not in STDIO and _is_inherited(fd):
                os.close(fd)


def _is_inherited(fd: int) -> bool:
    """Only what was inherited lacks close-on-exec, which Python sets on each that it opens.

    CPython 3.13 forgets to for the file of PYTHON_PERF_JIT_SUPPORT.
    """
    if not os.get_inheritable(fd):
        return False
    return os.path.basename(system.path_of(fd)) != f"jit-{os.getpid()}.dump"
