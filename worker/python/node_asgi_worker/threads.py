"""Which threads run in this process: forking is safe only beside none."""

import os
import threading
import time

# A thread that was joined may be listed for a moment longer.
SETTLE = 0.1


def others() -> list[str]:
    """Names of all threads but the main one, native ones included."""
    known = {thread.native_id: thread.name for thread in threading.enumerate()}
    return [
        known.get(int(task)) or _native_name(task)
        for task in sorted(os.listdir("/proc/self/task"), key=int)
        if int(task) != os.getpid()
    ]


def left_running() -> list[str]:
    """As others(), but gives threads that are just ending the time to end."""
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
