import asyncio
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


class DoubleCallable:
    """What channels.routing and asgiref made before ASGI 3."""

    def __call__(self, scope):
        return self.serve

    async def serve(self, receive, send):
        await send(await receive())

    method = __call__

    @staticmethod
    def static(scope):
        return DoubleCallable().serve


def double_callable(scope):
    return DoubleCallable().serve


def with_a_default(scope, settings=None):
    return DoubleCallable().serve


def wsgi_with_a_default(environ, start_response=None):
    return []


async def not_double_callable(scope):
    pass


async def not_wsgi(environ, start_response):
    pass


class Response:
    def __init__(self, scope):
        pass


class Instance:
    async def __call__(self, scope, receive, send):
        pass


def anything(*args):
    pass


async def async_anything(*args):
    pass


def plain_decorator(app):
    def wrapper(*args, **kwargs):
        return app(*args, **kwargs)

    return wrapper


class StaticCall:
    @staticmethod
    async def __call__(scope, receive, send):
        pass


class DerivedStaticCall(StaticCall):
    pass


class StaticDoubleCallable:
    @staticmethod
    def __call__(scope):
        return DoubleCallable().serve


class MadeByItsMetaclass(type):
    def __call__(cls, scope):
        return DoubleCallable().serve


class Made(metaclass=MadeByItsMetaclass):
    pass


class AwaitedAsgi:
    """What an endpoint of Starlette is: calling the class gives something to await."""

    def __init__(self, scope, receive, send):
        pass

    def __await__(self):
        yield


class WsgiClass:
    """The example of a class in PEP 3333."""

    def __init__(self, environ, start_response):
        self.start = start_response

    def __iter__(self):
        self.start("200 OK", [])
        yield b"body"


class Service:
    def __init__(self, name, host, port):
        pass


def with_an_option(scope, receive, send, *, debug=False):
    pass


@functools.wraps(wsgi)
async def bridge(scope, receive, send):
    """An ASGI application that a decorator has made from a WSGI one."""


def builds():
    pass


@pytest.mark.parametrize(
    "app",
    [
        asgi,
        Instance(),
        Instance().__call__,
        StaticCall(),
        DerivedStaticCall(),
        AwaitedAsgi,
        async_anything,
        with_an_option,
        bridge,
        iter,
    ],
)
@pytest.mark.parametrize("interface", ["auto", "asgi"])
def test_asgi_is_left_as_it_is(app, interface):
    assert adapt(app, interface, 1) is app


def test_a_signature_that_hides_the_arguments_of_asgi3():
    assert adapt(anything, "asgi", 1) is anything
    called = []

    @plain_decorator
    async def app(scope, receive, send):
        called.append((scope, receive, send))

    asyncio.run(adapt(app, "auto", 1)(1, 2, 3))
    assert called == [(1, 2, 3)]


def test_an_error_of_an_application_with_hidden_arguments_is_its_own():
    calls = []

    @plain_decorator
    def app(scope, receive, send):
        calls.append(scope)
        raise TypeError("can only concatenate str")

    with pytest.raises(TypeError, match="concatenate"):
        adapt(app, "auto", 1)({}, None, None)
    assert len(calls) == 1


@pytest.mark.parametrize("interface", ["auto", "wsgi"])
def test_wsgi_gets_its_threads(interface):
    from a2wsgi import WSGIMiddleware

    adapted = adapt(wsgi, interface, 7)
    assert isinstance(adapted, WSGIMiddleware)
    assert adapted.executor._max_workers == 7


@pytest.mark.parametrize("interface", ["auto", "asgi2"])
@pytest.mark.parametrize(
    "app",
    [
        double_callable,
        with_a_default,
        lambda scope: DoubleCallable().serve,
        DoubleCallable(),
        DoubleCallable().__call__,
        DoubleCallable().method,
        DoubleCallable.static,
        functools.partial(DoubleCallable.method, DoubleCallable()),
        functools.partial(with_a_default, settings={}),
        functools.wraps(double_callable)(lambda *args: double_callable(*args)),
        plain_decorator(double_callable),
        plain_decorator(DoubleCallable()),
        StaticDoubleCallable(),
        Made,
    ],
)
def test_every_form_of_asgi2_becomes_asgi3(app, interface):
    sent = []

    async def receive():
        return {"type": "http.request"}

    async def send(message):
        sent.append(message)

    asyncio.run(adapt(app, interface, 1)({"type": "http"}, receive, send))
    assert sent == [{"type": "http.request"}]


def test_a_class_of_asgi2_becomes_asgi3():
    assert adapt(Asgi2, "auto", 1) is not Asgi2


def test_wsgi_with_a_default_is_not_asgi2():
    from a2wsgi import WSGIMiddleware

    assert isinstance(adapt(wsgi_with_a_default, "auto", 1), WSGIMiddleware)


def test_a_class_of_wsgi_is_recognised():
    from a2wsgi import WSGIMiddleware

    assert isinstance(adapt(WsgiClass, "auto", 1), WSGIMiddleware)


@pytest.mark.parametrize("app", [not_double_callable, not_wsgi, Response, Service, int, Exception])
def test_what_only_has_the_arguments_is_refused(app):
    with pytest.raises(InterfaceError, match=r"\(scope, receive, send\)"):
        adapt(app, "auto", 1)


@pytest.mark.parametrize(
    ("result", "expected"),
    [(asgi, "asgi.*builds the application.*arguments"), (builds, "builds"), (None, "None")],
)
def test_a_factory_taken_for_asgi2_is_reported_when_it_is_called(result, expected):
    def factory(settings):
        return result

    with pytest.raises(TypeError, match=f"factory.*{expected}"):
        asyncio.run(adapt(factory, "auto", 1)({"type": "http"}, None, None))


def test_wsgi_without_a2wsgi_names_the_command(monkeypatch):
    monkeypatch.setitem(sys.modules, "a2wsgi", None)
    with pytest.raises(InterfaceError, match=f"{sys.executable} -m pip install a2wsgi"):
        adapt(wsgi, "auto", 1)


@pytest.mark.parametrize(
    ("app", "interface", "expected"),
    [
        (builds, "auto", errors.option("factory")),
        (asgi, "wsgi", rf"\(environ, start_response\).*{errors.option('interface')} 'asgi'"),
        (wsgi, "asgi", rf"\(scope, receive, send\).*{errors.option('interface')} 'wsgi'"),
        (asgi, "asgi2", r"\(scope\).*'asgi'"),
    ],
)
def test_a_mismatch_says_what_to_set(app, interface, expected):
    with pytest.raises(InterfaceError, match=expected):
        adapt(app, interface, 1)
