"""Fresh interpreters, for when threads make a fork unsafe.

If preloaded modules have started the threads, the fork server starts itself anew without them: it
can fork then, and does not keep a copy of the application that no worker shares. If the threads are
there without preloaded modules, because of sitecustomize for example, each worker starts as a fresh
interpreter.
"""

import contextlib
import json
import os
import signal
import sys
from dataclasses import asdict, replace

from node_asgi_worker import MODULE_VARIABLE, _worker, confinement, descriptors, system, terminal
from node_asgi_worker.settings import Settings
from node_asgi_worker.worker import Job

MARK = "cold-worker"
SERVER_MARK = "cold-server"
# The descriptors of a Job.
FDS = ("segment", "bell", "files", "lifeline")


def spawn(job: Job, stdout: int, stderr: int) -> int:
    """Starts this program again, with the same interpreter and flags. Returns the pid."""
    # A descriptor survives the exec under another number, on every system. Numbers above all that
    # are used here, so that none is overwritten before it is copied.
    highest = max(*_fds(job), stdout, stderr)
    numbers = {fd: highest + i for i, fd in enumerate(_fds(job), 1)}
    there = replace(job, **{name: numbers[getattr(job, name)] for name in FDS})
    argument = json.dumps({"server": os.getpid(), "job": asdict(there)})
    for fd in terminal.descriptors(job.settings):
        os.set_inheritable(fd, True)
    arguments = sys.orig_argv[1:]
    if SERVER_MARK in arguments:
        del arguments[arguments.index(SERVER_MARK) :]
    return os.posix_spawn(
        sys.executable,
        [sys.executable, *arguments, MARK, argument],
        {**os.environ, MODULE_VARIABLE: _worker.__file__},
        **terminal.process_group(job.settings),
        file_actions=[
            *((os.POSIX_SPAWN_DUP2, here, number) for here, number in numbers.items()),
            (os.POSIX_SPAWN_DUP2, stdout, 1),
            (os.POSIX_SPAWN_DUP2, stderr, 2),
        ],
    )


def restart_server(settings: Settings, docroot: str) -> None:
    """Replaces this process by a fork server that preloads nothing. Does not return."""
    for fd in (_worker.CONTROL_FD, _worker.LIFELINE_FD, *terminal.descriptors(settings)):
        os.set_inheritable(fd, True)
    with contextlib.suppress(OSError, ValueError, AttributeError):
        sys.stdout.flush()
        sys.stderr.flush()
    argument = json.dumps(asdict(replace(settings, preload=False)))
    os.chdir(docroot)
    # What an import has changed for its process is not for the new one.
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.execve(
        sys.executable,
        [sys.executable, *sys.orig_argv[1:], SERVER_MARK, argument],
        {**os.environ, MODULE_VARIABLE: _worker.__file__},
    )


def server_settings() -> Settings | None:
    """The settings of a fork server that was restarted; None in another one."""
    if sys.argv[1:2] != [SERVER_MARK]:
        return None
    settings = Settings(**json.loads(sys.argv[2]))
    sys.argv[:] = [settings.app_target]
    return settings


def is_cold() -> bool:
    return sys.argv[1:2] == [MARK]


def attach() -> Job:
    """Brings the new interpreter into the state in which a forked worker starts."""
    raw = json.loads(sys.argv[2])
    settings = Settings(**raw["job"].pop("settings"))
    job = Job(settings=settings, **raw["job"])
    sys.argv[:] = [settings.app_target]

    if not system.die_with_parent(raw["server"]):
        sys.exit(1)
    descriptors.keep_of_inherited(_fds(job) + terminal.descriptors(settings))
    confinement.enter(settings)
    return job


def _fds(job: Job) -> list[int]:
    return [getattr(job, name) for name in FDS]
