"""Ray nodes on this machine that run examples/ray-serve: python cluster.py HEAD WORKER FOLDER

There is one node at first. HEAD is the port of its proxy, and WORKER that of the second node, which
the command "add" starts. FOLDER is for Ray's logs and sockets. Each line of stdin is a command, and
each line of stdout is an answer in JSON. The end of stdin ends everything.
"""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

LOOPBACK = "127.0.0.1"
HEAD_PORT, WORKER_PORT = map(int, sys.argv[1:3])
HERE = Path(__file__).parent
PATHS = [str(HERE), str(HERE.parents[2] / "examples/ray-serve")]

os.environ.update(
    # Ray reports its use to its makers unless it is told not to.
    RAY_USAGE_STATS_ENABLED="0",
    RAY_TMPDIR=sys.argv[3],
    # Otherwise Ray replaces 127.0.0.1 by an address that other machines reach.
    RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER="0",
    # Here two nodes have one address, so their proxies need a port each.
    RAY_SERVE_WORKER_PROXY_HTTP_PORT=str(WORKER_PORT),
    # A machine that is busy takes longer to start a proxy than Ray waits for it.
    RAY_SERVE_PROXY_READY_CHECK_TIMEOUT_S="60",
    PYTHONPATH=os.pathsep.join(PATHS),
)
sys.path[:0] = PATHS

# Ray prints what happens to nodes.
answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

import ray  # noqa: E402
from ray import serve  # noqa: E402
from ray.cluster_utils import Cluster  # noqa: E402
from ray.serve.schema import ApplicationStatus  # noqa: E402

NODE = {
    "num_cpus": 1,
    "node_ip_address": LOOPBACK,
    "object_store_memory": 100 << 20,
    "include_dashboard": False,
}


def status() -> dict[str, Any]:
    now = serve.status()
    application = now.applications["model"]
    (deployment,) = application.deployments.values()
    return {
        "running": application.status == ApplicationStatus.RUNNING,
        "replicas": deployment.replica_states.get("RUNNING", 0),
        "proxies": len(now.proxies),
        "nodes": sum(node["Alive"] for node in ray.nodes()),
    }


def main() -> None:
    cluster = Cluster()
    cluster.add_node(**NODE)
    workers: list[Any] = []
    commands: dict[str, Callable[[], Any]] = {
        "status": lambda: None,
        "add": lambda: workers.append(cluster.add_node(**NODE)),
        # All its processes at once, as when a machine loses its power.
        "kill": lambda: cluster.remove_node(workers.pop(), allow_graceful=False),
    }
    try:
        ray.init(address=cluster.address, log_to_driver=False, logging_level="error")
        serve.start(proxy_location="EveryNode", http_options={"host": LOOPBACK, "port": HEAD_PORT})
        import probes  # noqa: F401 # before the deployment copies the routes
        from deployment import deployment

        serve.run(deployment, name="model")
        print(json.dumps(status()), file=answers, flush=True)
        for line in sys.stdin:
            commands[line.strip()]()
            print(json.dumps(status()), file=answers, flush=True)
    finally:
        ray.shutdown()
        cluster.shutdown()


main()
