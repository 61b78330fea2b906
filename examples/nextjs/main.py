"""The API of a small shop, which Next.js serves below /api."""

import asyncio

from fastapi import FastAPI, Request, WebSocket
from fastapi.responses import StreamingResponse
from pydantic import BaseModel


class Item(BaseModel):
    name: str
    price: float


app = FastAPI(title="Shop")
items = [Item(name="teapot", price=12.5)]


@app.get("/items")
async def list_items() -> list[Item]:
    return items


@app.post("/items", status_code=201)
async def add_item(item: Item) -> Item:
    items.append(item)
    return item


@app.get("/countdown")
async def countdown():
    """Streams to the client while it counts."""

    async def lines():
        for number in range(3, -1, -1):
            yield f"{number}\n"
            await asyncio.sleep(0.2)

    return StreamingResponse(lines(), media_type="text/plain")


@app.post("/upload")
async def upload(request: Request):
    """Reads the body while it arrives."""
    size = 0
    async for piece in request.stream():
        size += len(piece)
    return {"size": size}


@app.get("/client")
async def client(request: Request):
    return {"address": request.client.host if request.client else None}


@app.websocket("/chat")
async def chat(websocket: WebSocket):
    await websocket.accept()
    async for text in websocket.iter_text():
        await websocket.send_text(f"Python heard {text}")
