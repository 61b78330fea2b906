"""Most tests run code in a process whose stdout and stderr are pipes, as under Node."""

import io
import logging
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from node_asgi_worker import logs

ROOT = Path(__file__).parents[2] / "worker" / "python"

# Puts the fake native module in place, as conftest.py does here.
FAKE = """
import fake_worker, node_asgi_worker, sys
sys.modules["node_asgi_worker._worker"] = node_asgi_worker._worker = fake_worker
"""
PRELUDE = f"""{FAKE}
import io, logging, logging.config, logging.handlers, os, sys
from node_asgi_worker import logs
logs.install()
log = logging.getLogger("app")
"""


def run(code, *arguments, prelude=PRELUDE):
    """Runs the code in a process. Returns its stdout and stderr."""
    result = subprocess.run(
        [sys.executable, "-c", prelude + textwrap.dedent(code), *map(str, arguments)],
        env={
            **os.environ,
            "PYTHONPATH": f"{ROOT}{os.pathsep}{Path(__file__).parent}",
            "PYTHONIOENCODING": "utf-8",
            "PYTHONUNBUFFERED": "",
        },
        capture_output=True,
        check=True,
        timeout=30,
    )
    return result.stdout.decode(), result.stderr.decode()


def test_mark():
    assert logs.mark("text", logging.INFO) == "\x1eItext"
    assert logs.mark("two\nlines\n", logging.INFO) == "\x1eItwo\x1flines\x1f"
    assert logs.mark("", logging.INFO) == "\x1eI"


def test_our_own_characters_in_the_text_are_replaced():
    assert logs.mark("a\x1eEb\x1fc", logging.INFO) == "\x1eIa?Eb?c"


@pytest.mark.parametrize(
    ("level", "letter"),
    zip((0, 10, 19, 20, 29, 30, 39, 40, 50, 99), "DDDIIWWEEE", strict=True),
)
def test_levels(level, letter):
    assert logs.mark("x", level) == f"\x1e{letter}x"


def test_without_any_configuration():
    """logging.lastResort writes to whatever sys.stderr is."""
    assert run('log.info("unseen"); log.warning("careful %d", 1)') == ("", "\x1eWcareful 1\n")


def test_basic_config():
    out, err = run("""
        logging.basicConfig(level="DEBUG", format="%(levelname)s:%(message)s")
        log.debug("a")
        log.info("b")
        log.warning("c")
        log.error("d")
        log.critical("e")
    """)
    assert out == ""
    assert err == "\x1eDDEBUG:a\n\x1eIINFO:b\n\x1eWWARNING:c\n\x1eEERROR:d\n\x1eECRITICAL:e\n"


def test_dict_config():
    out, err = run("""
        stream = {"class": "logging.StreamHandler", "formatter": "short"}
        logging.config.dictConfig({
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"short": {"format": "<%(message)s>"}},
            "handlers": {
                "out": {**stream, "stream": "ext://sys.stdout"},
                "err": {**stream, "level": "ERROR"},
            },
            "root": {"level": "INFO", "handlers": ["out", "err"]},
        })
        log.info("both?")
        log.error("both")
    """)
    assert out == "\x1eI<both?>\n\x1eE<both>\n"
    assert err == "\x1eE<both>\n"


def test_a_handler_that_was_made_before():
    """A fork server may preload a module that configures logging."""
    before = "import logging; logging.basicConfig()"
    assert run('log.error("late")', prelude=before + PRELUDE)[1] == "\x1eEERROR:app:late\n"


def test_a_traceback_is_one_line():
    _, err = run("""
        try:
            {}["missing"]
        except KeyError:
            log.exception("first\\nsecond")
    """)
    assert err.startswith("\x1eEfirst\x1fsecond\x1fTraceback (most recent call last):\x1f  File ")
    assert err.endswith("\x1fKeyError: 'missing'\n")
    assert err.count("\n") == 1


def test_text_that_is_not_a_record_stays_as_it_is():
    assert run("""
        print("two\\nlines", flush=True)
        print("on stderr", file=sys.stderr)
    """) == ("two\nlines\n", "on stderr\n")


def test_install_twice():
    out, err = run('logs.install(); log.error("once")')
    assert (out, err) == ("", "\x1eEonce\n")


def test_files_get_plain_text(tmp_path):
    path = tmp_path / "app.log"
    out, err = run(
        """
        logging.basicConfig(handlers=[
            logging.FileHandler(sys.argv[1]),
            logging.FileHandler(sys.argv[1], delay=True),
            logging.handlers.RotatingFileHandler(sys.argv[1]),
            logging.StreamHandler(open(sys.argv[1], "a")),
        ], format="%(message)s")
        log.error("two\\nlines")
        """,
        path,
    )
    assert (out, err) == ("", "")
    assert path.read_text() == "two\nlines\n" * 4


def test_a_string_gets_plain_text():
    out, _ = run("""
        text = io.StringIO()
        logging.basicConfig(stream=text, format="%(message)s")
        log.error("two\\nlines")
        print(repr(text.getvalue()))
    """)
    assert out == "'two\\nlines\\n'\n"


