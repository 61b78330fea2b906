"""Properties of what the Python processes read: settings, targets, exceptions, callables."""

import functools
import inspect
import json
import logging
import re
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from node_asgi_worker import _worker, errors, importer, interfaces, logs
from node_asgi_worker.settings import Settings

MARK = _worker.RECORD_MARK
NEWLINE = _worker.NEWLINE_MARK
INTERFACES = ("auto", "asgi", "asgi2", "wsgi")
LETTERS = {"D": logging.DEBUG, "I": logging.INFO, "W": logging.WARNING, "E": logging.ERROR}

text = st.text() | st.lists(
    st.sampled_from(["\n", "\r\n", MARK, NEWLINE, MARK + "E", "x", "\udc80", "\x85", "€"])
).map("".join)


@given(text, st.integers(-10, 100))
def test_a_record_is_one_line_from_which_it_can_be_read_back(record, level):
    line = logs.mark(record, level)
    assert line[0] == MARK
    assert not set(line[1:]) & {"\n", MARK}
    assert line[2:].replace(NEWLINE, "\n") == re.sub(f"[{MARK}{NEWLINE}]", "?", record)
    # The level is the nearest one below, and never below DEBUG.
    assert LETTERS[line[1]] == max(
        [each for each in LETTERS.values() if each <= level], default=logging.DEBUG
    )


names = st.from_regex(r"[A-Za-z_é][A-Za-z0-9_é]{0,5}", fullmatch=True)
dotted = st.lists(names, min_size=1, max_size=3).map(".".join)


@given(dotted, st.none() | dotted, st.booleans())
def test_a_target_is_read_back(module, attributes, called):
    written = module if attributes is None else f"{module}:{attributes}{'()' * called}"
    target = importer.parse_target(written)
    assert target.module == module
    assert ".".join(target.attributes) == (attributes or importer.DEFAULT_ATTRIBUTE)
    assert target.called == (called and attributes is not None)
    assert importer.parse_target(str(target)) == importer.Target(module, target.attributes, False)


odd = st.text() | st.lists(
    st.sampled_from(["a", ".", ":", "()", "(", "\0", "\n", "..", "\udc80", "é", "1", "/"])
).map("".join)


@given(odd)
def test_any_target_is_of_identifiers_or_refused(written):
    try:
        target = importer.parse_target(written)
    except importer.AppImportError as error:
        assert error.message.isprintable()  # noqa: PT017
    else:
        # A file may be called my-app.py.
        assert all(name.isidentifier() for name in target.module.replace("-", "_").split("."))
        assert all(name.isidentifier() for name in target.attributes)


# What is imported changes while the tests run, and what is generated must not depend on it.
present = frozenset(sys.modules) | sys.stdlib_module_names
missing = odd.filter(lambda name: name.split(".")[0] not in present)
places = st.sampled_from(["", "/nonexistent", "/etc/hostname", "/proc/self/mem", "\0", "/etc"])


@given(missing, places)
def test_a_module_that_is_not_there_is_an_import_error(name, place):
    before = sys.path[0]
    sys.path[0] = place
    try:
        importer.load_module(name)
    except importer.AppImportError:
        pass
    finally:
        sys.path[0] = before


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([10**400, -1, 0])
    | st.floats()
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
FULL = {
    "appTarget": st.text(),
    "factory": st.booleans(),
    "interface": st.sampled_from(INTERFACES),
    "threads": st.integers(1, 99),
    "preload": st.booleans() | st.lists(st.text()),
    "lifespan": st.sampled_from(["auto", "on", "off"]),
    "loop": st.sampled_from(["auto", "asyncio", "uvloop"]),
    "rootPath": st.text(),
    "spin": st.none() | st.integers(0, 99),
    "debug": st.booleans(),
    "debugger": st.none()
    | st.fixed_dictionaries(
        {
            "terminal": st.booleans(),
            "listen": st.none() | st.tuples(st.text(), st.integers(0, 65535)).map(list),
        }
    ),
    "limits": st.dictionaries(st.text(), st.integers()),
    "allowed": st.none(),
    "preparation": st.dictionaries(st.text(), st.integers()),
}
timeouts = {name: st.none() | st.floats(0, 1e9) for name in ("startup", "shutdown", "cancel")}
valid = st.fixed_dictionaries({**FULL, "timeouts": st.fixed_dictionaries(timeouts)})


@given(valid)
def test_settings_are_read_back(raw):
    settings = Settings.from_json(json.dumps(raw))
    assert settings.app_target == raw["appTarget"]
    assert settings.root_path == raw["rootPath"]
    assert settings.spin == raw["spin"]
    assert settings.debugger == raw["debugger"]
    assert settings.startup_timeout == raw["timeouts"]["startup"]
    preload = raw["preload"]
    assert settings.preload == (tuple(preload) if isinstance(preload, list) else preload)


@given(valid, st.sampled_from([*FULL, "timeouts"]), values, st.sampled_from([None, *timeouts]))
def test_a_wrong_setting_is_a_value_error(raw, name, value, timeout):
    if timeout is None:
        raw[name] = value
    else:
        raw["timeouts"][timeout] = value
    try:
        settings = Settings.from_json(json.dumps(raw))
    except ValueError:
        return
    assert type(settings.app_target) is type(settings.root_path) is str
    assert settings.debugger is None or type(settings.debugger["terminal"]) is bool
    assert type(settings.threads) is int
    assert settings.spin is None or type(settings.spin) is int
    for limit in (settings.startup_timeout, settings.shutdown_timeout, settings.cancel_timeout):
        assert limit is None or 0 <= limit < float("inf")


