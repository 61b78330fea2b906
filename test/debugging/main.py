import asyncio

from fastapi import FastAPI

app = FastAPI()


@app.get("/items/{number}")
async def item(number: int):
    await asyncio.sleep(0)
    doubled = number * 2
    return {"doubled": doubled}  # breakpoint: async


@app.get("/sync/{number}")
def sync_item(number: int):
    doubled = number * 2
    return {"doubled": doubled}  # breakpoint: sync
