"""Tells what an interpreter has, for `node-asgi check` and `node-asgi --version`.

It imports nothing of the application, so it works although that cannot be imported, and finds
everything that is missing at once.
"""

import ast
import importlib.metadata
import importlib.util
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from node_asgi_worker import packages

# What users ask about: what serves, frameworks, and what they are built on.
DISTRIBUTIONS = (
    "fastapi",
    "starlette",
    "django",
    "channels",
    "litestar",
    "quart",
    "blacksheep",
    "flask",
    "a2wsgi",
    "asgiref",
    "pydantic",
    "uvloop",
)
# An application with more modules of its own is looked at in part.
MOST_FILES = 2000


def main(arguments: list[str]) -> None:
    """Prints the answer as JSON. The argument is the target whose imports are followed, if any."""
    target = arguments[0] if arguments else None
    # The app's modules come first, as they do in a worker.
    sys.path.insert(0, os.getcwd())
    answer = {
        "executable": sys.executable,
        "version": sys.version.split()[0],
        "distributions": dict(_installed()),
        "missing": [] if target is None else _missing(target.partition(":")[0]),
    }
    sys.stdout.write(json.dumps(answer) + "\n")


def _installed() -> Iterator[tuple[str, str]]:
    for name in DISTRIBUTIONS:
        try:
            yield name, importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue


@dataclass(frozen=True)
class Import:
    """`module` is absolute."""

    module: str
    line: int


def _missing(module: str) -> list[dict]:
    """Modules that the application imports when it is imported itself, and that are not there."""
    found: dict[str, dict] = {}
    waiting = [module]
    seen: set[str] = set()
    while waiting and len(seen) < MOST_FILES:
        name = waiting.pop()
        for path, package in _files_of(name):
            if path in seen:
                continue
            seen.add(path)
            for each in _imports(path, package):
                top = each.module.partition(".")[0]
                if _is_own(top):
                    waiting.append(each.module)
                elif top not in found and not _is_installed(top):
                    found[top] = {
                        "module": top,
                        "file": os.path.relpath(path),
                        "line": each.line,
                        "command": packages.command_for(top),
                    }
    return list(found.values())


def _is_own(top: str) -> bool:
    return os.path.isfile(f"{top}.py") or os.path.isdir(top)


def _is_installed(top: str) -> bool:
    if top in sys.stdlib_module_names or top in sys.modules or top in packages.SHARED:
        return True
    try:
        return importlib.util.find_spec(top) is not None
    except (ImportError, ValueError):
        return True  # It is there, but odd.


def _files_of(module: str) -> Iterator[tuple[str, str]]:
    """The files that are run when a module is imported, and the package that each belongs to."""
    parts = module.split(".")
    for count in range(1, len(parts) + 1):
        path = os.path.join(*parts[:count])
        name = ".".join(parts[:count])
        if os.path.isfile(os.path.join(path, "__init__.py")):
            yield os.path.join(path, "__init__.py"), name
        elif os.path.isfile(f"{path}.py"):
            yield f"{path}.py", name.rpartition(".")[0]


def _imports(path: str, package: str) -> Iterator[Import]:
    try:
        with open(path, "rb") as file:
            tree = ast.parse(file.read(), path)
    except (OSError, SyntaxError, ValueError, RecursionError):
        return  # The import of the application will say what is wrong.
    for node in _run_at_once(tree.body):
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node, package)
            yield Import(base, node.lineno)
            # What is imported may be a module itself.
            yield from (
                Import(f"{base}.{alias.name}", node.lineno)
                for alias in node.names
                if alias.name != "*"
            )


def _absolute(node: ast.ImportFrom, package: str) -> str:
    if node.level == 0:
        return node.module or ""
    parts = package.split(".") if package else []
    base = parts[: len(parts) - node.level + 1]
    return ".".join([*base, *([node.module] if node.module else [])])


def _run_at_once(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements that an import runs in any case: not those in functions, and not those that
    are tried, or depend on a condition.
    """
    for node in body:
        if isinstance(node, ast.ClassDef | ast.With):
            yield from _run_at_once(node.body)
        else:
            yield node
