"""Makes an ASGI 3 application of any application: ASGI 2 and WSGI ones are wrapped."""

import inspect
from collections.abc import Callable
from functools import partial
from types import FunctionType

from node_asgi_worker import errors, packages

# The arguments that an application of each interface is called with.
_CALLED_WITH = {
    "asgi": ("scope", "receive", "send"),
    "wsgi": ("environ", "start_response"),
    "asgi2": ("scope",),
}

# The method with which an instance is what the call of a class has to return.
_RETURNS = {"asgi": "__await__", "wsgi": "__iter__", "asgi2": "__call__"}


class InterfaceError(Exception):
    """The interface does not fit the application. The message continues its name."""


def adapt(app: Callable, interface: str, threads: int) -> Callable:
    """The application as ASGI 3. Raises InterfaceError.

    https://asgi.readthedocs.io/en/latest/specs/main.html (also of ASGI 2, "legacy applications"),
    https://peps.python.org/pep-3333/
    """
    if interface == "auto":
        if _hides_its_arguments(app):
            return _from_either(app)
        interface = _recognised(app)
    elif not _accepts(app, interface):
        raise InterfaceError(_mismatch(app, interface))
    if interface == "wsgi":
        return _from_wsgi(app, threads)
    if interface == "asgi2":
        return _from_asgi2(app)
    return app


def _recognised(app: Callable) -> str:
    if _fits(app, "asgi"):
        return "asgi"
    if not _is_coroutine_function(app):  # The calls of WSGI and ASGI 2 return at once.
        fitting = [name for name in ("wsgi", "asgi2") if _fits(app, name)]
        if len(fitting) > 1:  # The second argument has a default.
            return "asgi2" if _first_argument(app) == "scope" else "wsgi"
        if fitting:
            return fitting[0]
    raise InterfaceError(_mismatch(app, "asgi"))


def _fits(app: Callable, interface: str) -> bool:
    if not _accepts(app, interface):
        return False
    if not inspect.isclass(app) or type(app).__call__ is not type.__call__:
        return True
    return any(_RETURNS[interface] in vars(base) for base in app.__mro__)


def _is_coroutine_function(app: Callable) -> bool:
    while isinstance(app, partial):
        app = app.func
    function = app if inspect.isroutine(app) else type(app).__call__
    return inspect.iscoroutinefunction(inspect.unwrap(function))


def _hides_its_arguments(app: Callable) -> bool:
    """Whether it is a plain `def app(*args)`, such as a decorator makes without functools.wraps."""
    if _plainly_takes(app, len(_CALLED_WITH["asgi"])) or _is_coroutine_function(app):
        return False
    try:
        parameters = _signature(app).parameters.values()
    except Exception:
        return False
    return [each.kind for each in parameters][:1] == [inspect.Parameter.VAR_POSITIONAL]


def _first_argument(app: Callable) -> str:
    return next(iter(_signature(app).parameters))


def _accepts(app: Callable, interface: str) -> bool:
    return _takes(app, _CALLED_WITH[interface])


def _takes(app: Callable, arguments: tuple[str, ...]) -> bool:
    # True of nearly every application, and inspect would cost a worker 1 ms and 0.4 MB.
    if _plainly_takes(app, len(arguments)):
        return True
    try:
        signature = _signature(app)
    except Exception:
        return True  # Written in C, for example. Calling it will show whether it fits.
    try:
        signature.bind(*arguments)
    except TypeError:
        return False
    return True


def _plainly_takes(app: Callable, count: int) -> bool:
    """Whether it is a function, or an object with a method, of exactly `count` arguments."""
    function = app if isinstance(app, FunctionType) else _call_of_instances(type(app))
    if not isinstance(function, FunctionType):
        return False
    code = function.__code__
    arguments = code.co_argcount if function is app else code.co_argcount - 1
    return arguments == count and code.co_kwonlyargcount == 0


def _call_of_instances(cls: type):
    """`__call__` as the class has it: for example still a staticmethod."""
    return next((vars(base)["__call__"] for base in cls.__mro__ if "__call__" in vars(base)), None)


def _signature(app: Callable) -> inspect.Signature:
    # inspect takes the first argument of a static method for `self`.
    is_static = isinstance(_call_of_instances(type(app)), staticmethod)
    return inspect.signature(app.__call__ if is_static else app)


def _mismatch(app: Callable, interface: str) -> str:
    why = f"what it makes has no {_RETURNS[interface]}"
    try:
        _signature(app).bind(*_CALLED_WITH[interface])
    except (TypeError, ValueError) as exc:  # ValueError: it is written in C and has no signature.
        why = str(exc)
    hint = ""
    if _accepts_nothing(app):
        hint = f"; if it builds the application, set {errors.option('factory')}"
    else:
        # The calls of WSGI and ASGI 2 return at once.
        possible = ["asgi"] if _is_coroutine_function(app) else list(_CALLED_WITH)
        fitting = [name for name in possible if name != interface and _accepts(app, name)]
        if fitting:
            hint = f"; try {errors.option('interface')} {' or '.join(map(repr, fitting))}"
    return f"cannot be called with ({', '.join(_CALLED_WITH[interface])}): {why}{hint}"


def _accepts_nothing(app: Callable) -> bool:
    try:
        return not _signature(app).parameters
    except ValueError:
        return False


def _from_asgi2(app: Callable) -> Callable:
    async def asgi3(scope, receive, send):
        instance = app(scope)
        if not callable(instance) or not _takes(instance, ("receive", "send")):
            raise TypeError(_not_asgi2(app, instance))
        await instance(receive, send)

    return asgi3


def _from_either(app: Callable) -> Callable:
    """For an application of ASGI 3 or 2: its signature does not show which, but its calls do."""
    asgi2 = _from_asgi2(app)

    def asgi3(scope, receive, send):
        try:
            return app(scope, receive, send)
        except TypeError as exc:
            if _was_raised_by_the_call(exc):
                return asgi2(scope, receive, send)
            raise

    return asgi3


def _was_raised_by_the_call(exc: TypeError) -> bool:
    """Whether some function was called with wrong arguments, rather than failed inside."""
    return "positional argument" in str(exc)


def _not_asgi2(app: Callable, result) -> str:
    text = (
        f"{app!r} takes one argument, as an application of ASGI 2 does, but app(scope) returned "
        f"{result!r}, which cannot be called with (receive, send)"
    )
    if callable(result) and _accepts(result, "asgi"):
        text += "; if it builds the application, it must not need arguments"
    return text


def _from_wsgi(app: Callable, threads: int) -> Callable:
    try:
        from a2wsgi import WSGIMiddleware
    except ImportError as exc:
        raise InterfaceError(
            "is a WSGI application, which needs the package a2wsgi: run "
            + packages.install_command("a2wsgi")
        ) from exc
    return WSGIMiddleware(app, workers=threads)
