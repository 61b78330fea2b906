"""The entry script, run as a script: what it refuses, and what it leaves to the app."""

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import run_main

MAIN = str(Path(run_main.MAIN).resolve())
LIMIT = 60


def old_pythons():
    """Finds the interpreters before 3.10: those on PATH, and those of pyenv."""
    names = ["python2", "python2.7", "python3", *(f"python3.{minor}" for minor in range(6, 10))]
    candidates = [shutil.which(name) for name in names]
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    candidates += sorted(map(str, root.glob("versions/*/bin/python")))
    found = {}
    for candidate in filter(None, candidates):
        version = run([candidate, "-c", "import sys; print('%d.%d.%d' % sys.version_info[:3])"])
        text = version.stdout.strip()
        if version.returncode == 0 and tuple(map(int, text.split("."))) < (3, 10):
            found.setdefault(text, candidate)
    return found


def run(command, **options):
    return subprocess.run(
        command, capture_output=True, text=True, timeout=LIMIT, check=False, **options
    )


OLD = old_pythons()


@pytest.mark.skipif(not OLD, reason="there is no python before 3.10 here")
@pytest.mark.parametrize("version", sorted(OLD))
def test_an_old_python_is_refused_with_one_line(version):
    result = run([OLD[version], "-u", MAIN])
    assert result.returncode == os.EX_CONFIG
    assert result.stdout == ""
    [line] = result.stderr.splitlines()
    assert "3.10" in line
    assert line.endswith(f" {version}")


def test_the_version_check_comes_before_everything_else():
    """This interpreter pretends to be old, because there may be no old one."""
    pretend = (
        "import sys, runpy; sys.version_info = (3, 8, 18); sys.executable = '/old/python'; "
        "runpy.run_path(sys.argv[1], run_name='__main__')"
    )
    result = run([sys.executable, "-c", pretend, MAIN])
    assert result.returncode == os.EX_CONFIG
    [line] = result.stderr.splitlines()
    for fact in ("3.10", "3.8.18"):
        assert fact in line


@pytest.mark.parametrize(
    ("change", "facts"),
    [
        ("sys.abiflags = 't'", ["free-threaded", "stable ABI", platform.python_version()]),
        ("sys.implementation.name = 'pypy'", ["CPython", "pypy"]),
    ],
)
def test_an_interpreter_that_cannot_load_the_stable_abi_crashed(change, facts):
    """This interpreter pretends to be of that kind, because there may be none."""
    pretend = f"import sys, runpy; {change}; runpy.run_path(sys.argv[1], run_name='__main__')"
    result = run([sys.executable, "-c", pretend, MAIN])
    assert result.returncode == os.EX_CONFIG
    [line] = result.stderr.splitlines()
    for fact in facts:
        assert fact in line


def test_started_by_hand_it_names_the_variable_that_is_missing():
    environment = {k: v for k, v in os.environ.items() if k != "NODE_ASGI_WORKER_MODULE"}
    result = run([sys.executable, MAIN], env=environment)
    assert result.returncode == 1
    [line] = result.stderr.splitlines()
    assert "NODE_ASGI_WORKER_MODULE" in line


def test_a_native_module_that_does_not_load_is_one_line(tmp_path):
    broken = tmp_path / "_worker.abi3.so"
    broken.write_bytes(b"not a shared object")
    result = run([sys.executable, MAIN], env={**os.environ, "NODE_ASGI_WORKER_MODULE": str(broken)})
    assert result.returncode == os.EX_CONFIG
    [line] = result.stderr.splitlines()
    assert platform.machine() in line
    assert str(broken) in line


@pytest.mark.parametrize("flags", [[], ["-I"], ["-P"]] if sys.version_info >= (3, 11) else [[]])
def test_the_app_finds_its_own_main_and_not_ours(host, tmp_path, flags):
    (tmp_path / "main.py").write_text(
        "import os, sys\n"
        "seen = repr([sys.path, 'NODE_ASGI_WORKER_MODULE' in os.environ]).encode()\n"
        "async def app(scope, receive, send):\n"
        "    assert scope['type'] == 'http'\n"
        "    await send({'type': 'http.response.start', 'status': 200, 'headers': []})\n"
        "    await send({'type': 'http.response.body', 'body': seen})\n"
    )
    server = host(tmp_path, flags=flags)
    server.start()
    worker = server.fork()
    worker.ready()
    path, has_variable = eval(worker.request())
    assert path[0] == str(tmp_path)
    assert has_variable is False
    own = os.path.dirname(MAIN)
    assert own not in map(os.path.realpath, path)


def test_our_entry_script_is_never_the_module_main(host, tmp_path):
    """In a docroot without a main.py, the default target must not find our script instead."""
    server = host(tmp_path)
    server.start()
    worker = server.fork()
    worker.receive("attached")
    report = worker.receive("startup_failed")
    assert report["type"] == "ModuleNotFoundError"
    assert f"'main' in {tmp_path}" in report["message"]