@given(st.text() | st.integers(1, 100_000).map(lambda depth: "[" * depth) | values.map(json.dumps))
def test_text_that_is_no_settings_is_a_value_error(written):
    with pytest.raises(ValueError, match=r"."):
        Settings.from_json(written)


@given(text.map(lambda part: part * 50), st.integers(64, 2000))
def test_text_within_a_limit_is_kept_and_longer_text_keeps_its_ends(whole, limit):
    cut = errors._bounded(whole, limit)
    data = whole.encode("utf-8", "backslashreplace")
    assert len(cut.encode()) <= limit
    if len(data) <= limit:
        assert cut.encode() == data
    else:
        left = int(re.search(r"\n\.\.\. (\d+) bytes left out \.\.\.\n", cut)[1])
        assert left == len(data) - limit
        kept = cut.encode().split(b"\n... %d bytes left out ...\n" % left)
        assert data.startswith(kept[0])
        assert data.endswith(kept[-1])


class HostileText(str):
    def encode(self, *_):
        raise RuntimeError("no")

    __str__ = __repr__ = encode


@given(
    text,
    text,
    st.sampled_from([str, HostileText]),
    st.sampled_from([ValueError, SystemExit, BaseException]),
)
def test_any_exception_can_be_described(name, message, kind, base):
    def fail(self):
        raise base("no")

    exceptions = [base(message), base(kind(message))]
    for members in (
        {},
        {"__str__": fail},
        {"__str__": lambda _: kind(message)},
        {"__str__": lambda _: 1},
    ):
        made = type("Made", (base,), {**members, "__module__": kind(name)})
        made.__qualname__ = kind(name)
        exceptions.append(made(message))
    for exc in exceptions:
        fields = errors.describe(exc)
        limits = (_worker.MAX_ERROR_TYPE, _worker.MAX_ERROR_MESSAGE, _worker.MAX_TRACEBACK)
        for field, most in zip(fields, limits, strict=True):
            assert len(field.encode()) <= most


@st.composite
def callables(draw):
    """A function, method, object, class or partial with random parameters."""
    parameters = [f"p{i}" for i in range(draw(st.integers(0, 4)))]
    defaults = draw(st.integers(0, len(parameters)))
    declared = [
        name + ("=None" if i >= len(parameters) - defaults else "")
        for i, name in enumerate(parameters)
    ]
    if draw(st.booleans()):
        declared.append("*rest")
    elif draw(st.booleans()):
        declared.extend(["*", draw(st.sampled_from(["k", "k=None"]))])
    prefix = draw(st.sampled_from(["", "async "]))
    shape = draw(
        st.sampled_from(["function", "method", "object", "static", "class", "partial", "wrapped"])
    )
    scope = {}
    if shape in ("function", "partial", "wrapped"):
        exec(f"{prefix}def made({', '.join(declared)}): pass", scope)
        made = scope["made"]
        if shape == "partial":
            return functools.partial(made, *range(draw(st.integers(0, len(parameters)))))
        if shape == "wrapped":
            return functools.wraps(made)(lambda *args, **kwargs: made(*args, **kwargs))
        return made
    method = {"class": "__init__", "static": "__call__"}.get(shape, "__call__")
    if shape == "class":
        prefix = ""
    first = [] if shape == "static" else ["self"]
    decorator = "@staticmethod\n " if shape == "static" else ""
    exec(
        f"class Made:\n {decorator}{prefix}def {method}({', '.join([*first, *declared])}): pass\n",
        scope,
    )
    if shape == "class":
        return scope["Made"]
    made = scope["Made"]()
    return made.__call__ if shape == "method" else made


def fits(app, count):
    """Whether Python itself can call it. A mismatch of arguments is found before any code runs."""
    try:
        result = app(*range(count))
    except TypeError:
        return False
    if inspect.iscoroutine(result):
        result.close()
    return True


def takes_anything(app):
    """Such an application shows only when it is called what it is."""
    kinds = [each.kind for each in inspect.signature(app).parameters.values()]
    return kinds[:1] == [inspect.Parameter.VAR_POSITIONAL]


@given(callables(), st.sampled_from(INTERFACES))
def test_an_interface_is_chosen_only_if_the_application_can_be_called_so(app, interface):
    counts = {"asgi": 3, "wsgi": 2, "asgi2": 1}
    try:
        adapted = interfaces.adapt(app, interface, 1)
    except interfaces.InterfaceError as error:
        assert str(error).startswith("cannot be called with (")  # noqa: PT017
        # Of a class it also matters what it makes.
        if interface in counts or not inspect.isclass(app):
            assert not fits(app, counts.get(interface, 3))
        return
    if interface in counts:
        assert fits(app, counts[interface])
        assert (adapted is app) == (interface == "asgi")
    elif adapted is app:
        assert fits(app, 3)
    elif not takes_anything(app):
        assert not fits(app, 3)
