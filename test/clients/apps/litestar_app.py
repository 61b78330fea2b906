from dataclasses import dataclass

from litestar import Litestar, get


@dataclass
class Item:
    name: str


@get("/items")
async def items() -> list[Item]:
    return []


app = Litestar([items])
