"""The same application as a deployment of Ray Serve: serve run deployment:deployment"""

from main import app
from ray import serve


@serve.deployment(
    # Reserved in the cluster for each replica. A model on a GPU has {"num_gpus": 1}.
    ray_actor_options={"num_cpus": 1},
    # A replica has at most this many requests at a time; the others wait in the proxies.
    max_ongoing_requests=8,
    autoscaling_config={
        "min_replicas": 1,
        "max_replicas": 2,
        "target_ongoing_requests": 4,
        "upscale_delay_s": 1,
        "downscale_delay_s": 10,
    },
)
@serve.ingress(app)
class Model:
    """Load the weights in __init__: it runs once in each replica."""


deployment = Model.bind()
