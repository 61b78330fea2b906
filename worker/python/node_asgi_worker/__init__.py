"""The Python side of node-asgi: fork server, app import, lifespan and event loop.

Requests themselves are served by the native module `_worker`, which main.py loads.
"""

# The environment variable in which Node passes the path of the native module.
MODULE_VARIABLE = "NODE_ASGI_WORKER_MODULE"
