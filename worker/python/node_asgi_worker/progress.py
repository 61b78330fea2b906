"""Reports which module is being imported, for whoever waits for the start in a terminal.

No worker imports this module unless Node asks for it.
"""

import contextlib
import logging
import sys
import time
from collections.abc import Iterator

from node_asgi_worker import logs

# Seconds between two reports, apart from those about another package.
PAUSE = 0.1


class _Reporter:
    """Stands first on sys.meta_path, finds nothing, and so sees what is about to be imported."""

    def __init__(self):
        self._package = ""
        self._told = 0.0

    def find_spec(self, name: str, path=None, target=None) -> None:
        package = name.partition(".")[0]
        now = time.monotonic()
        if package == self._package and now < self._told + PAUSE:
            return
        self._package = package
        self._told = now
        # Without the rest of errors.write(): an application has not had a chance to replace stderr.
        if logs.goes_to_node(sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                sys.stderr.write(logs.mark(f"node-asgi: importing {name}", logging.DEBUG) + "\n")
                sys.stderr.flush()


@contextlib.contextmanager
def reported() -> Iterator[None]:
    """While this lasts, each import is reported."""
    reporter = _Reporter()
    sys.meta_path.insert(0, reporter)
    try:
        yield
    finally:
        with contextlib.suppress(ValueError):  # The application may have replaced the list.
            sys.meta_path.remove(reporter)
