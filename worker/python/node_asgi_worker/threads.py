"""Lists the threads of this process. Forking is safe only when there is no other thread."""

import os
import threading
import time

# Seconds. The kernel may list a thread for a moment after it was joined.
SETTLE = 0.1


def others() -> list[str]:
    """Names of all threads except the main one, native ones included."""
    known = {thread.native_id: thread.name for thread in threading.enumerate()}
    return [
        known.get(int(task)) or _native_name(task)
        for task in sorted(os.listdir("/proc/self/task"), key=int)
        if int(task) != os.getpid()
    ]


def left_running() -> list[str]:
    """Like others(), but gives threads that are just ending time to end."""
    deadline = time.monotonic() + SETTLE
    while (names := others()) and time.monotonic() < deadline:
        time.sleep(0.005)
    return names


def _native_name(task: str) -> str:
    try:
        with open(f"/proc/self/task/{task}/comm") as file:
            return f"{file.read().strip()} (native)"
    except OSError:
        return "(native)"
