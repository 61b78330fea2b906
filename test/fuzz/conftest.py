"""Puts the fake native module in place, as test/worker/conftest.py does, and chooses the inputs.

A run of the tests always tries the same inputs. `npm run fuzz` tries others each time, and more of
them: NODE_ASGI_FUZZ_FACTOR times as many. A finding prints the line that repeats it.
"""

import os
import sys

import fake_worker
import node_asgi_worker
from hypothesis import HealthCheck, settings

sys.modules["node_asgi_worker._worker"] = node_asgi_worker._worker = fake_worker

FACTOR = int(os.environ.get("NODE_ASGI_FUZZ_FACTOR", "1"))

settings.register_profile(
    "node-asgi",
    max_examples=200 * FACTOR,
    derandomize=FACTOR == 1,
    # A loaded machine is no finding.
    deadline=None,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
    database=None,
)
settings.load_profile("node-asgi")
