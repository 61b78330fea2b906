"""Keeps each `logging` record one entry, with its level, on its way through a pipe to Node.

The app's logging configuration is neither read nor changed; only the loggers of other servers are
set up before it (install_server_loggers). What is extended is the one method with
which every StreamHandler writes, so it does not matter when or how handlers are made.

common/wire/control.h has the format, which addon/lib/worker/line-reader.js reads.
"""

import bisect
import io
import logging
import os
import sys

from node_asgi_worker import _worker

# In the text, a newline would end the entry, and the marks would be misread.
_ON_ONE_LINE = str.maketrans(
    {"\n": _worker.NEWLINE_MARK, _worker.RECORD_MARK: "?", _worker.NEWLINE_MARK: "?"}
)

# The loggers that other servers set up before they import the application, and the stream that each
# writes to. Applications log with them, and take their handlers for loggers of their own.
_SERVER_LOGGERS = {
    "uvicorn": "stderr",
    "uvicorn.access": "stdout",
    "gunicorn.error": "stderr",
    "gunicorn.access": "stdout",
    "hypercorn.error": "stderr",
    "hypercorn.access": "stdout",
}

_standard_emit = logging.StreamHandler.emit

_LEVELS = (logging.INFO, logging.WARNING, logging.ERROR)

# (device, inode) of stdout and stderr. They show a later dup2 onto the same descriptor, too.
_pipes: frozenset[tuple[int, int]] = frozenset()


def install() -> None:
    """Must be called again in a forked worker, which has its own pipes."""
    global _pipes
    _pipes = frozenset(filter(None, (_identity(fd) for fd in (1, 2))))
    # A preloaded module may have replaced it, perhaps with something that calls ours.
    if logging.StreamHandler.emit is _standard_emit:
        logging.StreamHandler.emit = _emit


class _ServerFormatter(logging.Formatter):
    """The format of uvicorn: `INFO:     text`."""

    def formatMessage(self, record):
        return f"{record.levelname + ':':<9} {super().formatMessage(record)}"


def install_server_loggers() -> None:
    """To be called before the application is imported, which may then change what it likes."""
    for name, stream in _SERVER_LOGGERS.items():
        logger = logging.getLogger(name)
        if logger.handlers:
            continue  # Set up already, for example by sitecustomize.
        handler = logging.StreamHandler(getattr(sys, stream))
        handler.setFormatter(_ServerFormatter())
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
        logger.propagate = False
    logging.getLogger("uvicorn.error").setLevel(logging.INFO)


def mark(text: str, level: int) -> str:
    """The text as one entry that carries the level, without the newline that ends it."""
    # The letters are those of debug and of these levels.
    letter = _worker.LEVEL_LETTERS[bisect.bisect_right(_LEVELS, level)]
    return f"{_worker.RECORD_MARK}{letter}{text.translate(_ON_ONE_LINE)}"


def goes_to_node(stream) -> bool:
    """Whether what is written to the stream goes to a pipe to Node, and nowhere else.

    An object that imitates a stream (a tee, a recorder) may write elsewhere too, so only Python's
    own type counts.
    """
    if type(stream) is not io.TextIOWrapper:
        return False
    try:
        return _identity(stream.fileno()) in _pipes
    except Exception:  # It has no file, or is closed or detached.
        return False


def _identity(fd: int) -> tuple[int, int] | None:
    try:
        status = os.fstat(fd)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _emit(self, record) -> None:
    """Replaces StreamHandler.emit.

    Not StreamHandler.format: a subclass may embed what super().format() returns in other text, and
    one that overrides `emit` may send it to a place that does not know the marker.
    """
    try:
        plain = self.terminator != "\n" or not goes_to_node(self.stream)
    except Exception:
        plain = True  # For example a subclass without a stream: logging reports its error.
    if plain:
        _standard_emit(self, record)
        return
    try:
        text = self.format(record)
        try:
            line = mark(text, record.levelno)
        except Exception:  # For example a record made without a level.
            line = text
        self.stream.write(line + "\n")
        self.flush()
    except RecursionError:  # As in StreamHandler.emit.
        raise
    except Exception:
        self.handleError(record)
