import functools
import sys

import pytest
from node_asgi_worker import errors
from node_asgi_worker.interfaces import InterfaceError, adapt


async def asgi(scope, receive, send):
    pass


def wsgi(environ, start_response):
    start_response("200 OK", [])
    return [b"body"]


class Asgi2:
    def __init__(self, scope):
        pass

    async def __call__(self, receive, send):
        pass


class Instance:
    async def __call__(self, scope, receive, send):
        pass


def anything(*args):
    pass


def with_an_option(scope, receive, send, *, debug=False):
    pass


@functools.wraps(wsgi)
async def bridge(scope, receive, send):
    """An ASGI application that a decorator has made from a WSGI one."""


def builds():
    pass


def wants_settings(settings):
    pass


@pytest.mark.parametrize(
    "app", [asgi, Instance(), Instance().__call__, anything, with_an_option, bridge, iter]
)
@pytest.mark.parametrize("interface", ["auto", "asgi"])
def test_asgi_is_left_as_it_is(app, interface):
    assert adapt(app, interface, 1) is app


@pytest.mark.parametrize("interface", ["auto", "wsgi"])
def test_wsgi_gets_its_threads(interface):
    from a2wsgi import WSGIMiddleware

    adapted = adapt(wsgi, interface, 7)
    assert isinstance(adapted, WSGIMiddleware)
    assert adapted.executor._max_workers == 7


@pytest.mark.parametrize(("app", "interface"), [(Asgi2, "auto"), (wants_settings, "asgi2")])
def test_asgi2_becomes_asgi3(app, interface):
    assert adapt(app, interface, 1) is not app


def test_wsgi_without_a2wsgi_names_the_command(monkeypatch):
    monkeypatch.setitem(sys.modules, "a2wsgi", None)
    with pytest.raises(InterfaceError, match=f"{sys.executable} -m pip install a2wsgi"):
        adapt(wsgi, "auto", 1)


@pytest.mark.parametrize(
    ("app", "interface", "expected"),
    [
        (builds, "auto", errors.option("factory")),
        (wants_settings, "auto", "'asgi2'.*factory.*arguments"),
        (asgi, "wsgi", rf"\(environ, start_response\).*{errors.option('interface')} 'asgi'"),
        (wsgi, "asgi", rf"\(scope, receive, send\).*{errors.option('interface')} 'wsgi'"),
        (asgi, "asgi2", r"\(scope\).*'asgi'"),
    ],
)
def test_a_mismatch_says_what_to_set(app, interface, expected):
    with pytest.raises(InterfaceError, match=expected):
        adapt(app, interface, 1)
