import asyncio
import contextvars

import pytest
from node_asgi_worker.lifespan import Lifespan, LifespanError

LIMIT = 20
variable = contextvars.ContextVar("variable", default="unset")


def app_of(startup=None, serving=None, shutdown=None, seen=None):
    """An app that answers lifespan events, or runs what is given instead of an answer."""

    async def app(scope, receive, send):
        if seen is not None:
            seen.append(scope)
        assert (await receive()) == {"type": "lifespan.startup"}
        if startup is not None:
            await startup(scope, send)
        else:
            await send({"type": "lifespan.startup.complete"})
        if serving is not None:
            await serving()
        assert (await receive()) == {"type": "lifespan.shutdown"}
        if shutdown is not None:
            await shutdown(scope, send)
        else:
            await send({"type": "lifespan.shutdown.complete"})

    return app


def run(app, mode="auto", startup=LIMIT, shutdown=LIMIT):
    """Runs startup and shutdown, with time for the app to misbehave in between."""

    async def main():
        lifespan = Lifespan(app, mode)
        await lifespan.startup(startup)
        for _ in range(5):
            await asyncio.sleep(0)
        await lifespan.shutdown(shutdown)
        left = [task for task in asyncio.all_tasks() if task.get_name() == "lifespan"]
        assert not left, "the lifespan task is left over"
        return lifespan

    return asyncio.run(asyncio.wait_for(main(), LIMIT))


def failure(app, mode="auto", **limits):
    with pytest.raises(LifespanError) as caught:
        run(app, mode, **limits)
    return caught.value


def test_startup_and_shutdown_are_answered(capsys):
    seen = []
    lifespan = run(app_of(seen=seen))
    assert lifespan.supported
    [scope] = seen
    assert scope["type"] == "lifespan"
    assert scope["asgi"] == {"version": "3.0", "spec_version": "2.0"}
    assert scope["state"] is lifespan.state
    assert capsys.readouterr().err == ""


def test_state_is_what_the_app_put_there():
    async def startup(scope, send):
        scope["state"]["pool"] = "a pool"
        await send({"type": "lifespan.startup.complete"})

    assert run(app_of(startup)).state == {"pool": "a pool"}


def test_context_variables_set_before_complete_are_in_the_context():
    async def startup(scope, send):
        variable.set("from lifespan")
        await send({"type": "lifespan.startup.complete"})
        variable.set("too late")

    lifespan = run(app_of(startup))
    assert lifespan.context[variable] == "from lifespan"
    assert variable.get() == "unset"


def test_off_never_calls_the_app():
    seen = []
    assert not run(app_of(seen=seen), "off").supported
    assert seen == []


def test_auto_treats_an_exception_during_startup_as_lifespan_not_supported(capsys):
    async def http_only(scope, receive, send):
        assert scope["type"] == "http"

    assert not run(http_only).supported
    assert capsys.readouterr().err == ""


def test_auto_reports_an_exception_after_the_app_has_called_receive(capsys):
    async def startup(scope, send):
        raise OSError("no database")

    assert not run(app_of(startup)).supported
    written = capsys.readouterr().err
    assert "OSError: no database" in written
    assert "lifespan" in written
    assert "'on'" in written


def test_auto_treats_a_silent_return_as_lifespan_not_supported(capsys):
    async def silent(scope, receive, send):
        return

    assert not run(silent).supported
    assert capsys.readouterr().err == ""


def test_on_makes_an_exception_an_error():
    async def startup(scope, send):
        raise OSError("no database")

    error = failure(app_of(startup), "on")
    assert (error.kind, error.type_name, error.message) == ("lifespan", "OSError", "no database")
    assert "in startup" in error.traceback
    assert "lifespan.py" not in error.traceback.replace("test_lifespan.py", "")


def test_on_makes_a_silent_return_an_error():
    async def silent(scope, receive, send):
        return

    error = failure(silent, "on")
    assert (error.kind, error.type_name) == ("lifespan", "LifespanUnsupported")
    assert "lifespan.startup" in error.message


@pytest.mark.parametrize("mode", ["auto", "on"])
def test_startup_failed_is_an_error_with_its_message(mode):
    async def startup(scope, send):
        await send({"type": "lifespan.startup.failed", "message": "no disk left"})

    error = failure(app_of(startup), mode)
    assert (error.kind, error.message) == ("lifespan", "no disk left")


