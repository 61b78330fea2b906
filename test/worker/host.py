"""Acts as Node in the tests: starts a fork server and talks to it and to its workers."""

import array
import contextlib
import fcntl
import json
import os
import select
import signal
import socket
import sys
import time
from pathlib import Path

import fake_worker

HERE = Path(__file__).parent
SETTINGS = {
    "factory": False,
    "interface": "auto",
    "threads": 1,
    "preload": False,
    "lifespan": "auto",
    "loop": "auto",
    "rootPath": "",
    "spin": 0,
    "debug": False,
    "debugger": None,
    "limits": {},
    "allowed": None,
    "preparation": {},
}
LIMIT = 20  # Seconds that any single wait may take before the test fails.


def eventually(condition):
    """Waits until the condition holds, and returns what it returned."""
    deadline = time.monotonic() + LIMIT
    while not (result := condition()):
        assert time.monotonic() < deadline, "the condition did not come true in time"
        time.sleep(0.01)
    return result


class Host:
    def __init__(self, docroot, env=None, patch="", flags=()):
        self.control, control = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.control.settimeout(LIMIT)
        lifeline, self.lifeline = os.pipe()
        self._output, output = os.pipe()
        self._written = b""
        environment = {
            **os.environ,
            "NODE_ASGI_WORKER_MODULE": str(HERE / "fake_worker.py"),
            "RUN_MAIN_PATCH": patch,
            **(env or {}),
        }
        # High numbers, so that no dup2 overwrites the source of another.
        high = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 50) for fd in (control.fileno(), lifeline)]
        before = os.getcwd()
        os.chdir(docroot)
        try:
            self.pid = os.posix_spawn(
                sys.executable,
                [sys.executable, "-u", *flags, str(HERE / "run_main.py")],
                environment,
                file_actions=[
                    (os.POSIX_SPAWN_DUP2, output, 1),
                    (os.POSIX_SPAWN_DUP2, output, 2),
                    (os.POSIX_SPAWN_DUP2, high[0], fake_worker.CONTROL_FD),
                    (os.POSIX_SPAWN_DUP2, high[1], fake_worker.LIFELINE_FD),
                ],
                setsid=True,
            )
        finally:
            os.chdir(before)
        control.close()
        for fd in (lifeline, output, *high):
            os.close(fd)
        self._status = None
        self._workers = []

    def init(self, target="main:app", **settings):
        timeouts = {"startup": 10, "shutdown": 5, "cancel": 5, **settings.pop("timeouts", {})}
        raw = {"appTarget": target, **SETTINGS, "timeouts": timeouts, **settings}
        self.send("init", json.dumps(raw))

    def start(self, target="main:app", **settings):
        """Sends init, and returns the info of the server when it is ready."""
        self.init(target, **settings)
        kind, info = self.receive()
        assert kind == "server_ready", info
        return json.loads(info)

    def send(self, *message, fds=()):
        ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
        self.control.sendmsg([json.dumps(message).encode()], ancillary)

    def receive(self):
        return json.loads(self.control.recv(1 << 20))

    def fork(self, worker_id=1):
        worker = Worker(self, worker_id)
        self._workers.append(worker)
        return worker

    def cut_lifeline(self):
        if self.lifeline is not None:
            os.close(self.lifeline)
            self.lifeline = None

    def output(self):
        """Everything that the server itself wrote. It must have ended."""
        return read_all(self._output)

    def wait(self):
        """Waits for the server to end. Returns its exit code, negative for a signal."""
        if self._status is None:
            self._status = eventually(self._poll)[1]
        return os.waitstatus_to_exitcode(self._status)

    def _poll(self):
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        return (pid, status) if pid else None

    def session(self):
        """Pids of the living processes that this server or its workers have started."""
        found = []
        for entry in os.listdir("/proc"):
            with contextlib.suppress(OSError):
                if entry.isdigit():
                    after_name = Path(f"/proc/{entry}/stat").read_text().rpartition(")")[2].split()
                    if int(after_name[3]) == self.pid and after_name[0] != "Z":
                        found.append(int(entry))
        return found

    def close(self):
        self.control.close()
        self.cut_lifeline()
        try:
            self.wait()
            return self.session()
        finally:
            for pid in self.session():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            for worker in self._workers:
                worker.close()
            os.close(self._output)


class Worker:
    """The Node end of one worker; reports and requests travel as JSON (see fake_worker.py)."""

    def __init__(self, host, worker_id):
        self.id = worker_id
        self._socket, segment = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket.settimeout(LIMIT)
        files, bell = os.pipe()
        # A pipe of packets: one read() returns what one write() wrote.
        self._stdout, stdout = os.pipe2(os.O_CLOEXEC | os.O_DIRECT)
        self._stderr, stderr = os.pipe()
        host.send("fork", worker_id, fds=[segment.fileno(), bell, files, stdout, stderr])
        segment.close()
        for fd in (bell, files, stdout, stderr):
            os.close(fd)

    def receive(self, kind=None):
        report = json.loads(self._socket.recv(1 << 20))
        assert kind is None or report["kind"] == kind, report
        return report

    def ready(self):
        """Returns the reports "attached" and "ready" of a worker that starts."""
        return self.receive("attached"), self.receive("ready")

    def send(self, **message):
        self._socket.send(json.dumps(message).encode())

    def request(self, path="/"):
        self.send(request=path)
        return self.receive("response")["body"]

    def hang_up(self):
        self._socket.shutdown(socket.SHUT_WR)

    def stdout(self):
        return read_all(self._stdout)

    def one_write(self):
        """Returns what the worker wrote to stdout with one write()."""
        assert select.select([self._stdout], [], [], LIMIT)[0]
        return os.read(self._stdout, 1 << 16).decode()

    def stderr(self):
        return read_all(self._stderr)

    def close(self):
        self._socket.close()
        os.close(self._stdout)
        os.close(self._stderr)


def read_all(fd):
    """Reads a pipe until every writer has ended."""
    data = b""
    while select.select([fd], [], [], LIMIT)[0]:
        piece = os.read(fd, 1 << 16)
        if not piece:
            return data.decode()
        data += piece
    raise AssertionError(f"the pipe stays open; so far: {data.decode()!r}")
