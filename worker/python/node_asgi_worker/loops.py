"""Chooses the event loop, runs it, and knows how to make tasks for requests on it."""

import asyncio
import importlib.util
import sys
from collections.abc import Callable, Coroutine

EAGER_TASKS = sys.version_info >= (3, 12)
# Modules with which a task can run the loop that runs it. They cannot do that in a step that runs
# at once: it is part of the callback that takes requests, which the nested loop could not call.
NESTING_MODULES = ("nest_asyncio", "nest_asyncio2")
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


class Loop(asyncio.SelectorEventLoop):
    """The loop of asyncio, which nest_asyncio may patch while it runs.

    nest_asyncio replaces `_run_once`, so that a task can run the loop. The turn that is running
    then is still one of asyncio: it counts the handles that are ready before it calls them, and
    raises IndexError when the nested turns have called some of them already.
    """

    _stop_wanted = False

    def stop(self) -> None:
        super().stop()
        self._stop_wanted = True

    def run_forever(self) -> None:
        self._stop_wanted = self._stopping
        while True:
            try:
                return super().run_forever()
            except IndexError:
                if self._ready or not hasattr(self, "_nest_patched"):
                    raise
            if self._stop_wanted:  # run_forever() has forgotten it.
                return None


def choose(name: str) -> str:
    """The loop to run. To be called after the application was imported.

    'auto' is uvloop if it can be imported, unless the application has imported a module that can
    nest only a loop of asyncio. 'uvloop' may raise ImportError.
    """
    if name == "asyncio":
        return name
    if name == "auto" and any(module in sys.modules for module in NESTING_MODULES):
        return "asyncio"
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
        factory = uvloop.new_event_loop if name == "uvloop" else Loop
        with asyncio.Runner(loop_factory=factory) as runner:
            return runner.run(main)
    policy = uvloop.EventLoopPolicy() if name == "uvloop" else asyncio.DefaultEventLoopPolicy()
    if name != "uvloop":
        policy._loop_factory = Loop
    asyncio.set_event_loop_policy(policy)
    # Not asyncio.run, which nest_asyncio replaces by one that runs the loop of that moment.
    return asyncio.runners.run(main)


def task_spawner(loop: asyncio.AbstractEventLoop) -> tuple[Callable[..., asyncio.Task], dict]:
    """(function, options): function(coroutine, **options) makes the task of a request.

    Where Python can do it, the first step of the task runs at once. In debug mode it does not, so
    that a warning about a slow step names the task and not the function that takes requests, nor
    where the application may nest loops.
    """
    if loop.get_task_factory() is not None:
        return loop.create_task, {}
    # What create_task() does. Skipping it, and a name that need not be formatted, give 1.08 times
    # the requests.
    options = {"loop": loop, "name": TASK_NAME}
    if EAGER_TASKS and not _may_nest(loop):
        options["eager_start"] = not loop.get_debug()
        loop.set_debug = _eager_unless_debugging(loop, options)
    return RequestTask, options


def _may_nest(loop: asyncio.AbstractEventLoop) -> bool:
    """Whether a module that can nest this loop is installed. It may be imported in a request."""
    return isinstance(loop, Loop) and any(
        name in sys.modules or importlib.util.find_spec(name) for name in NESTING_MODULES
    )


def _eager_unless_debugging(loop: asyncio.AbstractEventLoop, options: dict) -> Callable:
    """set_debug() of the loop, which changes the options of task_spawner() with the mode."""
    set_debug = loop.set_debug

    def follow(enabled: bool) -> None:
        set_debug(enabled)
        options["eager_start"] = not enabled

    return follow
