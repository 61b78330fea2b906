"""What libraries import when they are first used: better once, before workers are forked.

Each worker would do so by itself, at its startup or in its first request, and keep it in memory of
its own: anyio's part takes 7 MB and 80 ms (FastAPI with a middleware).
"""

import contextlib
import importlib
import sys

# By the library that imports it. The names are not public: one that is not there is left out.
MODULES = {
    "anyio": "anyio._backends._asyncio",
    "fastapi": "fastapi.telemetry._runtime",
}


def load() -> None:
    """Imports what belongs to libraries that have been imported."""
    for library, name in MODULES.items():
        if library in sys.modules:
            # Should it fail, the library says so when it needs it.
            with contextlib.suppress(Exception):
                importlib.import_module(name)
