"""Turns any exception into text that can be sent to Node."""

import asyncio
import logging
import os
import sys
import traceback
from types import TracebackType

from node_asgi_worker import _worker, logs

OUR_DIRECTORY = os.path.dirname(os.path.abspath(__file__)) + os.sep


def describe(exc: BaseException) -> tuple[str, str, str]:
    """(type name, message, traceback), each within its limit and valid UTF-8. Never raises."""
    return _type_name(exc), _message(exc), _traceback(exc)


def option(name: str) -> str:
    """Stands for the name of an option in the message of an error that Node turns into its own.

    Node replaces it with the name by which the user sets the option: `docroot` in a program,
    `--docroot` on the command line. Not for text that is logged or printed.
    """
    return f"{{option:{name}}}"


def report(what: str, exc: BaseException | None = None) -> None:
    """Writes an error to stderr, which Node reads.

    It does not use `logging`, because a dictConfig in the app would silently disable our loggers.
    """
    text = f"node-asgi: {what}"
    if exc is not None:
        text += "\n" + describe(exc)[2]
    write(text)


def write_of_request(text: str) -> None:
    """Writes an error of the request whose task runs, and names the request in the first line."""
    what, newline, rest = text.partition("\n")
    try:
        task = asyncio.current_task()
    except RuntimeError:
        task = None
    if task is not None:
        what += f" ({printable(task.get_name())})"
    write(what + newline + rest)


def printable(text: str) -> str:
    """In one line: the path of a request may contain anything."""
    return repr(text)[1:-1]


def write(text: str, level: int = logging.ERROR) -> None:
    """Writes one message, of one or more lines, to stderr."""
    text = text.rstrip("\n")
    stream = sys.stderr
    if logs.goes_to_node(stream):
        text = logs.mark(text, level)
    try:
        stream.write(text + "\n")
        stream.flush()
    except (OSError, ValueError, AttributeError):
        pass  # Node is gone, or the app has closed or removed stderr.


def app_frames(tb: TracebackType | None) -> TracebackType | None:
    """The part of the traceback that begins with the first frame of the app."""
    while tb is not None and _is_machinery(tb.tb_frame.f_code.co_filename):
        tb = tb.tb_next
    return tb


def _is_machinery(filename: str) -> bool:
    return filename.startswith((OUR_DIRECTORY, "<frozen importlib")) or filename.endswith(
        os.path.join("importlib", "__init__.py")
    )


def _type_name(exc: BaseException) -> str:
    # Not by attribute access: the metaclass may be code of the app.
    name, module = (
        type.__dict__[what].__get__(type(exc)) for what in ("__qualname__", "__module__")
    )
    name = str.__str__(name)  # It may be of a class of the app.
    if type(module) is not str or module == "builtins":
        return _bounded(name, _worker.MAX_ERROR_TYPE)
    return _bounded(f"{module}.{name}", _worker.MAX_ERROR_TYPE)


def _message(exc: BaseException) -> str:
    try:
        return _bounded(str(exc), _worker.MAX_ERROR_MESSAGE)
    except BaseException:
        return "<the exception cannot be shown: its __str__ raises>"


def _traceback(exc: BaseException) -> str:
    try:
        if _type_name(exc) == "bdb.BdbQuit":
            return _left_debugger(exc)
        lines = traceback.format_exception(type(exc), exc, app_frames(exc.__traceback__))
        return _bounded("".join(lines), _worker.MAX_TRACEBACK)
    except BaseException as failure:
        return f"<no traceback: formatting it raised {type(failure).__name__}>\n"


def _left_debugger(exc: BaseException) -> str:
    """Whoever leaves a debugger knows how he came to where it was."""
    frames = []
    for frame in traceback.extract_tb(exc.__traceback__):
        if os.path.basename(frame.filename) in ("bdb.py", "pdb.py"):
            break
        if not _is_machinery(frame.filename):
            frames.append(frame)
    where = "".join(traceback.format_list(frames[-1:]))
    return f"bdb.BdbQuit: the debugger was left here, which ends the request:\n{where}"


def _bounded(text: str, limit: int) -> str:
    """Cuts the middle out of text that takes more than `limit` bytes of UTF-8."""
    # Not text.encode(): the text may be of a class of the app.
    data = str.encode(text, "utf-8", "backslashreplace")
    if len(data) > limit:
        marker = b"\n... %d bytes left out ...\n" % (len(data) - limit)
        half = (limit - len(marker)) // 2
        data = data[:half] + marker + data[-half:]
    return data.decode("utf-8", "ignore")
