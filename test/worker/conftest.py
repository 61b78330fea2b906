"""Puts the fake native module in place before node_asgi_worker is imported."""

import sys
from pathlib import Path

import fake_worker
import node_asgi_worker
import pytest
from host import Host

sys.modules["node_asgi_worker._worker"] = node_asgi_worker._worker = fake_worker

APPS = Path(__file__).parents[2] / "fixtures" / "apps"


@pytest.fixture
def apps(monkeypatch):
    """Makes fixtures/apps the docroot of this process, and forgets afterwards what was imported."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(str(APPS))
    yield APPS
    for name in set(sys.modules) - before:
        del sys.modules[name]


@pytest.fixture
def host():
    """Makes fork servers. None of their processes may be left after the test."""
    hosts = []

    def make(docroot=APPS, **options):
        hosts.append(Host(docroot, **options))
        return hosts[-1]

    yield make
    left = [process for each in hosts for process in each.close()]
    assert left == [], "processes outlived their fork server"
