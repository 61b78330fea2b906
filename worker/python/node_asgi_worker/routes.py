"""Lists what an application offers, for `node-asgi routes`. No other worker imports this module.

Each framework has a lister below. It gets the application and the prefix that it is mounted at, and
yields routes. What it looks at is the framework's own, so it checks by names, not by classes: the
framework need not be imported, and an application may wrap one that another module has made.
"""

import functools
import inspect
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field

from node_asgi_worker.importer import AppImportError

# Below that, an application contains itself.
DEEPEST = 30
WEBSOCKET = "WEBSOCKET"


@dataclass
class Route:
    """`methods` is empty if the framework does not look at the method."""

    path: str
    methods: list[str] = field(default_factory=list)
    name: str = ""
    handler: str = ""


class UnknownApplicationError(AppImportError):
    """The application is of no framework that is known here."""

    stage = "routes"


def list_routes(app) -> list[dict]:
    """Raises UnknownApplicationError."""
    routes = list(_routes(app, "", DEEPEST))
    if not routes and _lister(app) is None:
        kind = type(app)
        name = "function" if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"
        raise UnknownApplicationError(
            "TypeError",
            f"it is a {name}, but only FastAPI, Starlette, Litestar, Django, Channels, Quart and "
            "Flask have routes that can be listed",
        )
    return [asdict(route) for route in routes]


def _routes(app, prefix: str, depth: int) -> Iterator[Route]:
    lister = _lister(app)
    if lister is not None and depth > 0:
        yield from lister(app, prefix, depth - 1)


def _lister(app):
    """The function below that knows this application; None: it is unknown."""
    for knows, lister in _LISTERS:
        if knows(app):
            return lister
    return _wrapped if _inside(app) is not None else None


def _inside(app):
    """What a middleware wraps."""
    for name in ("app", "wsgi_application", "application", "inner", "asgi_app", "wsgi_app"):
        inner = getattr(app, name, None)
        if callable(inner) and inner is not app and not inspect.ismethod(inner):
            return inner
    if isinstance(app, functools.partial):
        return app.func
    # node-asgi's own, of an application that is a bound method: Flask().wsgi_app, for example.
    return getattr(app, "__self__", None) if inspect.ismethod(app) else None


def _wrapped(app, prefix: str, depth: int) -> Iterator[Route]:
    yield from _routes(_inside(app), prefix, depth)


def _starlette(app, prefix: str, depth: int) -> Iterator[Route]:
    for route in app.routes:
        path = prefix + getattr(route, "path", "")
        included = getattr(route, "original_router", None)
        if included is not None and depth > 0:
            # A router that later versions of FastAPI do not copy into the one that includes it.
            within = getattr(getattr(route, "include_context", None), "prefix", "")
            yield from _starlette(included, path + within, depth - 1)
            continue
        mounted = getattr(route, "app", None)
        endpoint = getattr(route, "endpoint", None)
        name = getattr(route, "name", None) or ""
        if endpoint is None:
            # A Mount, or a Host, which has no path.
            inside = list(_routes(mounted, path, depth))
            yield from inside or [Route(f"{path}/{{path:path}}", [], name, _name_of(mounted))]
        elif hasattr(route, "methods"):
            methods = route.methods or _methods_of_class(endpoint)
            yield Route(path, _without_head(methods), name, _name_of(endpoint))
        else:
            yield Route(path, [WEBSOCKET], name, _name_of(endpoint))


def _methods_of_class(endpoint) -> Iterable[str]:
    """Of an HTTPEndpoint, whose methods have the names of HTTP methods."""
    names = ("get", "head", "post", "put", "patch", "delete", "options")
    return [name.upper() for name in names if callable(getattr(endpoint, name, None))]


def _litestar(app, prefix: str, _depth: int) -> Iterator[Route]:
    for route in app.routes:
        path = prefix + route.path
        handlers = getattr(route, "route_handlers", None) or [route.route_handler]
        for handler in handlers:
            name = getattr(handler, "name", None) or ""
            function = _name_of(getattr(handler, "fn", handler))
            methods = getattr(handler, "http_methods", None)
            if methods is not None:
                # It answers OPTIONS by itself.
                if set(map(str, methods)) == {"OPTIONS"} and _is_of(handler, "litestar"):
                    continue
                yield Route(path, _without_head(map(str, methods)), name, function)
            else:
                is_websocket = "websocket" in type(handler).__name__.lower()
                yield Route(path, [WEBSOCKET] if is_websocket else [], name, function)


