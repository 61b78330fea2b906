"""What a framework has to let through: addresses, streams, disconnects, cookies, exceptions."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

from fastapi import FastAPI, Request, Response, WebSocket
from fastapi.responses import StreamingResponse

app = FastAPI()
visitors = 0


@contextmanager
def visit() -> Iterator[None]:
    """Counts the visitors, also those who leave early."""
    global visitors
    visitors += 1
    try:
        yield
    finally:
        visitors -= 1


@app.get("/visitors")
async def count() -> int:
    return visitors


@app.get("/me")
async def me(request: Request) -> dict[str, str | None]:
    return {"client": request.client.host if request.client else None}


@app.post("/login")
async def login(response: Response) -> None:
    response.set_cookie("session", "1")
    response.set_cookie("theme", "dark")


@app.post("/upload")
async def upload(request: Request) -> StreamingResponse:
    """Answers each piece of the body with a line, while the rest is still on its way."""

    async def lines() -> AsyncIterator[str]:
        with visit():
            async for piece in request.stream():
                if piece:
                    yield f"{len(piece)} bytes\n"

    return StreamingResponse(lines(), media_type="text/plain")


@app.get("/clock")
async def clock() -> StreamingResponse:
    async def ticks() -> AsyncIterator[str]:
        with visit():
            while True:
                yield "data: tick\n\n"
                await asyncio.sleep(0.1)

    return StreamingResponse(ticks(), media_type="text/event-stream")


@app.get("/wait")
async def wait(request: Request) -> None:
    """Answers nothing until the client has gone."""
    with visit():
        while not await request.is_disconnected():
            await asyncio.sleep(0.05)


@app.get("/divide/{a}/{b}")
async def divide(a: int, b: int) -> float:
    return a / b


@app.websocket("/echo")
async def echo(socket: WebSocket) -> None:
    await socket.accept()
    async for text in socket.iter_text():
        await socket.send_text(text)
