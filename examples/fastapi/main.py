"""A small FastAPI application, served from Node by server.js in this folder.

It is an ordinary application: `uvicorn main:app` serves it as well.
"""

import asyncio
import hashlib
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

from fastapi import FastAPI, HTTPException, Request, UploadFile, WebSocket, status
from fastapi.responses import FileResponse, StreamingResponse
from pydantic import BaseModel, Field


class Item(BaseModel):
    name: str = Field(min_length=1, examples=["teapot"])
    price: float = Field(gt=0, examples=[12.5])
    tags: list[str] = []


class StoredItem(Item):
    id: int


@asynccontextmanager
async def lifespan(app: FastAPI):
    """Runs once in each worker process: before the first request and after the last one."""
    # Each worker has its own items. Data that workers share belongs in a database.
    yield {"items": {}, "started": time.time()}
    print(f"worker {os.getpid()} is done")


app = FastAPI(title="FastAPI in Node", lifespan=lifespan)


@app.get("/", include_in_schema=False)
async def index() -> FileResponse:
    return FileResponse(Path(__file__).with_name("index.html"))


@app.get("/worker")
async def worker(request: Request):
    """Returns which process answers and how long it has been running."""
    return {"pid": os.getpid(), "seconds": round(time.time() - request.state.started, 1)}


@app.get("/items")
async def list_items(request: Request, tag: str | None = None) -> list[StoredItem]:
    items = request.state.items.values()
    return [item for item in items if tag is None or tag in item.tags]


@app.post("/items", status_code=status.HTTP_201_CREATED)
async def create_item(item: Item, request: Request) -> StoredItem:
    items = request.state.items
    stored = StoredItem(id=max(items, default=0) + 1, **item.model_dump())
    items[stored.id] = stored
    return stored


def find(request: Request, item_id: int) -> StoredItem:
    if item_id not in request.state.items:
        detail = f"worker {os.getpid()} has no item {item_id}; each worker has its own items"
        raise HTTPException(404, detail)
    return request.state.items[item_id]


@app.get("/items/{item_id}")
async def read_item(item_id: int, request: Request) -> StoredItem:
    return find(request, item_id)


@app.put("/items/{item_id}")
async def replace_item(item_id: int, item: Item, request: Request) -> StoredItem:
    find(request, item_id)
    stored = StoredItem(id=item_id, **item.model_dump())
    request.state.items[item_id] = stored
    return stored


@app.delete("/items/{item_id}", status_code=status.HTTP_204_NO_CONTENT)
async def delete_item(item_id: int, request: Request) -> None:
    del request.state.items[find(request, item_id).id]


@app.post("/upload")
async def upload(file: UploadFile):
    """Accepts a file of any size, without holding all of it in memory."""
    digest = hashlib.sha256()
    size = 0
    while chunk := await file.read(64 * 1024):
        digest.update(chunk)
        size += len(chunk)
    return {"name": file.filename, "bytes": size, "sha256": digest.hexdigest()}


@app.get("/numbers")
async def numbers(count: Annotated[int, Field(ge=1, le=1_000_000)] = 1000) -> StreamingResponse:
    """Streams up to a million lines."""

    async def lines() -> AsyncIterator[str]:
        for first in range(1, count + 1, 1000):
            last = min(first + 999, count)
            yield "".join(f"{number}\n" for number in range(first, last + 1))

    return StreamingResponse(lines(), media_type="text/plain")


@app.get("/events")
async def events() -> StreamingResponse:
    """Sends one server-sent event per second until the client disconnects."""

    async def ticks() -> AsyncIterator[str]:
        number = 0
        while True:
            number += 1
            yield f"id: {number}\ndata: tick {number} from worker {os.getpid()}\n\n"
            await asyncio.sleep(1)

    headers = {"cache-control": "no-cache"}
    return StreamingResponse(ticks(), media_type="text/event-stream", headers=headers)


@app.websocket("/shout")
async def shout(websocket: WebSocket) -> None:
    """Echoes every message in upper case."""
    await websocket.accept()
    async for message in websocket.iter_text():
        await websocket.send_text(f"{message.upper()}! (worker {os.getpid()})")


@app.get("/slow")
def slow(seconds: Annotated[float, Field(ge=0, le=10)] = 1):
    """A sync endpoint: it blocks a thread of its own, and not the other requests."""
    time.sleep(seconds)
    return {"slept": seconds}
