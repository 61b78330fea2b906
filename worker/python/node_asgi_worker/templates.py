"""Finds the paths that an application serves, to group requests by: `/items/{item_id}`.

For FastAPI, Starlette, and what keeps its routes as they do. Others have none: each worker does
this when it starts, so it must be quick and import nothing, unlike routes.py.
"""

import json
from collections.abc import Iterator

# Node gets them along with other things in one frame, see kMaxReadyInfo.
MAX_BYTES = 6 * 1024
MAX_DEPTH = 10


def find(app) -> list[str]:
    """As many as fit, in the order in which the application tries them."""
    found: dict[str, None] = {}
    size = 0
    try:
        for template in _templates(app, "", 0):
            if template in found:
                continue
            size += len(json.dumps(template)) + 2
            if size > MAX_BYTES:
                break
            found[template] = None
    except Exception:  # It may be an application of another kind, with other routes.
        return []
    return list(found)


def _templates(app, prefix: str, depth: int) -> Iterator[str]:
    if depth == MAX_DEPTH:
        return
    routes = getattr(app, "routes", None)
    if not isinstance(routes, list | tuple):
        # Middleware keeps what it wraps as `app`, and so does what mounts.
        if hasattr(app, "app"):
            yield from _templates(app.app, prefix, depth + 1)
        return
    for route in routes:
        if hasattr(route, "original_router"):  # FastAPI's include_router()
            below = prefix + route.include_context.prefix
            yield from _templates(route.original_router, below, depth + 1)
        elif not hasattr(route, "endpoint"):
            yield from _templates(route, prefix + getattr(route, "path", ""), depth + 1)
        else:
            yield prefix + route.path
