"""Imports early what libraries import at their first use: once, before workers are forked.

Otherwise each worker imports it at its startup or in its first request, into memory of its own:
with FastAPI and a middleware, anyio's part takes 7 MB and 80 ms.
"""

import contextlib
import importlib
import sys

# What each library imports late. The names are private, so one that does not exist is skipped.
MODULES = {
    "anyio": "anyio._backends._asyncio",
    "fastapi": "fastapi.telemetry._runtime",
}


def load() -> None:
    """Imports the late part of every library that has been imported."""
    for library, name in MODULES.items():
        if library in sys.modules:
            # If it fails, the library will report that when it needs the module.
            with contextlib.suppress(Exception):
                importlib.import_module(name)