def test_stderr_that_the_app_replaced():
    out, err = run("""
        sys.stderr = io.StringIO()
        log.error("one")
        logging.basicConfig(format="%(message)s")
        log.error("two")
        print(repr(sys.stderr.getvalue()))
    """)
    assert out == "'one\\ntwo\\n'\n"
    assert err == ""


def test_stderr_that_the_app_redirected_to_a_file(tmp_path):
    path = tmp_path / "app.log"
    _, err = run(
        """
        log.error("before")
        os.dup2(os.open(sys.argv[1], os.O_CREAT | os.O_WRONLY), 2)
        log.error("after")
        """,
        path,
    )
    assert err == "\x1eEbefore\n"
    assert path.read_text() == "after\n"


def test_a_tee_gets_plain_text():
    """It imitates stderr, but writes elsewhere as well."""
    out, err = run("""
        class Tee:
            copy = ""
            def __init__(self, stream):
                self.stream = stream
            def write(self, text):
                self.copy += text
                return self.stream.write(text)
            def __getattr__(self, name):
                return getattr(self.stream, name)

        sys.stderr = Tee(sys.stderr)
        assert sys.stderr.fileno() == 2
        log.error("two\\nlines")
        print(repr(sys.stderr.copy))
    """)
    assert out == "'two\\nlines\\n'\n"
    assert err == "two\nlines\n"


def test_a_wrapper_with_another_encoding():
    _, err = run("""
        sys.stderr = io.TextIOWrapper(sys.stderr.detach(), "utf-8", line_buffering=True)
        log.error("gr\\xfcn")
    """)
    assert err == "\x1eEgrün\n"


def test_set_stream():
    _, err = run("""
        handler = logging.StreamHandler(io.StringIO())
        logging.basicConfig(handlers=[handler], format="%(message)s")
        log.error("kept")
        text = handler.setStream(sys.stderr)
        assert text.getvalue() == "kept\\n"
        log.error("shown")
    """)
    assert err == "\x1eEshown\n"


def test_subclasses_keep_what_they_override():
    _, err = run("""
        class Coloured(logging.StreamHandler):
            def format(self, record):
                return "<red>" + super().format(record) + "</red>"

        class Remote(logging.StreamHandler):  # Its stream is stderr, but it does not write there.
            sent = []
            def emit(self, record):
                self.sent.append(self.format(record))

        class Mixin(logging.Handler):
            def format(self, record):
                return "mixed " + super().format(record)

        class Mixed(logging.StreamHandler, Mixin):
            pass

        class Counting(logging.StreamHandler):
            count = 0
            def emit(self, record):
                self.count += 1
                super().emit(record)

        counting = Counting()
        handlers = [Coloured(), Remote(), Mixed(), counting]
        logging.basicConfig(handlers=handlers, format="%(message)s")
        log.error("two\\nlines")
        assert counting.count == 1
        assert Remote.sent == ["two\\nlines"], Remote.sent
    """)
    assert err == ("\x1eE<red>two\x1flines</red>\n\x1eEmixed two\x1flines\n\x1eEtwo\x1flines\n")


def test_formatting_a_record_directly_gives_plain_text():
    out, _ = run("""
        record = logging.makeLogRecord({"msg": "two\\nlines"})
        print(repr(logging.StreamHandler().format(record)))
    """)
    assert out == "'two\\nlines'\n"


def test_a_record_does_not_wait_in_a_buffer():
    out, _ = run("""
        logging.basicConfig(stream=sys.stdout, format="%(message)s")
        assert not sys.stdout.line_buffering
        log.error("last words")
        os._exit(0)
    """)
    assert out == "\x1eElast words\n"


def test_endless_recursion_is_not_hidden():
    """handleError() would only recurse again."""
    out, _ = run("""
        class Endless(logging.Formatter):
            def format(self, record):
                return self.format(record)

        handler = logging.StreamHandler()
        handler.setFormatter(Endless())
        logging.basicConfig(handlers=[handler])
        try:
            log.error("text")
        except RecursionError:
            print("raised")
    """)
    assert out == "raised\n"


def test_another_terminator():
    _, err = run("""
        handler = logging.StreamHandler()
        handler.terminator = " | "
        logging.basicConfig(handlers=[handler], format="%(message)s")
        log.error("one")
        log.error("two\\nlines")
    """)
    assert err == "one | two\nlines | "


def test_emit_that_another_module_replaced_is_left_alone():
    before = """
import logging
from node_asgi_worker import logs
standard = logging.StreamHandler.emit
def emit(self, record):
    record.msg = "theirs: " + record.msg
    standard(self, record)
logging.StreamHandler.emit = emit
"""
    assert run('log.error("text")', prelude=FAKE + before + PRELUDE)[1] == "theirs: text\n"


def test_emit_that_was_replaced_in_between():
    _, err = run("""
        ours = logging.StreamHandler.emit
        def emit(self, record):
            record.msg = "theirs: " + record.msg
            ours(self, record)
        logging.StreamHandler.emit = emit
        logs.install()
        log.error("text")
    """)
    assert err == "\x1eEtheirs: text\n"


