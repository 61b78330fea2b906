"""For bench/recovery.js: a route that tells which process answers, and one that takes long."""

import asyncio
import os

from fastapi import FastAPI
from fastapi.responses import PlainTextResponse

app = FastAPI()


@app.get("/", response_class=PlainTextResponse)
@app.get("/pid", response_class=PlainTextResponse)
async def pid() -> str:
    return str(os.getpid())


@app.post("/slow", response_class=PlainTextResponse)
async def slow(id: str) -> str:
    # Shows which process has the request before there is any response.
    with open(os.environ["RECOVERY_LOG"], "a") as log:
        log.write(f"{id} {os.getpid()}\n")
    await asyncio.sleep(60)
    return "done"
