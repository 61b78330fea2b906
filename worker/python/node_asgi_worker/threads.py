"""Lists the threads of this process. Forking is safe only when there is no other thread."""

import os
import signal
import threading
import time
import warnings

# Seconds. The kernel may list a thread for a moment after it was joined.
SETTLE = 0.1
# Seconds that a rehearsed fork may take.
REHEARSAL = 1.0
# Libraries whose at-fork handlers end their threads; they start again when they are needed. By part
# of the name of their files.
END_AT_FORK = ("openblas",)
# Libraries that are known by the names of their threads.
NAMES = {
    "polars": ("polars", "jemalloc_bg_thd", "tokio-rt-worker"),
    "gRPC": ("grpc_", "event_engine", "resolver-execut", "lifeguard", "timer_manager"),
    "PyTorch": ("pt_",),
}
# Libraries whose threads have no names, by part of the name of their files: what they are called,
# and the variable that keeps them from starting threads.
VARIABLES = {
    "openblas": ("OpenBLAS", "OPENBLAS_NUM_THREADS"),
    "mkl_rt": ("MKL", "MKL_NUM_THREADS"),
    "mkl_core": ("MKL", "MKL_NUM_THREADS"),
    "gomp": ("OpenMP", "OMP_NUM_THREADS"),
    "iomp5": ("OpenMP", "OMP_NUM_THREADS"),
    "libomp": ("OpenMP", "OMP_NUM_THREADS"),
}


def others() -> list[str]:
    """Names of all threads except the main one, native ones included."""
    known = {thread.native_id: thread.name for thread in threading.enumerate()}
    return [
        known.get(int(task)) or _native_name(task)
        for task in sorted(os.listdir("/proc/self/task"), key=int)
        if int(task) != os.getpid()
    ]


def left_running() -> list[str]:
    """Like others(), but ends those that a fork would end, and gives others time to end.

    Threads of a library that is known are one entry, which says what keeps it from starting them.
    """
    names = others()
    if names and any(library in file for library in END_AT_FORK for file in _loaded()):
        _rehearse_fork()
    deadline = time.monotonic() + SETTLE
    while (names := others()) and time.monotonic() < deadline:
        time.sleep(0.005)
    return _explained(names) if names else []


def _rehearse_fork() -> None:
    """Forks a process that ends at once, so that at-fork handlers run here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # There are threads, we know.
        pid = os.fork()
    if pid == 0:
        os._exit(0)
    deadline = time.monotonic() + REHEARSAL
    while os.waitpid(pid, os.WNOHANG)[0] == 0:
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.001)


def _loaded() -> set[str]:
    """Names of the files that are mapped, in lower case."""
    with open("/proc/self/maps") as file:
        return {os.path.basename(line.rstrip()).lower() for line in file if "/" in line}


def _explained(names: list[str]) -> list[str]:
    counts: dict[str, int] = {}
    rest = []
    files = _loaded()
    unnamed = {
        library: variable
        for part, (library, variable) in VARIABLES.items()
        if any(part in file for file in files)
    }
    # The variable prevents them.
    suspects = " or ".join(
        f"{library} (set {variable}=1 in the environment)" for library, variable in unnamed.items()
    )
    for name in names:
        library = next((each for each, known in NAMES.items() if name.startswith(known)), None)
        if library is not None:
            counts[library] = counts.get(library, 0) + 1
        elif suspects and name == _native_name(str(os.getpid())):
            counts[suspects] = counts.get(suspects, 0) + 1
        else:
            rest.append(name)
    return [*(f"{count} of {library}" for library, count in counts.items()), *rest]


def _native_name(task: str) -> str:
    try:
        with open(f"/proc/self/task/{task}/comm") as file:
            return f"{file.read().strip()} (native)"
    except OSError:
        return "(native)"
