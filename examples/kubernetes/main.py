"""A shop of which several copies run: orders that take a moment, a stream of events, and a chat."""

import asyncio
import os
from collections.abc import AsyncIterator
from itertools import count
from typing import Annotated

from fastapi import FastAPI, Header, WebSocket, WebSocketDisconnect
from fastapi.responses import StreamingResponse

VERSION = os.environ.get("VERSION", "1")
POD = os.environ.get("HOSTNAME", "")

app = FastAPI()


@app.get("/")
async def read_root(ms: int = 0):
    """Answers after some milliseconds, in which it could ask a database."""
    await asyncio.sleep(ms / 1000)
    return {"pod": POD, "version": VERSION}


@app.post("/orders")
async def order(ms: int = 0):
    await asyncio.sleep(ms / 1000)
    return {"pod": POD, "version": VERSION}


@app.get("/events")
async def read_events(last_event_id: Annotated[int, Header()] = 0) -> StreamingResponse:
    """Numbers without end. A client that comes back goes on after the last one that it has seen."""

    async def events() -> AsyncIterator[str]:
        yield "retry: 500\n\n"
        for number in count(last_event_id + 1):
            yield f"id: {number}\ndata: {POD} {VERSION}\n\n"
            await asyncio.sleep(0.1)

    headers = {"cache-control": "no-cache"}
    return StreamingResponse(events(), media_type="text/event-stream", headers=headers)


@app.websocket("/chat")
async def chat(socket: WebSocket):
    await socket.accept()
    try:
        while True:
            await socket.send_text(f"{await socket.receive_text()} {POD} {VERSION}")
    except WebSocketDisconnect:
        pass