def _django(_app, prefix: str, _depth: int) -> Iterator[Route]:
    from django.urls import get_resolver

    yield from _django_patterns(get_resolver().url_patterns, f"{prefix}/", "")


def _django_patterns(patterns, prefix: str, namespace: str) -> Iterator[Route]:
    for pattern in patterns:
        path = prefix + _django_path(pattern.pattern)
        nested = getattr(pattern, "url_patterns", None)
        if nested is not None:
            inner = getattr(pattern, "namespace", None)
            yield from _django_patterns(
                nested, path, f"{namespace}{inner}:" if inner else namespace
            )
            continue
        view = pattern.callback
        name = f"{namespace}{pattern.name}" if pattern.name else ""
        view_class = getattr(view, "view_class", None) or getattr(view, "cls", None)
        methods = _methods_of_class(view_class) if view_class is not None else []
        yield Route(path, _without_head(methods), name, _name_of(view_class or view))


def _django_path(pattern) -> str:
    """A pattern as a path: a regular expression stands as it is, without its anchors."""
    text = str(pattern)
    return text.removeprefix("^").removesuffix("$").removesuffix("\\Z")


def _channels(app, prefix: str, depth: int) -> Iterator[Route]:
    for protocol, inner in app.application_mapping.items():
        for route in _routes(inner, prefix, depth):
            if protocol == "websocket":
                route.methods = [WEBSOCKET]
            yield route


def _channels_urls(app, prefix: str, _depth: int) -> Iterator[Route]:
    for pattern in app.routes:
        consumer = getattr(pattern.callback, "consumer_class", pattern.callback)
        path = f"{prefix}/{_django_path(pattern.pattern)}"
        yield Route(path, [], pattern.name or "", _name_of(consumer))


def _flask(app, prefix: str, _depth: int) -> Iterator[Route]:
    """Of Quart, too."""
    for rule in app.url_map.iter_rules():
        methods = set(rule.methods or ())
        if getattr(rule, "provide_automatic_options", True):
            methods.discard("OPTIONS")
        listed = [WEBSOCKET] if getattr(rule, "websocket", False) else _without_head(methods)
        view = app.view_functions.get(rule.endpoint)
        view = getattr(view, "view_class", view)
        yield Route(prefix + rule.rule, listed, rule.endpoint, _name_of(view))


def _has(*names: str):
    return lambda app: all(hasattr(app, name) for name in names)


def _is_of(value, package: str) -> bool:
    return any(base.__module__.partition(".")[0] == package for base in type(value).__mro__)


def _of(package: str, *names: str):
    return lambda app: _is_of(app, package) and _has(*names)(app)


# In this order: some have what another one is known by, too.
_LISTERS = [
    (_of("litestar", "routes"), _litestar),
    (_of("channels", "application_mapping"), _channels),
    (_of("channels", "routes"), _channels_urls),
    (_of("django", "resolve_request"), _django),
    (_of("django", "get_response"), _django),
    (_has("url_map", "view_functions"), _flask),
    (lambda app: isinstance(getattr(app, "routes", None), list), _starlette),
]


def _without_head(methods: Iterable[str]) -> list[str]:
    """Sorted; without HEAD, which comes with GET."""
    found = set(methods)
    return sorted(found - {"HEAD"} if "GET" in found else found)


def _name_of(value) -> str:
    """For example `main:read_item`."""
    value = inspect.unwrap(value) if callable(value) else value
    # A partial function has it as `func`, and so has Litestar's wrapper of a synchronous one.
    while not hasattr(value, "__qualname__") and callable(getattr(value, "func", None)):
        value = value.func
    if not hasattr(value, "__qualname__"):
        value = type(value)
    return f"{getattr(value, '__module__', None) or '?'}:{value.__qualname__}"
