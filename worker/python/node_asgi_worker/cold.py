"""Starts a worker as a fresh interpreter, for when threads make a fork unsafe."""

import json
import os
import signal
import sys
from dataclasses import asdict

from node_asgi_worker import MODULE_VARIABLE, _worker
from node_asgi_worker.settings import Settings
from node_asgi_worker.worker import Job

MARK = "cold-worker"
STDIO = (0, 1, 2)


def spawn(job: Job, stdout: int, stderr: int) -> int:
    """Starts this program again, with the same interpreter and flags. Returns the pid."""
    argument = json.dumps({"server": os.getpid(), "job": asdict(job)})
    # A dup2 onto itself makes a descriptor survive the exec.
    kept = [(os.POSIX_SPAWN_DUP2, fd, fd) for fd in _fds(job)]
    return os.posix_spawn(
        sys.executable,
        [sys.executable, *sys.orig_argv[1:], MARK, argument],
        {**os.environ, MODULE_VARIABLE: _worker.__file__},
        setpgroup=0,
        file_actions=[
            *kept,
            (os.POSIX_SPAWN_DUP2, stdout, 1),
            (os.POSIX_SPAWN_DUP2, stderr, 2),
        ],
    )


def is_cold() -> bool:
    return sys.argv[1:2] == [MARK]


def attach() -> Job:
    """Brings the new interpreter into the state in which a forked worker starts."""
    raw = json.loads(sys.argv[2])
    settings = Settings(**raw["job"].pop("settings"))
    job = Job(settings=settings, **raw["job"])
    sys.argv[:] = [settings.app_target]

    _worker.set_parent_death_signal(signal.SIGKILL)
    if os.getppid() != raw["server"]:
        sys.exit(1)  # The server ended before the line above.
    lowest = len(STDIO)
    for fd in sorted(_fds(job)):
        os.closerange(lowest, fd)
        os.set_inheritable(fd, False)
        lowest = fd + 1
    _worker.close_fds_from(lowest)
    return job


def _fds(job: Job) -> list[int]:
    return [job.segment, job.worker_bell, job.node_bell, job.files, job.lifeline]
