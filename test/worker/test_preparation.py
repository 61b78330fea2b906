import asyncio
import json
import sys
from types import SimpleNamespace

import pytest
from fastapi import FastAPI
from node_asgi_worker.preparation import OverrideError, prepare
from starlette.applications import Starlette
from starlette.routing import Mount


def get_db():
    return "database"


def fake_db():
    return "fake"


not_callable = 7
HERE = __name__


@pytest.fixture(autouse=True)
def importable(monkeypatch):
    monkeypatch.setitem(sys.modules, HERE, sys.modules[__name__])


def override(app, **overrides):
    preparation = {"overrides": {f"{HERE}:{name}": to for name, to in overrides.items()}}
    return prepare(app, "asgi", preparation)


def failure(app, **overrides):
    with pytest.raises(OverrideError) as caught:
        override(app, **overrides)
    return caught.value


def answer(app):
    sent = []

    async def send(message):
        sent.append(message)

    asyncio.run(app({"type": "http"}, None, send))
    return sent[0], sent[1]["body"]


def test_a_dependency_is_replaced_by_a_function():
    app = FastAPI()
    assert override(app, get_db=f"{HERE}:fake_db") == "asgi"
    assert app.dependency_overrides == {get_db: fake_db}


def test_a_constant_is_not_shared_by_requests():
    app = FastAPI()
    override(app, get_db={"value": {"rows": []}})
    replacement = app.dependency_overrides[get_db]
    replacement()["rows"].append(1)
    assert replacement() == {"rows": []}


def test_applications_that_are_wrapped_or_mounted_are_reached():
    inner = FastAPI()
    nested = FastAPI()
    inner.mount("/nested", nested)
    outer = SimpleNamespace(app=Starlette(routes=[Mount("/api", inner)]))
    outer.app.app = outer  # A cycle.
    override(outer, get_db=f"{HERE}:fake_db")
    assert [app.dependency_overrides for app in (inner, nested)] == [{get_db: fake_db}] * 2


def test_an_application_without_dependencies_is_refused():
    assert "FastAPI" in failure(Starlette(), get_db=f"{HERE}:fake_db").message
    override(Starlette())


def test_a_name_that_does_not_exist_is_told_with_the_nearest():
    error = failure(FastAPI(), get_bd=f"{HERE}:fake_db")
    assert (error.kind, error.stage) == ("AttributeError", "override")
    assert "dependency" in error.message
    assert "'get_db'" in error.message
    error = failure(FastAPI(), get_db=f"{HERE}:fake_bd")
    assert "replacement" in error.message
    assert "'fake_db'" in error.message


@pytest.mark.parametrize("name", ["get_db", "not_callable"])
def test_only_callables_replace_and_are_replaced(name):
    to = "not_callable" if name == "get_db" else "fake_db"
    assert "int" in failure(FastAPI(), **{name: f"{HERE}:{to}"}).message


def test_a_name_of_the_wrong_form_is_told():
    assert "'a b'" in failure(FastAPI(), get_db="a b").message


def test_the_document_answers_every_request():
    app = FastAPI(title="Shop", openapi_url=None)
    start, body = answer(prepare(app, "asgi", {"openapi": True}))
    assert start["status"] == 200
    assert json.loads(body)["info"]["title"] == "Shop"


def test_lifespan_events_reach_the_application():
    async def asgi(scope, receive, send):
        await send({"type": "lifespan.startup.complete"})

    sent = []

    async def send(message):
        sent.append(message)

    asyncio.run(prepare(FastAPI(), asgi, {"openapi": True})({"type": "lifespan"}, None, send))
    assert sent == [{"type": "lifespan.startup.complete"}]


def test_openapi_may_be_a_coroutine_function():
    async def openapi():
        return {"openapi": "3.1.0"}

    app = SimpleNamespace(openapi=openapi)
    assert answer(prepare(app, "asgi", {"openapi": True}))[1] == b'{"openapi": "3.1.0"}'


def test_an_application_without_openapi_runs_as_it_is():
    assert prepare(Starlette(), "asgi", {"openapi": True}) == "asgi"
    assert prepare(FastAPI(), "asgi", {}) == "asgi"
