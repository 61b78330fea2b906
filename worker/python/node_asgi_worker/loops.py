"""Chooses the event loop, runs it, and knows how to make tasks for requests on it."""

import asyncio
import sys
from collections.abc import Callable, Coroutine

EAGER_TASKS = sys.version_info >= (3, 12)
# Stands for the name that a RequestTask makes when somebody asks.
TASK_NAME = "node-asgi request"


class RequestTask(asyncio.Task):
    """The task of a request: its name is the method and the path."""

    __slots__ = ()

    def get_name(self) -> str:
        name = super().get_name()
        if name is not TASK_NAME:
            return name
        # None if the task ended in its first step.
        return getattr(self.get_coro(), "request_name", TASK_NAME)


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

    Where Python can do it, the first step of the task runs at once. In debug mode it does not, so
    that a warning about a slow step names the task and not the function that takes requests.
    """
    if loop.get_task_factory() is not None:
        return loop.create_task, {}
    # What create_task() does. Skipping it, and a name that need not be formatted, give 1.08 times
    # the requests.
    options = {"loop": loop, "name": TASK_NAME}
    if EAGER_TASKS:
        options["eager_start"] = not loop.get_debug()
        loop.set_debug = _eager_unless_debugging(loop, options)
    return RequestTask, options


def _eager_unless_debugging(loop: asyncio.AbstractEventLoop, options: dict) -> Callable:
    """set_debug() of the loop, which changes the options of task_spawner() with the mode."""
    set_debug = loop.set_debug

    def follow(enabled: bool) -> None:
        set_debug(enabled)
        options["eager_start"] = not enabled

    return follow
