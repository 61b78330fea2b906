"""Prints where a worker is when Node asks: the stacks of its threads, then those of its tasks.

Node sends a signal. faulthandler prints the threads without the GIL, so that works however the
event loop is blocked. Then it passes the signal on to Python, which prints the tasks as soon as the
main thread runs Python code again: a task that waits is on no thread. A loop that is idle does so
at once, and so does one that is blocked in Python code or in time.sleep().
"""

import asyncio
import faulthandler
import os
import signal
import traceback
from collections.abc import Iterator
from types import FrameType

from node_asgi_worker import _worker, errors

MAX_TASKS = 200
MAX_FRAMES = 50
# Bytes of all tasks together.
MAX_TEXT = 250_000
STDERR = 2
# Node reads until it finds this line.
LAST_LINE = "End of the stacks"

ASYNCIO = os.path.dirname(asyncio.__file__) + os.sep
# How a coroutine, a generator and an asynchronous generator call their frame and what they await.
CHAINS = (("cr_frame", "cr_await"), ("gi_frame", "gi_yieldfrom"), ("ag_frame", "ag_await"))


def install() -> None:
    """From now on, the signal prints the stacks. To be called in the main thread."""
    signal.signal(_worker.STACKS_SIGNAL, _print_tasks)
    faulthandler.register(_worker.STACKS_SIGNAL, file=STDERR, all_threads=True, chain=True)


def _print_tasks(signum: int, frame: FrameType | None) -> None:
    try:
        text = describe_tasks(frame)
    except Exception as exc:  # It interrupts the application, which must not see it.
        text = f"The tasks cannot be shown: {type(exc).__name__}\n"
    data = f"\n{text}{LAST_LINE}\n".encode("utf-8", "backslashreplace")
    # Not sys.stderr: the application may be writing to it at this moment.
    while data:
        try:
            data = data[os.write(STDERR, data) :]
        except OSError:
            return  # Node is gone, or the app has closed stderr.


def describe_tasks(frame: FrameType | None) -> str:
    """The tasks of the loop that runs in this thread. `frame` is where the running one is."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return ""
    running = asyncio.current_task(loop)
    blocks = []
    size = 0
    tasks = [task for task in asyncio.all_tasks(loop) if not _is_ours(task)]
    tasks.sort(key=lambda task: (task is not running, not _is_request(task), task.get_name()))
    for task in tasks[:MAX_TASKS]:
        frames = list(_running_frames(frame) if task is running else _waiting_frames(task))
        block = _title(task, running) + "".join(_format(frames)) + _waiter(task)
        size += len(block)
        if size > MAX_TEXT:
            break
        blocks.append(block + "\n")
    if len(blocks) < len(tasks):
        blocks.append(f"Task {len(tasks) - len(blocks)} more, not shown (waiting):\n\n")
    return "".join(blocks)


def _title(task: asyncio.Task, running: asyncio.Task | None) -> str:
    state = "running" if task is running else "waiting"
    return f"Task {errors.printable(task.get_name())} ({state}):\n"


def _waiter(task: asyncio.Task) -> str:
    waiter = getattr(task, "_fut_waiter", None)
    if waiter is None:
        return ""
    name = f" {waiter.get_name()}" if isinstance(waiter, asyncio.Task) else ""
    return f"  waits for {errors.printable(type(waiter).__name__ + name)}\n"


def _is_request(task: asyncio.Task) -> bool:
    return hasattr(type(task.get_coro()), "request_name")


def _is_ours(task: asyncio.Task) -> bool:
    code = getattr(task.get_coro(), "cr_code", None)
    return code is not None and code.co_filename.startswith(errors.OUR_DIRECTORY)


def _waiting_frames(task: asyncio.Task) -> Iterator[FrameType]:
    """The outermost first."""
    awaited = task.get_coro()
    for _ in range(MAX_FRAMES):
        frame, awaited = _step(awaited)
        if frame is None:
            return
        yield frame


def _step(awaited) -> tuple[FrameType | None, object]:
    """The frame of something that is awaited, and what it awaits itself."""
    for frame_name, awaited_name in CHAINS:
        frame = getattr(awaited, frame_name, None)
        if frame is not None:
            return frame, getattr(awaited, awaited_name, None)
    return None, None


def _running_frames(frame: FrameType | None) -> list[FrameType]:
    """The outermost first, without those of the event loop."""
    frames = []
    while frame is not None:
        frames.append(frame)
        frame = frame.f_back
    while frames and _is_machinery(frames[-1].f_code.co_filename):
        frames.pop()
    return frames[:MAX_FRAMES][::-1]


def _is_machinery(filename: str) -> bool:
    folder = os.path.dirname(os.path.dirname(errors.OUR_DIRECTORY))  # main.py is there
    return filename.startswith((errors.OUR_DIRECTORY, ASYNCIO, "<frozen")) or (
        os.path.dirname(filename) == folder
    )


def _format(frames: list[FrameType]) -> list[str]:
    return traceback.StackSummary.extract((frame, frame.f_lineno) for frame in frames).format()
