import functools

import pytest
from a2wsgi import WSGIMiddleware
from asgiref.wsgi import WsgiToAsgi
from fastapi import APIRouter, FastAPI, WebSocket
from flask import Flask
from flask.views import MethodView
from node_asgi_worker.routes import UnknownApplicationError, list_routes
from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import Host, Mount, Route, WebSocketRoute


def hello(request):
    pass


class Items(HTTPEndpoint):
    def get(self, request):
        pass

    def post(self, request):
        pass


def shown(app):
    return [
        (",".join(route["methods"]), route["path"], route["name"], route["handler"])
        for route in list_routes(app)
    ]


def here(name):
    return f"{__name__}:{name}"


def flask_app():
    app = Flask("here", static_folder=None)

    @app.route("/hi/<name>", methods=["GET", "PUT"])
    def hi(name):
        return name

    class Counter(MethodView):
        def delete(self):
            return ""

    app.add_url_rule("/counter", view_func=Counter.as_view("counter"))
    return app


FLASK = [
    ("GET,PUT", "/hi/<name>", "hi", here("flask_app.<locals>.hi")),
    ("DELETE", "/counter", "counter", here("flask_app.<locals>.Counter")),
]


def test_fastapi_with_routers_and_websockets():
    app = FastAPI(openapi_url=None)
    router = APIRouter(prefix="/v1")

    @router.get("/items/{item_id}", name="item")
    async def read(item_id: int):
        return item_id

    @router.websocket("/chat")
    async def chat(socket: WebSocket):
        pass

    deep = APIRouter()
    deep.get("/deep")(hello)
    router.include_router(deep, prefix="/sub")
    app.include_router(router, prefix="/api")
    assert shown(app) == [
        ("GET", "/api/v1/items/{item_id}", "item", here(f"{_(read)}")),
        ("WEBSOCKET", "/api/v1/chat", "chat", here(f"{_(chat)}")),
        ("GET", "/api/v1/sub/deep", "hello", here("hello")),
    ]


def _(function):
    return function.__qualname__


def test_starlette_with_mounts_hosts_and_endpoints():
    inner = Starlette(routes=[Route("/", hello), WebSocketRoute("/ws", Items)])
    app = Starlette(
        routes=[
            Route("/items", Items),
            Route("/partial", functools.partial(hello), methods=["POST"], name="partial"),
            Mount("/inner", inner),
            Host("api.example.com", Starlette(routes=[Route("/host", hello)])),
            Mount("/raw", lambda scope, receive, send: None, name="raw"),
        ]
    )
    assert shown(app) == [
        ("GET,POST", "/items", "Items", here("Items")),
        ("POST", "/partial", "partial", here("hello")),
        ("GET", "/inner/", "hello", here("hello")),
        ("WEBSOCKET", "/inner/ws", "Items", here("Items")),
        ("GET", "/host", "hello", here("hello")),
        ("", "/raw/{path:path}", "raw", here(f"{_(test_starlette_with_mounts_hosts_and_endpoints)}"
         ".<locals>.<lambda>")),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "wrap", [lambda app: app, WSGIMiddleware, WsgiToAsgi, lambda app: app.wsgi_app]
)
def test_flask_as_it_is_and_through_adapters(wrap):
    assert shown(wrap(flask_app())) == FLASK


def test_what_middleware_wraps_and_what_is_mounted():
    app = FastAPI(openapi_url=None)
    app.mount("/old", WSGIMiddleware(flask_app()))
    expected = [(methods, f"/old{path}", *rest) for methods, path, *rest in FLASK]
    assert shown(GZipMiddleware(app)) == expected


def test_an_application_that_contains_itself_ends():
    app = Starlette()
    app.routes.append(Mount("/again", app))
    assert len(list_routes(app)) == 1


def test_refuses_an_application_without_a_known_framework():
    async def app(scope, receive, send):
        pass

    with pytest.raises(UnknownApplicationError, match=r"it is a function.*Litestar"):
        list_routes(app)
    assert list_routes(FastAPI(openapi_url=None)) == []
