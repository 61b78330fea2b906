"""What the processes of the pool may do.

What an exec keeps is set by a launcher: this program, started without site-packages, which then
executes the fork server. So it holds for every line of code that an environment brings along
(sitecustomize, .pth files). Limits and a temporary directory of its own are for each worker.
"""

import contextlib
import json
import os
import resource
import shutil
import site
import sys
import tempfile

from node_asgi_worker import MODULE_VARIABLE, _worker
from node_asgi_worker.settings import Settings

MARK = "launch"

# What interpreters and libraries read. Not all of /etc: it holds keys and passwords, too.
SYSTEM = (
    *("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/proc"),
    *("/sys/devices/system/cpu", "/sys/devices/system/node", "/sys/fs/cgroup"),
    *("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"),
    *(
        f"/etc/{name}"
        for name in (
            *("alternatives", "ca-certificates", "crypto-policies", "debian_version", "fonts"),
            *("gai.conf", "group", "host.conf", "hostname", "hosts", "ld.so.cache", "ld.so.conf"),
            *("ld.so.conf.d", "ld.so.preload", "localtime", "mime.types", "nsswitch.conf"),
            *("os-release", "passwd", "pki/ca-trust", "pki/tls/cert.pem", "pki/tls/certs"),
            *("pki/tls/openssl.cnf", "protocols", "resolv.conf", "services", "ssl/cert.pem"),
            *("ssl/certs", "ssl/openssl.cnf", "timezone"),
        )
    ),
)
DEVICES = ("/dev/null", "/dev/zero", "/dev/full")


def is_launcher() -> bool:
    return sys.argv[1:2] == [MARK]


def launch(program: str) -> None:
    """Gives up rights, then becomes the fork server. Does not return."""
    wanted = json.loads(sys.argv[2])
    try:
        _give_up(wanted)
    except OSError as exc:
        sys.exit(f"node-asgi could not isolate its workers: {exc}")
    os.execve(
        sys.executable,
        [sys.executable, "-u", program],
        {**os.environ, MODULE_VARIABLE: _worker.__file__},
    )


def _give_up(wanted: dict) -> None:
    if wanted["umask"] is not None:
        os.umask(wanted["umask"])
    if wanted["dropCapabilities"]:
        _worker.drop_capabilities()
    if wanted["noNewPrivileges"]:
        _worker.set_no_new_privileges()
    if wanted["allowed"] is not None:
        _restrict(wanted["allowed"], wanted["allowed"]["temporary"])
        _worker.deny_system_calls()


def enter(settings: Settings) -> None:
    """Runs in each worker before the application does."""
    if settings.allowed is not None:
        directory = directory_of(settings, os.getpid())
        os.mkdir(directory, 0o700)
        os.environ["TMPDIR"] = directory
        tempfile.tempdir = None  # A preloaded module may have asked for it already.
        _restrict(settings.allowed, directory)
    for name, limit in settings.limits.items():
        kind = getattr(resource, f"RLIMIT_{name.upper()}")
        # At the second of the two, the kernel kills without saying why.
        limits = (limit, limit + 1) if name == "cpu" else (limit, limit)
        most = resource.getrlimit(kind)[1]
        if most != resource.RLIM_INFINITY:
            limits = tuple(min(each, most) for each in limits)
        resource.setrlimit(kind, limits)


def directory_of(settings: Settings, pid: int) -> str | None:
    """The temporary directory of a worker, if it has one of its own."""
    if settings.allowed is None:
        return None
    return os.path.join(settings.allowed["temporary"], f"worker-{pid}")


def clean_up(settings: Settings) -> None:
    """Removes what workers have left in their temporary directories."""
    if settings.allowed is None:
        return
    with contextlib.suppress(OSError):
        for entry in os.scandir(settings.allowed["temporary"]):
            shutil.rmtree(entry.path, ignore_errors=True)


def _restrict(allowed: dict, temporary: str) -> None:
    readable = [*allowed["read"], *_environment(), *SYSTEM]
    missing = _worker.restrict_files(readable, [*allowed["write"], *DEVICES, temporary])
    wanted = [path for path in missing if path in allowed["read"] + allowed["write"]]
    if wanted:
        raise OSError(f"cannot open {', '.join(wanted)}, which it should allow")


def _environment() -> list[str]:
    """Where the interpreter, its library and packages are, and our own files."""
    paths = {sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix}
    # Without site-packages, the interpreter does not know that it is in a virtual environment.
    environment = os.path.dirname(os.path.dirname(sys.executable))
    if os.path.exists(os.path.join(environment, "pyvenv.cfg")):
        paths.add(environment)
    search = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    paths.update(path for path in search if os.path.isabs(path))
    paths.add(site.getusersitepackages())
    paths.update((os.path.dirname(os.path.dirname(__file__)), _worker.__file__))
    return sorted(paths)
