"""
A typical FastAPI application: path, query and body are validated, and so is the response.

POST /shops/7/items?currency=EUR takes the item of bench/support/loads/workloads.js; GET /hello says
hello.
"""

from typing import Annotated, Literal

from fastapi import FastAPI, Path, Query
from pydantic import BaseModel, Field

app = FastAPI()


class Maker(BaseModel):
    name: str = Field(max_length=100)
    country: str = Field(pattern="^[A-Z]{2}$")


class Item(BaseModel):
    name: str = Field(min_length=1, max_length=100)
    price: float = Field(gt=0)
    quantity: int = Field(default=1, ge=1, le=1000)
    tags: list[str] = Field(default=[], max_length=20)
    maker: Maker


class Listing(Item):
    shop: int
    currency: str
    total: float


@app.get("/hello")
async def hello() -> dict[str, str]:
    return {"hello": "world"}


@app.post("/shops/{shop}/items", status_code=201)
async def create(
    shop: Annotated[int, Path(ge=1)],
    item: Item,
    currency: Annotated[Literal["EUR", "USD"], Query()] = "EUR",
) -> Listing:
    return Listing(
        **item.model_dump(), shop=shop, currency=currency, total=item.price * item.quantity
    )
