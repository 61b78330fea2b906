import sys

import pytest
from node_asgi_worker import late


@pytest.fixture
def libraries(tmp_path, monkeypatch):
    """Makes modules, and forgets them after the test."""
    monkeypatch.syspath_prepend(tmp_path)

    def make(**sources):
        for name, source in sources.items():
            (tmp_path / f"{name}.py").write_text(source)
            monkeypatch.delitem(sys.modules, name, raising=False)

    before = set(sys.modules)
    yield make
    for name in set(sys.modules) - before:
        del sys.modules[name]


def test_the_late_part_of_an_imported_library_is_imported(libraries, monkeypatch):
    libraries(used="", used_later="", unused="", unused_later="")
    monkeypatch.setattr(late, "MODULES", {"used": "used_later", "unused": "unused_later"})
    __import__("used")
    late.load()
    assert "used_later" in sys.modules
    assert "unused_later" not in sys.modules


def test_a_late_part_that_fails_is_left_to_the_library(libraries, monkeypatch):
    libraries(old="", broken="", broken_later="raise RuntimeError('no')", good="", good_later="")
    monkeypatch.setattr(
        late, "MODULES", {"old": "not_there", "broken": "broken_later", "good": "good_later"}
    )
    for name in ("old", "broken", "good"):
        __import__(name)
    late.load()
    assert "good_later" in sys.modules
