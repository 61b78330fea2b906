import os

from fastapi import FastAPI

app = FastAPI()


@app.get("/health")
async def health():
    return "ok"


@app.get("/")
async def read_root():
    return {"user": os.getuid(), "worker": os.getpid()}
