"""Keeps each `logging` record one entry, with its level, on its way through a pipe to Node.

The app's logging configuration is neither read nor changed. What is extended is the one method with
which every StreamHandler writes, so it does not matter when or how handlers are made.

The format, which addon/lib/worker/line-reader.js reads: RS, a letter for the level, then the text
with US in place of each newline.
"""

import io
import logging
import os

_MARKER = "\x1e"
# In the text, a newline would end the entry, and RS and US would be misread.
_ON_ONE_LINE = str.maketrans({"\n": "\x1f", "\x1e": "?", "\x1f": "?"})

_standard_emit = logging.StreamHandler.emit

# (device, inode) of stdout and stderr. They show a later dup2 onto the same descriptor, too.
_pipes: frozenset[tuple[int, int]] = frozenset()


def install() -> None:
    """Must be called again in a forked worker, which has its own pipes."""
    global _pipes
    _pipes = frozenset(filter(None, (_identity(fd) for fd in (1, 2))))
    # A preloaded module may have replaced it, perhaps with something that calls ours.
    if logging.StreamHandler.emit is _standard_emit:
        logging.StreamHandler.emit = _emit


def mark(text: str, level: int) -> str:
    """The text as one entry that carries the level, without the newline that ends it."""
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
