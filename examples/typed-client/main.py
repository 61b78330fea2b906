"""The API of a small shop. Its models are the types of client.ts."""

from fastapi import FastAPI, HTTPException
from pydantic import BaseModel


class Item(BaseModel):
    name: str
    price: float


class StoredItem(Item):
    id: int


app = FastAPI()
items: dict[int, StoredItem] = {}


@app.post("/items", status_code=201)
async def create_item(item: Item) -> StoredItem:
    stored = StoredItem(id=len(items) + 1, **item.model_dump())
    items[stored.id] = stored
    return stored


@app.get("/items/{item_id}")
async def read_item(item_id: int) -> StoredItem:
    if item_id not in items:
        raise HTTPException(404, f"there is no item {item_id}")
    return items[item_id]
