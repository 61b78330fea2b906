"""Runs main.py as Node does, but with fake_worker.py in place of the native module.

RUN_MAIN_PATCH holds statements to run first. They cause what a test cannot cause otherwise.
"""

import importlib.util
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
MAIN = os.path.join(HERE, "..", "..", "worker", "python", "main.py")


def load(path, name="fake_worker"):
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    del sys.path[0]
    exec(os.environ.get("RUN_MAIN_PATCH", ""))
    load(MAIN, "node_asgi_main").main(load)
