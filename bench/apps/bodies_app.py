"""
The bodies of bench/bodies.js.

    GET  /down?bytes=N       a StreamingResponse in chunks of 64 KiB
    POST /up                 answers the number of bytes, which it reads as they come
    POST /multipart          the same, for a file in a form
    GET  /files/NAME         a FileResponse, from the folder that BENCH_FILES names
"""

import os

from fastapi import FastAPI, Request, UploadFile
from fastapi.responses import FileResponse, PlainTextResponse, StreamingResponse

CHUNK = b"x" * 65536
FILES = os.environ["BENCH_FILES"]

app = FastAPI()


@app.get("/pid", response_class=PlainTextResponse)
async def pid():
    return str(os.getpid())


@app.get("/down")
async def down(bytes: int):
    async def chunks():
        for _ in range(bytes // len(CHUNK)):
            yield CHUNK

    return StreamingResponse(chunks(), media_type="application/octet-stream")


@app.post("/up")
async def up(request: Request):
    count = 0
    async for chunk in request.stream():
        count += len(chunk)
    return count


@app.post("/multipart")
async def multipart(file: UploadFile):
    count = 0
    while chunk := await file.read(65536):
        count += len(chunk)
    return count


@app.get("/files/{name}")
async def file(name: str):
    return FileResponse(f"{FILES}/{name}", media_type="application/octet-stream")
