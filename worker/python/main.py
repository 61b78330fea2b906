"""Entry script of the fork server and of a cold worker: `python -u main.py`. With the argument
`survey` it tells what the interpreter has, and ends.

This file must parse, and run up to the check of the interpreter, on Python 2.7 as well: one that
cannot load the native module then gets a clear line instead of a syntax error or a crash.
"""

import os
import sys

PACKAGE = "node_asgi_worker"


def refuse(reason):
    """Ends this process. Node knows the exit code (fork-server.js): it names the interpreter before
    the reason, and says what to do after it.
    """
    sys.stderr.write(reason + "\n")
    sys.exit(os.EX_CONFIG)


def check_interpreter():
    version = "%d.%d.%d" % tuple(sys.version_info)[:3]
    if sys.version_info < (3, 10):
        refuse("node-asgi needs Python 3.10 or later, but this is " + version)
    if sys.implementation.name != "cpython":
        refuse("node-asgi needs CPython, but this is " + sys.implementation.name)
    # Loading a module of the stable ABI into this build crashes, or fails without a reason.
    if "t" in sys.abiflags:
        refuse(
            "it is the free-threaded build of Python %s, which cannot load modules of the stable "
            "ABI; use the build with the GIL" % version
        )


check_interpreter()


def load_package(directory):
    """Imports our package without ever putting its directory on sys.path."""
    from importlib import util

    where = os.path.join(directory, PACKAGE)
    spec = util.spec_from_file_location(
        PACKAGE, os.path.join(where, "__init__.py"), submodule_search_locations=[where]
    )
    package = util.module_from_spec(spec)
    sys.modules[PACKAGE] = package
    spec.loader.exec_module(package)
    return package


def load_extension(path):
    """Loads the native module from the file that Node names."""
    from importlib import util
    from importlib.machinery import ExtensionFileLoader

    name = PACKAGE + "._worker"
    spec = util.spec_from_file_location(name, path, loader=ExtensionFileLoader(name, path))
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main(load=load_extension):
    import faulthandler

    directory = os.path.dirname(os.path.abspath(__file__))
    if sys.path and os.path.realpath(sys.path[0] or ".") == os.path.realpath(directory):
        del sys.path[0]

    package = load_package(directory)
    path = os.environ.pop(package.MODULE_VARIABLE, None)
    if path is None:
        sys.exit(
            "node-asgi starts this script itself, with %s set to the path of its native module"
            % package.MODULE_VARIABLE
        )
    try:
        native = load(path)
    except ImportError as error:
        import platform

        system = " ".join(filter(None, (platform.machine(),) + platform.libc_ver()))  # noqa: RUF005
        refuse("it (%s) cannot load the native module of node-asgi: %s" % (system, error))
    sys.modules[PACKAGE + "._worker"] = package._worker = native
    if sys.argv[1:2] == ["survey"]:
        from node_asgi_worker import survey

        survey.main(sys.argv[2:])
        return
    from node_asgi_worker import system

    # Before any other code runs: from here on, no process of the same user can trace this one.
    system.protect(False)

    from node_asgi_worker import confinement

    if confinement.is_launcher():
        confinement.launch(os.path.abspath(__file__))

    from node_asgi_worker import cold, forkserver, logs, worker

    # From here on, a crash leaves the Python stacks in the log.
    faulthandler.enable()
    logs.install()
    logs.install_server_loggers()
    # The app's modules come first from here on, as they do under `python -m` in the docroot.
    sys.path.insert(0, os.getcwd())
    job = cold.attach() if cold.is_cold() else forkserver.serve()
    sys.exit(0 if job is None else worker.run(job))


if __name__ == "__main__":
    main()
