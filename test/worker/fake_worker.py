"""Replaces the native `_worker`, with the same functions over real sockets and forks.

Control messages are JSON on a real SOCK_SEQPACKET socket, and descriptors travel as SCM_RIGHTS. The
"segment" of a channel is a SOCK_SEQPACKET socket, too: the test writes {"request": {...}} or
{"stop": patience in ms} to it and reads what the worker reports.
"""

import array
import contextlib
import ctypes
import json
import os
import re
import socket
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def declared(name, header):
    """A constant of C++, from where it is declared, so that it is not repeated here."""
    declaration = rf"^(?:inline constexpr|const) [\w:]+ {name}(?:\[\])? = ([^;]+);"
    [value] = re.findall(declaration, (ROOT / header).read_text(), re.MULTILINE)
    return eval(value, {"__builtins__": {}})


CONTROL_FD = declared("kControlFd", "common/wire/control.h")
LIFELINE_FD = declared("kLifelineFd", "common/wire/control.h")
STACKS_SIGNAL = declared("kStacksSignal", "common/base/os_linux.cc")
OUT_OF_MEMORY_EXIT = declared("kOutOfMemoryExit", "common/wire/control.h")
RECORD_MARK = declared("kRecordMark", "common/wire/control.h")
NEWLINE_MARK = declared("kNewlineMark", "common/wire/control.h")
LEVEL_LETTERS = declared("kLevelLetters", "common/wire/control.h")
MAX_ERROR_TYPE = declared("kMaxErrorType", "common/wire/protocol.h")
MAX_ERROR_MESSAGE = declared("kMaxErrorMessage", "common/wire/protocol.h")
MAX_TRACEBACK = declared("kMaxTraceback", "common/wire/protocol.h")
ASGI_VERSION = declared("kAsgiVersion", "worker/src/asgi/scope.h")

# A worker gets its segment, a bell, the socket for files, stdout and stderr.
FDS = array.array("i", [0] * 5)


def control_send(fd, kind, *fields):
    with _borrowed(fd) as sock:
        sock.send(json.dumps([kind, *fields]).encode())


def control_receive(fd):
    with _borrowed(fd) as sock:
        data, ancillary, _, _ = sock.recvmsg(
            1 << 20, socket.CMSG_SPACE(len(FDS) * FDS.itemsize), socket.MSG_CMSG_CLOEXEC
        )
    if not data:
        return None
    message = json.loads(data)
    for _level, _kind, content in ancillary:
        fds = array.array("i")
        fds.frombytes(content)
        message.append(list(fds))
    return tuple(message)


class _borrowed:
    """A socket object for a descriptor that stays open."""

    def __init__(self, fd):
        self.sock = socket.socket(fileno=fd)

    def __enter__(self):
        return self.sock

    def __exit__(self, *exc):
        self.sock.detach()


def _prctl(what, value):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(what, ctypes.c_ulong(value), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def set_parent_death_signal(signum):
    _prctl(1, signum)


def set_dumpable(dumpable):
    _prctl(4, dumpable)


def set_child_subreaper():
    _prctl(36, 1)


def open_fds():
    found = []
    for fd in range(256):
        with contextlib.suppress(OSError):
            os.fstat(fd)
            found.append(fd)
    return found


class ClientDisconnected(OSError):
    pass


class Channel:
    def __init__(self, segment_fd, bell_fd, files_fd):
        self._socket = socket.socket(fileno=segment_fd)
        self._others = (bell_fd, files_fd)
        self._tasks = set()
        self.on_idle = None
        self._report("attached", fds=open_fds())

    def _report(self, kind, **fields):
        self._socket.send(json.dumps({"kind": kind, **fields}).encode())

    def fileno(self):
        return self._socket.fileno()

    def startup_failed(self, kind, type, message, traceback):
        self._report("startup_failed", what=kind, type=type, message=message, traceback=traceback)

    def start(
        self,
        app,
        spawn,
        *,
        spawn_options,
        state,
        root_path,
        describe_error,
        write_error,
        on_stop,
        spin,
    ):
        self._app, self._spawn, self._spawn_options = app, spawn, spawn_options
        self._describe = describe_error
        self._state, self._root_path, self._on_stop = state, root_path, on_stop

    def ready(self, info):
        self._report("ready", info=json.loads(info), argv=sys.argv, path0=sys.path[0])

    def drain(self):
        data = self._socket.recv(1 << 20)
        if not data:
            raise OSError("the test closed the channel")
        self._take(data)
        return True

    def _take(self, data):
        message = json.loads(data)
        if "stop" in message:
            self._on_stop(message["stop"])
        else:
            task = self._spawn(self._serve(message["request"]), **self._spawn_options)
            if not task.done():
                self._tasks.add(task)
                task.add_done_callback(self._done)

    def _done(self, task):
        self._tasks.discard(task)
        if not self._tasks and self.on_idle is not None:
            self.on_idle()

    async def _serve(self, target):
        path, _, query = target.partition("?")
        scope = {"type": "http", "path": path, "query_string": query.encode(), "headers": []}
        scope["root_path"] = self._root_path
        if self._state is not None:
            scope["state"] = dict(self._state)
        body = b""

        async def receive():
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message):
            nonlocal body
            body += message.get("body", b"")

        try:
            await self._app(scope, receive, send)
        except BaseException as exc:
            self._report("error", path=path, error=self._describe(exc))
            return
        self._report("response", path=path, body=body.decode())

    @property
    def active(self):
        return len(self._tasks)

    def cancel_all(self):
        for task in list(self._tasks):
            task.cancel()

    def close_in_child(self):
        self._socket.close()

    def stopped(self):
        self._report("stopped")

    def flush(self):
        return True
