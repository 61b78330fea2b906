"""Lists the threads of this process. Forking is safe only when there is no other thread."""

import os
import signal
import threading
import time
import warnings

from node_asgi_worker import system

# Seconds. The kernel may list a thread for a moment after it was joined.
SETTLE = 0.1
# Seconds that a rehearsed fork may take.
REHEARSAL = 1.0
# Libraries are known by a part of the last two names in the path of their files.
# Those whose at-fork handlers end their threads; they start again when they are needed.
END_AT_FORK = ("openblas",)
# Threads whose library prepares the child of a fork itself, by name.
FORK_SAFE = ("jemalloc_bg_thd",)
# The implementations of OpenMP. That of GNU hangs in a forked process if it had threads before.
OPENMP = ("libgomp", "libiomp5", "libomp")
# omp_pause_hard of OpenMP 5.0: gives up all threads. They start again when they are needed.
PAUSE_HARD = 2
# Libraries that are known by the names of their threads.
NAMES = {
    "polars": ("polars", "tokio-rt-worker", "async-executor-"),
    "gRPC": ("grpc_", "event_engine", "resolver-execut", "lifeguard", "timer_manager"),
    "PyTorch": ("pt_",),
    "OpenMP (set OMP_NUM_THREADS=1 in the environment)": ("openmp_worker",),
}
# Libraries whose threads have no names, by file: what they are called, and the variable that keeps
# them from starting threads.
VARIABLES = {
    "openblas": ("OpenBLAS", "OPENBLAS_NUM_THREADS"),
    "mkl_rt": ("MKL", "MKL_NUM_THREADS"),
    "mkl_core": ("MKL", "MKL_NUM_THREADS"),
    **{part: ("OpenMP", "OMP_NUM_THREADS") for part in OPENMP},
    "numexpr/": ("numexpr", "NUMEXPR_NUM_THREADS"),
    "cv2/": ("OpenCV", "OPENCV_FOR_THREADS_NUM"),
    "libarrow": ("pyarrow", None),
}


def others() -> list[str]:
    """Names of all threads that make a fork unsafe: native ones too, but not this one."""
    known = {thread.native_id: thread.name for thread in threading.enumerate()}
    names = [
        known.get(task) or _native(name)
        for task, name in system.threads()
        if task != threading.get_native_id()
    ]
    return [name for name in names if not name.startswith(FORK_SAFE)]


def left_running() -> list[str]:
    """Like others(), but ends those that a library can end, and gives others time to end.

    Threads of a library that is known are one entry, which says what keeps it from starting them.
    """
    names = others()
    if not names:
        return []
    ended = _pause_openmp() + _rehearse_fork()
    deadline = time.monotonic() + SETTLE
    while (names := others()) and time.monotonic() < deadline:
        time.sleep(0.005)
    return _explained(names, ended) if names else []


def fork() -> int:
    """Forks, whatever threads there are: others() has said whether that is safe."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def _pause_openmp() -> tuple[str, ...]:
    """Ends the threads of OpenMP. Returns the libraries that have done so."""
    paused = {
        path: _pause(path)
        for path in system.loaded_files()
        if any(_is(path, part) for part in OPENMP)
    }
    return tuple(
        part
        for part in OPENMP
        if (results := [paused[path] for path in paused if _is(path, part)]) and all(results)
    )


def _pause(path: str) -> bool:
    try:
        import ctypes  # Nobody else needs it here.

        # Only what is loaded: another copy would know nothing of the threads.
        library = ctypes.CDLL(path, mode=os.RTLD_NOLOAD | os.RTLD_NOW)
        return library.omp_pause_resource_all(PAUSE_HARD) == 0
    except (ImportError, OSError, AttributeError):
        return False  # Older than OpenMP 5.0, or the file has been replaced since.


def _rehearse_fork() -> tuple[str, ...]:
    """Forks a process that ends at once, so that at-fork handlers run here.

    Returns the libraries that have ended their threads.
    """
    loaded = system.loaded_files()
    ended = tuple(part for part in END_AT_FORK if any(_is(path, part) for path in loaded))
    if not ended:
        return ()
    pid = fork()
    if pid == 0:
        os._exit(0)
    deadline = time.monotonic() + REHEARSAL
    while os.waitpid(pid, os.WNOHANG)[0] == 0:
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.001)
    return ended


def _is(path: str, part: str) -> bool:
    return part in "/".join(path.lower().split("/")[-2:])


def _explained(names: list[str], innocent: tuple[str, ...] = ()) -> list[str]:
    counts: dict[str, int] = {}
    rest = []
    loaded = system.loaded_files()
    unnamed = {
        library: variable
        for part, (library, variable) in VARIABLES.items()
        if part not in innocent and any(_is(path, part) for path in loaded)
    }
    # The variable prevents them.
    suspects = " or ".join(
        f"{library} (set {variable}=1 in the environment)" if variable else library
        for library, variable in unnamed.items()
    )
    for name in names:
        library = next((each for each, known in NAMES.items() if name.startswith(known)), None)
        if library is not None:
            counts[library] = counts.get(library, 0) + 1
        elif suspects and name == _native(system.unnamed_thread()):
            counts[suspects] = counts.get(suspects, 0) + 1
        else:
            rest.append(name)
    return [*(f"{count} of {library}" for library, count in counts.items()), *rest]


def _native(name: str) -> str:
    return f"{name} (native)" if name else "(native)"
