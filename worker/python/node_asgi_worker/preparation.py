"""What is done to an application between its import and its start, if Node asks for it.

`node-asgi/testing` replaces dependencies of FastAPI, `node-asgi types` asks for the OpenAPI
document, and `node-asgi routes` for the routes. No other worker imports this module.
"""

import inspect
import json
from collections.abc import Callable, Iterator

from node_asgi_worker.importer import AppImportError, load_attribute, parse_target


class OverrideError(AppImportError):
    """The option overrides does not fit the application."""

    stage = "override"


def prepare(app, asgi: Callable, preparation: dict) -> Callable:
    """Returns the ASGI application to run. `app` is what the target names, and `asgi` runs it.

    Raises OverrideError.
    """
    if "overrides" in preparation:
        _override(app, preparation["overrides"])
    if preparation.get("routes"):
        from node_asgi_worker import routes

        return _answering(routes.list_routes(app), asgi)
    return _documented(app, asgi) if preparation.get("openapi") else asgi


def _override(app, overrides: dict) -> None:
    found = list(_overridable(app))
    if overrides and not found:
        raise OverrideError(
            "TypeError",
            "only applications of FastAPI have dependencies to override: this one has no "
            "dependency_overrides, and neither has any that it wraps or mounts",
        )
    for name, replacement in overrides.items():
        dependency = _callable("the dependency", name)
        if isinstance(replacement, str):
            substitute = _callable("the replacement", replacement)
        else:
            substitute = _constant(replacement["value"])
        for each in found:
            each.dependency_overrides[dependency] = substitute


def _callable(what: str, name: str) -> Callable:
    """The callable at `pkg.module:attr`."""
    try:
        found = load_attribute(parse_target(name))
    except AppImportError as exc:
        raise OverrideError(exc.kind, f"{what} {name!r}: {exc.message}", exc.traceback) from exc
    if not callable(found):
        kind = type(found).__name__
        raise OverrideError("TypeError", f"{what} {name!r} is not callable, but a value of {kind}")
    return found


def _constant(value) -> Callable:
    text = json.dumps(value)
    # Each request gets a value of its own, because the application may change it.
    return lambda: json.loads(text)


def _overridable(app) -> Iterator:
    """The application, and those that it wraps or mounts, as far as they are of FastAPI."""
    waiting, seen = [app], set()
    while waiting:
        app = waiting.pop()
        if id(app) in seen:
            continue
        seen.add(id(app))
        if isinstance(getattr(app, "dependency_overrides", None), dict):
            yield app
        routes = getattr(app, "routes", None)
        # Middleware keeps what it wraps as `app`, and so does a route that mounts.
        inner = [app, *routes] if isinstance(routes, list) else [app]
        waiting += [each.app for each in inner if hasattr(each, "app")]


def _documented(app, asgi: Callable) -> Callable:
    """Answers each request with the document that the method openapi() of `app` returns.

    Frameworks without that method serve the document at some path.
    """
    describe = getattr(app, "openapi", None)
    return _answering(describe, asgi) if callable(describe) else asgi


def _answering(answer, asgi: Callable) -> Callable:
    """Answers each request with `answer`, or what it returns, as JSON. `asgi` gets the lifespan."""

    async def reply(scope, receive, send):
        if scope["type"] == "lifespan":
            await asgi(scope, receive, send)
            return
        document = answer() if callable(answer) else answer
        if inspect.isawaitable(document):
            document = await document
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(document).encode()})

    return reply
