"""Imports the application that a target names, and says exactly what is wrong if that fails."""

import contextlib
import difflib
import importlib
import os
import pkgutil
import sys
from dataclasses import dataclass
from types import ModuleType

from node_asgi_worker import errors, interfaces, packages

# What a target without an attribute stands for.
DEFAULT_ATTRIBUTE = "app"
# What applications and factories are usually called.
USUAL_ATTRIBUTES = (DEFAULT_ATTRIBUTE, "application", "asgi_app", "create_app")


@dataclass(frozen=True)
class Target:
    """`pkg.module:attr.sub`, `pkg.module` or `pkg.module:attr.sub()`."""

    module: str
    attributes: tuple[str, ...]
    called: bool

    def __str__(self) -> str:
        return f"{self.module}:{'.'.join(self.attributes)}"


class AppImportError(Exception):
    """The app cannot be imported. Carries what Node shows: type, message, traceback."""

    # How the failure is reported to Node.
    stage = "import"

    def __init__(self, kind: str, message: str, traceback: str = ""):
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.traceback = traceback


def observed(settings):
    """While this lasts, imports are reported, if Node asks for it."""
    if not settings.preparation.get("progress"):
        return contextlib.nullcontext()
    from node_asgi_worker import progress  # Most workers do not need it.

    return progress.reported()


def load_app(target: str, factory: bool, interface: str, threads: int, prepare=None):
    """The application that `target` names, as an ASGI 3 callable. Raises AppImportError.

    `prepare` gets what the target names and that callable, and returns the callable to use.
    """
    parsed = parse_target(target)
    app = load_attribute(parsed)
    name = str(parsed)
    if factory or parsed.called:
        if not callable(app):
            raise AppImportError("TypeError", f"factory {name!r} is not callable: {_what(app)}")
        try:
            app = app()
        except (Exception, SystemExit) as exc:
            raise _from_app(exc, f"factory {name!r} raised") from exc
        name = f"{name}()"
    asgi = _adapted(app, name, interface, threads)
    return asgi if prepare is None else prepare(app, asgi)


def load_attribute(target: Target):
    """What the target names, without a call. Raises AppImportError."""
    return _attribute(load_module(target.module), target.module, target.attributes)


def load_package(name: str) -> ModuleType:
    """As load_module(), for a module that may also be that of a package which is not installed."""
    try:
        return load_module(name)
    except AppImportError as exc:
        if exc.kind == "ModuleNotFoundError" and not exc.traceback:
            exc.message += f"; if it is a package, run: {packages.command_for(name)}"
        raise


def load_module(name: str) -> ModuleType:
    """Raises AppImportError; an exception of the module itself keeps its traceback."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as exc:
        if exc.name is not None and f"{name}.".startswith(f"{exc.name}."):
            raise AppImportError("ModuleNotFoundError", _not_found(name, exc.name)) from exc
        raise _from_app(exc, f"could not import {name!r}") from exc
    except (Exception, SystemExit) as exc:
        raise _from_app(exc, f"could not import {name!r}") from exc


def parse_target(target: str) -> Target:
    """Raises AppImportError."""
    module, colon, rest = target.partition(":")
    path = rest.removesuffix("()") if colon else DEFAULT_ATTRIBUTE
    attributes = tuple(path.split("."))
    # A module may have a file name with a dash, which no import statement can name.
    names = (*module.replace("-", "_").split("."), *attributes)
    if not all(name.isidentifier() for name in names):
        raise AppImportError(
            "ValueError",
            f"{target!r} does not name an application: it must look like 'pkg.module:attr', "
            "'pkg.module' or 'pkg.module:factory()'",
        )
    return Target(module, attributes, rest.endswith("()"))


def _not_found(name: str, missing: str) -> str:
    text = f"there is no module {missing!r} in {sys.path[0]}"
    if missing != name:
        text += f" (needed by {name!r})"
    parent, _, last = missing.rpartition(".")
    where = getattr(sys.modules.get(parent), "__path__", []) if parent else [sys.path[0]]
    siblings = [module.name for module in pkgutil.iter_modules(where)]
    text += _did_you_mean(last, siblings)
    if parent and not where:
        text += f"; {parent!r} is a module, not a package"
    if not parent:
        places = [
            name
            for name in _names_in(sys.path[0])
            if os.path.isfile(os.path.join(sys.path[0], name, f"{last}.py"))
        ]
        if places:
            text += (
                f"; {places[0]}/{last}.py exists: set {errors.option('docroot')} to {places[0]}?"
            )
    return text


def _names_in(directory: str) -> list[str]:
    # A module may have put an archive first on sys.path, or something that is not there.
    try:
        return sorted(os.listdir(directory))
    except (OSError, ValueError):
        return []


def _attribute(module: ModuleType, module_name: str, attributes: tuple[str, ...]):
    found = module
    where = f"module {module_name!r}"
    for depth, name in enumerate(attributes, start=1):
        try:
            found = getattr(found, name)
        except AttributeError as exc:
            names = [known for known in dir(found) if not known.startswith("__")]
            usual = [known for known in USUAL_ATTRIBUTES if known in names]
            advice = _did_you_mean(name, names) or _did_you_mean(name, usual, cutoff=0)
            text = f"{where} has no attribute {name!r}{advice}"
            raise AppImportError("AttributeError", text) from exc
        except Exception as exc:
            raise _from_app(exc, f"could not read {name!r} of {where}") from exc
        where = f"{'.'.join(attributes[:depth])!r} in module {module_name!r}"
    return found


def _adapted(app, target: str, interface: str, threads: int):
    if not callable(app):
        raise AppImportError("TypeError", f"{target!r} is not callable: {_what(app)}")
    try:
        return interfaces.adapt(app, interface, threads)
    except interfaces.InterfaceError as exc:
        raise AppImportError("TypeError", f"{target!r} {exc}") from exc


def _from_app(exc: BaseException, what: str) -> AppImportError:
    kind, message, traceback = packages.describe(exc)
    if isinstance(exc, SystemExit):
        message = f"it called sys.exit({exc.code!r})"
    return AppImportError(kind, f"{what}: {message}", traceback)


def _what(value) -> str:
    kind = type(value)
    article = "an" if kind.__name__[:1].lower() in "aeiou" else "a"
    return f"it is {article} {kind.__name__}"


def _did_you_mean(name: str, known: list[str], cutoff: float = 0.6) -> str:
    near = difflib.get_close_matches(name, known, n=3, cutoff=cutoff)
    return f"; did you mean {' or '.join(map(repr, near))}?" if near else ""
