"""Rules that the sources of the worker keep: each constant once, imports in one direction."""

import ast
import re
from pathlib import Path

import fake_worker
import pytest

WORKER = Path(__file__).parents[2] / "worker"
PYTHON = sorted(WORKER.glob("python/**/*.py"))
HEADERS = sorted(WORKER.glob("src/**/*.h"))
SOURCES = HEADERS + sorted(WORKER.glob("src/**/*.cc"))
DESCRIPTORS = {fake_worker.CONTROL_FD, fake_worker.LIFELINE_FD}
LIMITS = {
    fake_worker.STACKS_SIGNAL,
    fake_worker.MAX_ERROR_TYPE,
    fake_worker.MAX_ERROR_MESSAGE,
    fake_worker.MAX_TRACEBACK,
}
# The rooms of worker/src that each room may include from, apart from itself.
ROOMS = {
    "": {"asgi", "channel", "process", "loop", "py"},
    "channel": {"asgi", "loop", "py"},
    "process": {"py"},
    "asgi": {"loop", "py"},
    "loop": {"py"},
    "py": set(),
}


def relative(path):
    return str(path.relative_to(WORKER))


def value(node):
    """What an expression of literals, such as 8 * 1024, evaluates to; None for any other."""
    if any(not isinstance(n, (ast.Constant, ast.BinOp, ast.operator)) for n in ast.walk(node)):
        return None
    return eval(compile(ast.Expression(node), "<literal>", "eval"))


@pytest.mark.parametrize("path", PYTHON, ids=relative)
def test_python_repeats_no_constant_of_cpp(path):
    tree = ast.parse(path.read_text())
    found = [value(node) for node in ast.walk(tree) if isinstance(node, ast.expr)]
    assert LIMITS.isdisjoint(found)
    assert fake_worker.ASGI_VERSION not in found
    assigned = [value(node.value) for node in tree.body if isinstance(node, ast.Assign)]
    assert DESCRIPTORS.isdisjoint(assigned)


def test_python_names_the_variable_of_the_native_module_once():
    text = "".join(path.read_text() for path in PYTHON)
    assert text.count("NODE_ASGI_WORKER_MODULE") == 1


def test_the_module_exports_what_the_fake_one_has():
    """The fake module takes its numbers from the headers, and the real one must export them."""
    module = (WORKER / "src/module.cc").read_text()
    exported = set(re.findall(r'"([A-Z][A-Z_]+)"', module))
    assert exported == {name for name in vars(fake_worker) if name.isupper()} - {"ROOT", "FDS"}


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_references_are_counted_in_one_header_only(path):
    counts = re.search(
        r"\bPy_X?(INC|DEC)REF\(|\bPy_(CLEAR|VISIT|NewRef|XNewRef)\(", path.read_text()
    )
    assert (counts is not None) == (relative(path) == "src/py/ref.h")


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_imports_go_in_one_direction(path):
    room = relative(path.parent).removeprefix("src").removeprefix("/")
    included = re.findall(r'^#include "(\w+)/', path.read_text(), re.MULTILINE)
    rooms = {name for name in included if name in ROOMS}
    assert rooms <= ROOMS[room] | {room}


def test_no_header_includes_itself_in_a_circle():
    includes = {
        relative(path).removeprefix("src/"): set(
            re.findall(r'^#include "([^"]+)"', path.read_text(), re.MULTILINE)
        )
        for path in HEADERS
    }
    while leaves := [name for name, others in includes.items() if not others & includes.keys()]:
        for name in leaves:
            del includes[name]
    assert not includes


@pytest.mark.parametrize("path", HEADERS, ids=relative)
def test_headers_say_what_holds_for_threads(path):
    text = path.read_text()
    assert re.search("Thread safety|[Nn]eeds the GIL", text)
