"""An application that computes with the library that the variable LIBRARY names.

With COMPUTE=1 it has done so once when its import ends. The functions below import a library and
return what a request calls.
"""

import asyncio
import ctypes
import glob
import io
import json
import os
import sys
from concurrent import futures

IMPORTED_IN = os.getpid()


def numpy():
    import numpy as np

    ones = np.ones((600, 600))
    return lambda: float((ones @ ones)[0, 0])


def scipy():
    import numpy as np
    import scipy.linalg

    matrix = np.eye(600) * 2
    return lambda: float(scipy.linalg.inv(matrix)[0, 0])


def mkl():
    """As a program in C would use it: no numpy on PyPI is built with it."""
    library = ctypes.CDLL(glob.glob(f"{sys.prefix}/lib/libmkl_rt.so*")[0], mode=ctypes.RTLD_GLOBAL)
    size = 600
    matrix = ctypes.c_double * (size * size)
    ones, product = matrix(*[1.0] * (size * size)), matrix()
    number, pointer, real = ctypes.c_int, ctypes.c_void_p, ctypes.c_double
    library.cblas_dgemm.argtypes = [
        *[number] * 6,
        *(real, pointer, number, pointer, number, real, pointer, number),
    ]

    def work():
        row_major, plain = 101, 111
        library.cblas_dgemm(
            *(row_major, plain, plain, size, size, size),
            *(1.0, ones, size, ones, size, 0.0, product, size),
        )
        return product[0]

    return work


def scikit_learn():
    import numpy as np
    from sklearn.cluster import KMeans
    from sklearn.ensemble import HistGradientBoostingClassifier

    data = np.random.RandomState(0).rand(4000, 8)
    classes = data[:, 0] > 0.5

    def work():
        HistGradientBoostingClassifier(max_iter=3).fit(data, classes)
        return len(KMeans(4, n_init=1, random_state=0).fit(data).cluster_centers_)

    return work


def numexpr():
    import numexpr
    import numpy as np

    ones = np.ones(2_000_000)
    return lambda: float(numexpr.evaluate("2 * x + 1", {"x": ones})[0])


def grpc():
    import grpc

    def work():
        server = grpc.server(futures.ThreadPoolExecutor(2))
        echo = grpc.unary_unary_rpc_method_handler(lambda request, context: request)
        handlers = grpc.method_handlers_generic_handler("test.Service", {"Echo": echo})
        server.add_generic_rpc_handlers((handlers,))
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            answer = channel.unary_unary("/test.Service/Echo")(b"hello", timeout=10)
        server.stop(None).wait()
        return answer.decode()

    return work


def grpc_channel():
    """A channel that stays open."""
    import grpc as package

    grpc_channel.open = package.insecure_channel("127.0.0.1:1")
    return grpc()


def polars():
    import polars as pl

    frame = pl.DataFrame({"a": list(range(1000)), "b": [1, 2] * 500})
    return lambda: frame.lazy().group_by("b").agg(pl.col("a").sum()).collect()["a"].sum()


def pyarrow():
    import pyarrow as pa
    import pyarrow.compute
    import pyarrow.parquet

    def work():
        file = io.BytesIO()
        pyarrow.parquet.write_table(pa.table({"a": list(range(100_000))}), file)
        file.seek(0)
        return pyarrow.compute.sum(pyarrow.parquet.read_table(file)["a"]).as_py()

    return work


def opencv():
    import cv2
    import numpy as np

    image = np.random.RandomState(0).randint(0, 255, (2000, 2000, 3), dtype=np.uint8)

    def work():
        return len(cv2.GaussianBlur(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), (15, 15), 3))

    return work


def torch():
    import torch

    ones = torch.ones(600, 600)
    layer = torch.nn.Linear(600, 600)

    def work():
        layer(ones).sum().backward()
        return float((ones @ ones)[0, 0])

    return work


work = globals()[os.environ["LIBRARY"]]()
if os.environ.get("COMPUTE") == "1":
    work()


async def app(scope, receive, send):
    assert scope["type"] == "http"
    result = await asyncio.to_thread(work) if scope["path"] == "/thread" else work()
    body = json.dumps({"result": result, "pid": os.getpid(), "importedIn": IMPORTED_IN}).encode()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})
