import json
import sys

import pytest
from node_asgi_worker import survey


@pytest.fixture
def docroot(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    return tmp_path


def write(docroot, **files):
    for name, text in files.items():
        path = docroot / f"{name.replace('__', '/')}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)


def ask(capsys, *arguments):
    survey.main(list(arguments))
    return json.loads(capsys.readouterr().out)


def missing(capsys, target="main:app"):
    return {each["module"]: each for each in ask(capsys, target)["missing"]}


def test_tells_the_interpreter_and_what_is_installed(docroot, capsys):
    answer = ask(capsys)
    assert answer["executable"] == sys.executable
    assert answer["version"] == ".".join(map(str, sys.version_info[:3]))
    assert answer["distributions"]["fastapi"][0].isdigit()
    assert "litestar_of_somebody" not in answer["distributions"]
    assert answer["missing"] == []


def test_finds_all_that_is_missing_at_once_with_the_package_to_install(docroot, capsys):
    write(docroot, main="import os\nimport yamlless\nfrom lib import x\n", lib="import cv2, json\n")
    found = missing(capsys)
    assert set(found) == {"yamlless", "cv2"}
    assert (found["yamlless"]["file"], found["yamlless"]["line"]) == ("main.py", 2)
    assert found["cv2"]["file"] == "lib.py"
    assert found["cv2"]["command"].endswith("opencv-python")


def test_leaves_out_what_an_import_does_not_need(docroot, capsys):
    write(
        docroot,
        main="""
from typing import TYPE_CHECKING
try:
    import fast_no
except ImportError:
    fast_no = None
if TYPE_CHECKING:
    import types_no
def later():
    import later_no
from google.cloud import storage
import fastapi.routing
""",
    )
    assert missing(capsys) == {}


def test_follows_packages_and_relative_imports(docroot, capsys):
    (docroot / "site").mkdir()
    (docroot / "pkg").mkdir()
    (docroot / "pkg" / "__init__.py").write_text("import of_the_package\n")
    (docroot / "pkg" / "web.py").write_text("from . import models\nfrom .db import connect\n")
    (docroot / "pkg" / "models.py").write_text("import of_models\nfrom pkg import web\n")
    (docroot / "pkg" / "db.py").write_text("from of_db.deep import x\n")
    assert set(missing(capsys, "pkg.web:app")) == {"of_the_package", "of_models", "of_db"}


def test_survives_what_cannot_be_parsed_or_is_not_there(docroot, capsys):
    write(docroot, main="import lib\nimport gone\n", lib="def (\n")
    assert set(missing(capsys)) == {"gone"}
    assert missing(capsys, "nothing:app") == {}
