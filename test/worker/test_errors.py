import asyncio
import os
import sys
from bdb import BdbQuit

import pytest
from node_asgi_worker import _worker, errors, importer, logs


def raised(exc):
    try:
        raise exc
    except BaseException as caught:
        return caught


class CustomError(Exception):
    pass


class HostileError(Exception):
    def __init__(self, weapon):
        self.weapon = weapon

    def __str__(self):
        raise self.weapon

    __repr__ = __str__


def test_a_plain_exception():
    kind, message, traceback = errors.describe(raised(ValueError("no such item")))
    assert (kind, message) == ("ValueError", "no such item")
    assert traceback.startswith("Traceback (most recent call last):\n")
    assert 'test_errors.py", line ' in traceback
    assert traceback.endswith("ValueError: no such item\n")


def test_leaving_a_debugger_filled_the_log_with_a_traceback():
    def stopped():
        raise BdbQuit

    try:
        stopped()
    except BdbQuit as exc:
        kind, _, traceback = errors.describe(exc)
    assert kind == "bdb.BdbQuit"
    assert "in stopped\n" in traceback
    assert traceback.count('File "') == 1


def test_a_type_of_a_module_is_named_with_it():
    assert errors.describe(CustomError())[0] == f"{__name__}.CustomError"


def test_an_exception_that_was_never_raised_has_no_frames():
    assert errors.describe(KeyError("x"))[2] == "KeyError: 'x'\n"


def test_the_cause_is_shown():
    def cause():
        try:
            {}["missing"]
        except KeyError as exc:
            raise RuntimeError("outer") from exc

    with pytest.raises(RuntimeError) as caught:
        cause()
    traceback = errors.describe(caught.value)[2]
    assert "KeyError: 'missing'" in traceback
    assert "direct cause" in traceback


@pytest.mark.skipif("sys.version_info < (3, 11)", reason="exception groups came with 3.11")
def test_an_exception_group():
    group = raised(ExceptionGroup("several", [ValueError("one"), KeyError("two")]))  # noqa: F821
    kind, message, traceback = errors.describe(group)
    assert kind == "ExceptionGroup"
    assert message == "several (2 sub-exceptions)"
    assert "ValueError: one" in traceback
    assert "KeyError: 'two'" in traceback


@pytest.mark.parametrize("weapon", [RuntimeError(), SystemExit(), KeyboardInterrupt()])
def test_an_exception_whose_str_raises(weapon):
    kind, message, traceback = errors.describe(raised(HostileError(weapon)))
    assert kind.endswith("HostileError")
    assert "__str__ raises" in message
    assert traceback != ""


def test_an_exception_whose_str_is_not_a_string():
    class Odd(Exception):
        def __str__(self):
            return 7

    assert "__str__ raises" in errors.describe(raised(Odd()))[1]


def test_a_type_that_lies_about_its_name():
    class Meta(type):
        def __getattribute__(cls, name):
            raise RuntimeError

    class Liar(Exception, metaclass=Meta):
        __module__ = 7

    kind, _, traceback = errors.describe(raised(Liar("x")))
    assert "Liar" in kind
    assert traceback != ""


def test_lone_surrogates_become_escapes():
    _, message, traceback = errors.describe(raised(ValueError("half: \ud83d")))
    assert message == "half: \\ud83d"
    traceback.encode("utf-8")


def test_a_long_message_is_bounded():
    _, message, traceback = errors.describe(raised(ValueError("a" * 100_000 + "z")))
    assert len(message) <= _worker.MAX_ERROR_MESSAGE
    assert message.startswith("aaa")
    assert message.endswith("az")
    assert "bytes left out" in message
    assert len(traceback.encode()) <= _worker.MAX_TRACEBACK


def test_a_bound_within_a_character_leaves_valid_text():
    for extra in range(4):
        _, message, _ = errors.describe(ValueError("x" * extra + "\N{SNAKE}" * 10_000))
        assert len(message.encode()) <= _worker.MAX_ERROR_MESSAGE


@pytest.mark.parametrize(
    ("part", "limit"), enumerate(["MAX_ERROR_TYPE", "MAX_ERROR_MESSAGE", "MAX_TRACEBACK"])
)
def test_the_limits_are_those_of_the_native_module(monkeypatch, part, limit):
    name = "Long" * 200
    exc = raised(type(name, (Exception,), {})("x" * 100_000))
    for bytes_allowed in (100, 150):
        monkeypatch.setattr(_worker, limit, bytes_allowed)
        length = len(errors.describe(exc)[part].encode())
        assert bytes_allowed - 1 <= length <= bytes_allowed


def test_endless_recursion():
    def deeper():
        return deeper() + 1

    with pytest.raises(RecursionError) as caught:
        deeper()
    assert "repeated" in errors.describe(caught.value)[2]


def test_our_own_frames_are_left_out(apps):
    with pytest.raises(importer.AppImportError) as caught:
        importer.load_module("raise_at_import_app")
    exc = caught.value.__cause__
    assert exc.__traceback__.tb_frame.f_code.co_filename == importer.__file__
    assert "importer.py" not in errors.describe(exc)[2]


def test_report_writes_to_stderr(capsys):
    errors.report("something failed", raised(ValueError("because")))
    written = capsys.readouterr().err
    assert written.startswith("node-asgi: something failed\nTraceback")
    assert written.endswith("ValueError: because\n")
    errors.report("nothing to add")
    assert capsys.readouterr().err == "node-asgi: nothing to add\n"


def test_report_is_one_entry_of_level_error_for_node(monkeypatch):
    read, write = os.pipe()
    with open(read) as pipe, open(write, "w") as stderr:
        monkeypatch.setattr(logs, "_pipes", {logs._identity(write)})
        monkeypatch.setattr(sys, "stderr", stderr)
        errors.report("something failed", raised(ValueError("because")))
        errors.report("nothing to add")
        stderr.close()
        first, second = pipe
    assert first.startswith("\x1eEnode-asgi: something failed\x1fTraceback")
    assert first.endswith("\x1fValueError: because\n")
    assert second == "\x1eEnode-asgi: nothing to add\n"


def test_report_survives_a_stderr_that_cannot_be_written_to(monkeypatch):
    with open(__file__) as read_only:
        for stream in (None, read_only):
            monkeypatch.setattr(sys, "stderr", stream)
            errors.report("nobody hears this")


def test_a_type_name_that_is_not_a_plain_str_made_describe_raise():
    class HostileName(str):
        def encode(self, *_):
            raise RuntimeError("no")

        __str__ = __format__ = encode

    made = type("Made", (Exception,), {"__module__": "m"})
    made.__qualname__ = HostileName("Odd")
    assert errors.describe(made())[0] == "m.Odd"


def test_an_error_after_the_response_did_not_say_of_which_request(capsys):
    async def fail():
        errors.write_of_request("Exception after the response\nTraceback\n")

    async def main():
        await asyncio.create_task(fail(), name="GET /a\nb")

    asyncio.run(main())
    assert capsys.readouterr().err == "Exception after the response (GET /a\\nb)\nTraceback\n"
    errors.write_of_request("outside")
    assert capsys.readouterr().err == "outside\n"