def test_a_forked_process_with_pipes_of_its_own():
    out, err = run("""
        read, write = os.pipe()
        if os.fork() == 0:
            os.dup2(write, 2)
            logs.install()
            log.error("of the worker")
            os._exit(0)
        os.wait()
        log.error("of the server")
        print(repr(os.read(read, 1000)))
    """)
    assert out == r"b'\x1eEof the worker\n'" + "\n"
    assert err == "\x1eEof the server\n"


def test_odd_streams_and_records_do_not_raise():
    _, err = run("""
        def of_no_level():
            record = logging.makeLogRecord({"msg": "of no level"})
            assert record.levelno is None
            logging.StreamHandler().emit(record)

        class Rude(io.TextIOWrapper):
            def fileno(self):
                raise RuntimeError
            def write(self, text):
                sys.stderr.write(f"rude: {text}")

        of_no_level()
        logging.raiseExceptions = False
        detached = io.TextIOWrapper(io.BytesIO())
        detached.detach()
        closed = open(os.devnull, "w")
        closed.close()
        forgetful = logging.StreamHandler()
        del forgetful.stream
        streams = [None, 7, closed, detached, Rude(io.BytesIO())]
        handlers = [logging.StreamHandler(stream) for stream in streams] + [forgetful]
        for handler in handlers[1:]:
            handler.emit(logging.makeLogRecord({"msg": "text", "levelno": 40}))
    """)
    assert err == "of no level\nrude: text\n"


def test_a_record_that_cannot_be_formatted_is_reported_by_logging():
    _, err = run('log.warning("%d items", "no"); log.warning("next")')
    assert err.startswith("--- Logging error ---\n")
    assert "TypeError" in err
    assert err.endswith("\x1eWnext\n")


@pytest.mark.skipif("sys.platform == 'win32'", reason="stdout and stderr may be closed on POSIX")
def test_install_without_stdout_and_stderr(tmp_path):
    path = tmp_path / "app.log"
    run(
        """
        os.close(1)
        os.close(2)
        logs.install()
        log.error("nobody hears this")
        logging.basicConfig(filename=sys.argv[1])
        log.error("plain")
        os._exit(0)
        """,
        path,
    )
    assert path.read_text() == "ERROR:app:plain\n"


def test_a_stream_of_this_process_does_not_go_to_node():
    for stream in (None, io.StringIO(), io.TextIOWrapper(io.BytesIO()), sys.stdin):
        assert not logs.goes_to_node(stream)


SERVER_PRELUDE = PRELUDE + "logs.install_server_loggers()\n"


@pytest.mark.parametrize("name", ["uvicorn", "uvicorn.error", "gunicorn.error", "hypercorn.error"])
def test_loggers_of_other_servers_show_info(name):
    out, err = run(
        """
        log = logging.getLogger(sys.argv[1])
        log.debug("unseen")
        log.info("started %d", 1)
        log.critical("ended")
        """,
        name,
        prelude=SERVER_PRELUDE,
    )
    assert (out, err) == ("", "\x1eIINFO:     started 1\n\x1eECRITICAL: ended\n")


@pytest.mark.parametrize("name", ["uvicorn.access", "gunicorn.access", "hypercorn.access"])
def test_loggers_of_accesses_show_info_on_stdout(name):
    code = "logging.getLogger(sys.argv[1]).info('seen')"
    assert run(code, name, prelude=SERVER_PRELUDE) == ("\x1eIINFO:     seen\n", "")


def test_a_record_of_a_server_is_shown_once_under_a_root_handler():
    _, err = run(
        """
        logging.basicConfig(level="DEBUG")
        logging.getLogger("uvicorn.error").info("once")
        """,
        prelude=SERVER_PRELUDE,
    )
    assert err == "\x1eIINFO:     once\n"


def test_the_application_may_reconfigure_the_loggers_of_a_server():
    _, err = run(
        """
        logging.getLogger("uvicorn").handlers[0].setFormatter(logging.Formatter("%(message)s!"))
        logging.getLogger("uvicorn.access").handlers[0].addFilter(lambda record: False)
        logging.getLogger("app").handlers = logging.getLogger("gunicorn.error").handlers
        logging.getLogger("uvicorn.error").info("changed")
        logging.getLogger("uvicorn.access").info("filtered")
        log.warning("borrowed")
        logging.config.dictConfig({"version": 1, "loggers": {
            "uvicorn": {"level": "ERROR"}, "uvicorn.error": {"level": "ERROR"}}})
        logging.getLogger("uvicorn.error").warning("below the level")
        """,
        prelude=SERVER_PRELUDE,
    )
    assert err == "\x1eIchanged!\n\x1eWWARNING:  borrowed\n"


def test_handlers_that_exist_already_are_kept():
    _, err = run(
        """
        logging.getLogger("uvicorn").addHandler(logging.StreamHandler())
        logs.install_server_loggers()
        logging.getLogger("uvicorn").warning("once")
        """
    )
    assert err == "\x1eWonce\n"
