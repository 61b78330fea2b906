"""The Python side of node-asgi: fork server, app import, lifespan and event loop.

Requests themselves are served by the native module `_worker`, which main.py loads.
"""
