"""Lets the level of a `logging` record survive the pipe to Node, one entry for each record.

The app's logging configuration is neither read nor changed: what is extended is the one place
where every StreamHandler writes, so it does not matter when or how handlers are made. The format
is known to addon/lib/worker/line-reader.js as well: RS, a letter for the level, the text with US for newlines.
"""

import io
import logging
import os

_MARKER = "\x1e"
# A newline in the text would end the entry on the pipe; the other two would be misread there.
_ON_ONE_LINE = str.maketrans({"\n": "\x1f", "\x1e": "?", "\x1f": "?"})

_standard_emit = logging.StreamHandler.emit

# What stdout and stderr are: (device, inode) tells also a later `dup2` onto the same fd.
_pipes: frozenset[tuple[int, int]] = frozenset()


def install() -> None:
    """To be called again in a forked worker, which has pipes of its own."""
    global _pipes
    _pipes = frozenset(filter(None, (_identity(fd) for fd in (1, 2))))
    # A preloaded module may have replaced it, perhaps by something that calls ours.
    if logging.StreamHandler.emit is _standard_emit:
        logging.StreamHandler.emit = _emit


def mark(text: str, level: int) -> str:
    """The text as one line, without the newline at its end, that carries the level."""
    if level < logging.INFO:
        letter = "D"
    elif level < logging.WARNING:
        letter = "I"
    elif level < logging.ERROR:
        letter = "W"
    else:
        letter = "E"
    return f"{_MARKER}{letter}{text.translate(_ON_ONE_LINE)}"


def goes_to_node(stream) -> bool:
    """Whether what is written to the stream ends in a pipe to Node, and only there.

    An object that stands in for a stream (a tee, a recorder) may write elsewhere too, so only
    Python's own type counts.
    """
    if type(stream) is not io.TextIOWrapper:
        return False
    try:
        return _identity(stream.fileno()) in _pipes
    except Exception:  # No file below it; closed; detached.
        return False


def _identity(fd: int) -> tuple[int, int] | None:
    try:
        status = os.fstat(fd)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _emit(self, record) -> None:
    """In the place of StreamHandler.emit.

    Not `format`: a subclass may put the text of super().format() inside other text, and one that
    overrides `emit` may send what it formats to a place where nobody knows the marker.
    """
    try:
        plain = self.terminator != "\n" or not goes_to_node(self.stream)
    except Exception:
        plain = True  # For example a subclass without a stream: its error is reported as ever.
    if plain:
        _standard_emit(self, record)
        return
    try:
        text = self.format(record)
        try:
            line = mark(text, record.levelno)
        except Exception:  # For example a record that was made without a level.
            line = text
        self.stream.write(line + "\n")
        self.flush()
    except RecursionError:  # As in StreamHandler.emit.
        raise
    except Exception:
        self.handleError(record)
