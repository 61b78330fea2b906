"""Turns exceptions into text that may cross to Node, whatever the exception is."""

import logging
import os
import sys
import traceback
from types import TracebackType

from node_asgi_worker import logs

OUR_DIRECTORY = os.path.dirname(os.path.abspath(__file__)) + os.sep
MAX_TRACEBACK = 32 * 1024
MAX_MESSAGE = 8 * 1024


def describe(exc: BaseException) -> tuple[str, str, str]:
    """(type name, message, traceback), each bounded and valid UTF-8. Never raises."""
    return _type_name(exc), _message(exc), _traceback(exc)


def report(what: str, exc: BaseException | None = None) -> None:
    """Writes an error to stderr, which Node passes on.

    Not to `logging`: a dictConfig in the app would silently switch our loggers off.
    """
    text = f"node-asgi: {what}"
    if exc is not None:
        text += "\n" + describe(exc)[2]
    write(text)


def write(text: str) -> None:
    """One message, of one line or more, on stderr."""
    text = text.rstrip("\n")
    stream = sys.stderr
    if logs.goes_to_node(stream):
        text = logs.mark(text, logging.ERROR)
    try:
        stream.write(text + "\n")
        stream.flush()
    except (OSError, ValueError, AttributeError):
        pass  # Node is gone, or the app closed or removed stderr: there is nobody to tell.


def app_frames(tb: TracebackType | None) -> TracebackType | None:
    """The traceback from the first frame on that is neither ours nor the import system's."""
    while tb is not None and _is_machinery(tb.tb_frame.f_code.co_filename):
        tb = tb.tb_next
    return tb


def _is_machinery(filename: str) -> bool:
    return filename.startswith((OUR_DIRECTORY, "<frozen importlib")) or filename.endswith(
        os.path.join("importlib", "__init__.py")
    )


def _type_name(exc: BaseException) -> str:
    # Past the metaclass, which may be the app's own code.
    name, module = (
        type.__dict__[what].__get__(type(exc)) for what in ("__qualname__", "__module__")
    )
    if type(module) is not str or module == "builtins":
        return _bounded(name, MAX_MESSAGE)
    return _bounded(f"{module}.{name}", MAX_MESSAGE)


def _message(exc: BaseException) -> str:
    try:
        return _bounded(str(exc), MAX_MESSAGE)
    except BaseException:
        return "<the exception cannot be shown: its __str__ raises>"


def _traceback(exc: BaseException) -> str:
    try:
        lines = traceback.format_exception(type(exc), exc, app_frames(exc.__traceback__))
        return _bounded("".join(lines), MAX_TRACEBACK)
    except BaseException as failure:
        return f"<no traceback: formatting it raised {type(failure).__name__}>\n"


def _bounded(text: str, limit: int) -> str:
    """At most `limit` bytes of UTF-8; head and tail are kept, since both say what went wrong."""
    data = text.encode("utf-8", "backslashreplace")
    if len(data) > limit:
        marker = b"\n... %d bytes left out ...\n" % (len(data) - limit)
        half = (limit - len(marker)) // 2
        data = data[:half] + marker + data[-half:]
    return data.decode("utf-8", "ignore")