def test_startup_failed_without_a_message():
    async def startup(scope, send):
        await send({"type": "lifespan.startup.failed"})

    error = failure(app_of(startup))
    assert (error.kind, error.type_name) == ("lifespan", "LifespanStartupFailed")
    assert "lifespan.startup.failed" in error.message


def test_startup_failed_as_starlette_does_it():
    """The message is a whole traceback; the exception that follows says more."""

    async def startup(scope, send):
        await send(
            {
                "type": "lifespan.startup.failed",
                "message": "Traceback (most recent call last):\n  ...\nValueError: bad setting\n",
            }
        )
        raise ValueError("bad setting")

    error = failure(app_of(startup))
    assert (error.type_name, error.message) == ("ValueError", "bad setting")
    assert "in startup" in error.traceback


@pytest.mark.parametrize("exc", [SystemExit(3), KeyboardInterrupt()])
def test_an_exit_in_startup_is_an_error_even_with_auto(exc):
    async def startup(scope, send):
        raise exc

    assert failure(app_of(startup)).type_name == type(exc).__name__


def test_a_startup_that_takes_too_long_says_where_it_hangs():
    async def wait_for_the_database():
        await asyncio.Event().wait()

    async def startup(scope, send):
        await wait_for_the_database()

    error = failure(app_of(startup), startup=0.02)
    assert error.kind == "timeout"
    assert "0.02 s" in error.message
    assert "in wait_for_the_database" in error.traceback


def test_a_startup_that_takes_too_long_and_ignores_the_cancellation():
    async def startup(scope, send):
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await send({"type": "lifespan.startup.failed", "message": "cancelled"})
            raise

    assert failure(app_of(startup), startup=0.02).kind == "timeout"


def test_an_exception_while_serving_is_reported(capsys):
    async def serving():
        raise RuntimeError("the ticker broke")

    assert run(app_of(serving=serving)).supported
    written = capsys.readouterr().err
    assert "RuntimeError: the ticker broke" in written
    assert "in serving" in written


def test_an_app_that_returns_after_startup_is_no_error(capsys):
    async def app(scope, receive, send):
        await receive()
        await send({"type": "lifespan.startup.complete"})

    assert run(app).supported
    assert capsys.readouterr().err == ""


def test_shutdown_failed_is_reported(capsys):
    async def shutdown(scope, send):
        await send({"type": "lifespan.shutdown.failed", "message": "lost the last row"})

    run(app_of(shutdown=shutdown))
    written = capsys.readouterr().err
    assert "shutdown" in written
    assert "lost the last row" in written


def test_an_exception_in_shutdown_is_reported(capsys):
    async def shutdown(scope, send):
        raise RuntimeError("cannot close")

    run(app_of(shutdown=shutdown))
    written = capsys.readouterr().err
    assert "shutdown" in written
    assert "RuntimeError: cannot close" in written


def test_a_shutdown_that_takes_too_long_is_cancelled(capsys):
    async def shutdown(scope, send):
        await asyncio.Event().wait()

    run(app_of(shutdown=shutdown), shutdown=0.02)
    written = capsys.readouterr().err
    assert "shutdown" in written
    assert "0.02 s" in written


def test_code_after_shutdown_complete_runs():
    ran = []

    async def shutdown(scope, send):
        await send({"type": "lifespan.shutdown.complete"})
        await asyncio.sleep(0.01)
        ran.append("after")

    run(app_of(shutdown=shutdown))
    assert ran == ["after"]


def test_a_cancelled_startup_cancels_the_app():
    ended = []

    async def startup(scope, send):
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    async def main():
        task = asyncio.ensure_future(Lifespan(app_of(startup), "on").startup(LIMIT))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert ended == [True]


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        (["http.response.start"], "'http.response.start'"),
        (["lifespan.startup.maybe"], "'lifespan.startup.maybe'"),
        (["lifespan.shutdown.complete"], "'lifespan.shutdown.complete'"),
        (["lifespan.startup.complete"] * 2, "'lifespan.startup.complete'"),
    ],
)
def test_messages_out_of_order_raise_in_the_app(messages, expected):
    raised = []

    async def startup(scope, send):
        try:
            for message in messages:
                await send({"type": message})
        except RuntimeError as exc:
            raised.append(str(exc))
        if "lifespan.startup.complete" not in messages:
            await send({"type": "lifespan.startup.complete"})

    assert run(app_of(startup)).supported
    assert len(raised) == 1
    assert expected in raised[0]
