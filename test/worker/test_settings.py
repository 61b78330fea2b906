import json

import pytest
from node_asgi_worker.settings import Settings

FULL = {
    "appTarget": "pkg.mod:holder.app",
    "factory": True,
    "interface": "wsgi",
    "threads": 4,
    "preload": ["json", "asyncio"],
    "lifespan": "on",
    "loop": "asyncio",
    "rootPath": "/prefix",
    "spin": 50,
    "timeouts": {"startup": 1.5, "shutdown": 2, "cancel": 0},
    "debug": True,
    "debugger": {"terminal": True, "listen": ["127.0.0.1", 5678]},
    "limits": {"nofile": 100},
    "allowed": {"read": ["/a"], "write": [], "temporary": "/t"},
    "preparation": {"openapi": True},
}


def parse(**changes):
    return Settings.from_json(json.dumps({**FULL, **changes}))


def test_every_setting_is_read():
    assert parse() == Settings(
        app_target="pkg.mod:holder.app",
        factory=True,
        interface="wsgi",
        threads=4,
        preload=("json", "asyncio"),
        lifespan="on",
        loop="asyncio",
        root_path="/prefix",
        spin=50,
        startup_timeout=1.5,
        shutdown_timeout=2.0,
        cancel_timeout=0.0,
        debug=True,
        debugger={"terminal": True, "listen": ["127.0.0.1", 5678]},
        limits={"nofile": 100},
        allowed={"read": ["/a"], "write": [], "temporary": "/t"},
        preparation={"openapi": True},
    )


@pytest.mark.parametrize("name", FULL)
def test_a_missing_setting_is_named(name):
    rest = {key: value for key, value in FULL.items() if key != name}
    with pytest.raises(ValueError, match=f"'{name}'"):
        Settings.from_json(json.dumps(rest))


@pytest.mark.parametrize("name", FULL["timeouts"])
def test_a_missing_timeout_is_named(name):
    rest = {key: value for key, value in FULL["timeouts"].items() if key != name}
    with pytest.raises(ValueError, match=f"'timeouts.{name}'"):
        parse(timeouts=rest)


def test_null_is_no_limit():
    assert parse(timeouts={**FULL["timeouts"], "startup": None}).startup_timeout is None


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"appTarget": None}, "appTarget"),
        ({"factory": "yes"}, "factory"),
        ({"preload": "json"}, "preload"),
        ({"preload": [1]}, "preload"),
        ({"lifespan": True}, "lifespan"),
        ({"interface": None}, "interface"),
        ({"loop": []}, "loop"),
        ({"rootPath": 1}, "rootPath"),
        ({"spin": "auto"}, "spin"),
        ({"timeouts": []}, "timeouts"),
        ({"timeouts": {**FULL["timeouts"], "cancel": "soon"}}, "timeouts.cancel"),
        ({"timeouts": {**FULL["timeouts"], "startup": -1}}, "timeouts.startup"),
        ({"timeouts": {**FULL["timeouts"], "shutdown": True}}, "timeouts.shutdown"),
    ],
)
def test_a_bad_setting_is_named(changes, named):
    with pytest.raises(ValueError, match=f"'{named}'"):
        parse(**changes)


@pytest.mark.parametrize("text", ["[]", "7", "{", ""])
def test_text_that_is_not_a_json_object_is_a_value_error(text):
    with pytest.raises(ValueError, match=r"."):
        Settings.from_json(text)


@pytest.mark.parametrize("value", [10**400, float("nan"), float("inf")])
def test_a_timeout_that_is_no_finite_number_was_accepted_or_an_overflow(value):
    with pytest.raises(ValueError, match=r"timeouts\.startup"):
        parse(timeouts={**FULL["timeouts"], "startup": value})


def test_true_was_a_number_of_threads():
    with pytest.raises(ValueError, match="threads"):
        parse(threads=True)


def test_deep_nesting_was_a_recursion_error():
    with pytest.raises(ValueError, match="nested"):
        Settings.from_json("[" * 100_000)
