import json

import pytest
from node_asgi_worker.settings import Settings

FULL = {
    "docroot": "/srv/app",
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
    )


def test_only_the_target_is_required():
    settings = Settings.from_json('{"appTarget": "main:app"}')
    assert (settings.lifespan, settings.loop, settings.preload) == ("auto", "auto", False)


def test_null_is_no_limit():
    assert parse(timeouts={"startup": None}).startup_timeout is None


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"appTarget": None}, "appTarget"),
        ({"factory": "yes"}, "factory"),
        ({"preload": "json"}, "preload"),
        ({"preload": [1]}, "preload"),
        ({"lifespan": "maybe"}, "lifespan"),
        ({"loop": "trio"}, "loop"),
        ({"loop": []}, "loop"),
        ({"rootPath": 1}, "rootPath"),
        ({"spin": "auto"}, "spin"),
        ({"timeouts": []}, "timeouts"),
        ({"timeouts": {"cancel": "soon"}}, "timeouts.cancel"),
        ({"timeouts": {"startup": -1}}, "timeouts.startup"),
        ({"timeouts": {"shutdown": True}}, "timeouts.shutdown"),
    ],
)
def test_a_bad_setting_is_named(changes, named):
    with pytest.raises(ValueError, match=f"'{named}'"):
        parse(**changes)


@pytest.mark.parametrize("text", ["[]", "7", "{", ""])
def test_what_is_no_object_is_a_value_error(text):
    with pytest.raises(ValueError, match=r"."):
        Settings.from_json(text)
