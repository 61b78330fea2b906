"""For bench/startup.js and bench/idle.js: FastAPI with a model that is validated."""

from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()


class Item(BaseModel):
    name: str
    price: float


@app.get("/")
async def hello() -> dict[str, str]:
    return {"hello": "world"}


@app.post("/items")
async def create(item: Item) -> Item:
    return item
