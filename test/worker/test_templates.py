from types import SimpleNamespace

from fastapi import APIRouter, FastAPI
from node_asgi_worker import templates
from starlette.middleware.cors import CORSMiddleware


def make():
    app, router, mounted = FastAPI(openapi_url=None), APIRouter(prefix="/users"), FastAPI()
    app.get("/items/{item_id}")(lambda item_id: None)
    app.post("/items/{item_id}")(lambda item_id: None)
    router.get("/{user}")(lambda user: None)
    router.websocket("/ws/{room}")(lambda room: None)
    app.include_router(router, prefix="/v1")
    mounted.get("/{rest:path}")(lambda rest: None)
    app.mount("/files", mounted)
    return app


EXPECTED = ["/items/{item_id}", "/v1/users/{user}", "/v1/users/ws/{room}"]


def test_the_routes_of_fastapi_with_routers_and_mounted_applications():
    found = templates.find(make())
    assert found[:3] == EXPECTED
    assert found[-1] == "/files/{rest:path}"


def test_the_routes_behind_middleware():
    assert templates.find(CORSMiddleware(make()))[:3] == EXPECTED


def test_an_application_without_routes_or_with_others():
    assert templates.find(lambda scope, receive, send: None) == []
    assert templates.find(SimpleNamespace(routes=[SimpleNamespace(endpoint=1)])) == []
    assert templates.find(SimpleNamespace(routes={"/": 1})) == []


def test_an_application_that_contains_itself():
    app = SimpleNamespace()
    app.app = app
    assert templates.find(app) == []


def test_many_routes_did_not_fit_into_the_ready_message():
    app = FastAPI(openapi_url=None)
    for number in range(1000):
        app.get(f"/a/rather/long/path/{number}/{{item}}")(lambda item: None)
    found = templates.find(app)
    assert 100 < len(found) < 300
    assert found[0] == "/a/rather/long/path/0/{item}"
