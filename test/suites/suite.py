"""
The application of the worker. The first request runs pytest in a thread and streams the outcome of
each test, one JSON object per line. The other requests come from the tests.
"""

import asyncio
import faulthandler
import threading
from json import dumps, loads  # by name: tests put others in their place

import pytest
import relay

TEST_LIMIT = 60  # seconds; after that, the stacks are printed and the process ends


class Report:
    """A pytest plugin that reports what happens."""

    def __init__(self, tell):
        self.tell = tell
        self.before = 0

    def pytest_collection_modifyitems(self, config, items):
        """Removes repetitions for trio: the loop of a worker is asyncio's."""

        def for_trio(item):
            parameters = getattr(getattr(item, "callspec", None), "params", {})
            return any("trio" in str(value) for value in parameters.values())

        trio = [item for item in items if for_trio(item)]
        items[:] = [item for item in items if item not in trio]
        config.hook.pytest_deselected(items=trio)
        self.tell(event="collected", tests=len(items), trio=len(trio))

    def pytest_collectreport(self, report):
        if report.failed:
            self.tell(event="error", test=report.nodeid, text=str(report.longrepr))

    def pytest_runtest_logstart(self, nodeid):
        self.before = relay.counts.requests + relay.counts.sockets
        faulthandler.dump_traceback_later(TEST_LIMIT, exit=True)
        self.tell(event="start", test=nodeid)

    def pytest_runtest_logreport(self, report):
        outcome = report.outcome
        if report.when != "call" and outcome == "passed":
            return
        if hasattr(report, "wasxfail"):
            outcome = "xfailed" if report.skipped else "xpassed"
        self.tell(
            event="outcome",
            test=report.nodeid,
            outcome=outcome,
            requests=relay.counts.requests + relay.counts.sockets - self.before,
            text=str(report.longrepr) if report.failed else "",
        )

    def pytest_runtest_logfinish(self):
        faulthandler.cancel_dump_traceback_later()


def run(arguments, tell):
    try:
        relay.install()
        code = pytest.main(arguments, plugins=[Report(tell)])
        tell(
            event="end",
            code=int(code),
            requests=relay.counts.requests,
            sockets=relay.counts.sockets,
            differences=relay.counts.differences,
        )
    except BaseException as error:
        tell(event="end", code=3, error=repr(error))
    finally:
        tell()


async def run_suite(scope, receive, send):
    body = (await receive())["body"]
    loop = asyncio.get_running_loop()
    lines = asyncio.Queue()

    def tell(**event):
        loop.call_soon_threadsafe(lines.put_nowait, event)

    await send({"type": "http.response.start", "status": 200, "headers": []})
    threading.Thread(target=run, args=(loads(body), tell), daemon=True).start()
    while event := await lines.get():
        line = dumps(event).encode() + b"\n"
        await send({"type": "http.response.body", "body": line, "more_body": True})
    await send({"type": "http.response.body"})


async def app(scope, receive, send):
    if any(name == relay.CALL for name, _ in scope["headers"]):
        await relay.serve(scope, receive, send)
    else:
        await run_suite(scope, receive, send)
