"""A small shop, for pictures of the dashboard: some routes are slow, and some fail at times."""

import asyncio
import os
import random
import time

from fastapi import FastAPI, HTTPException

app = FastAPI(openapi_url=None)


@app.get("/items")
async def list_items(page: int = 1):
    await asyncio.sleep(random.uniform(0.004, 0.02))
    return [{"id": number} for number in range(20)]


@app.get("/items/{item_id}")
async def read_item(item_id: int):
    await asyncio.sleep(random.uniform(0.001, 0.008))
    if item_id > 9900:
        raise HTTPException(404)
    return {"id": item_id}


@app.get("/search")
async def search(q: str):
    await asyncio.sleep(random.lognormvariate(-3.2, 0.7))
    return []


@app.post("/orders")
async def order(fail: bool = False):
    await asyncio.sleep(random.uniform(0.01, 0.06))
    if fail:
        stock = {}
        return stock["item"]
    return {"order": random.randrange(10**6)}


@app.get("/reports/{year}/{month}")
def report(year: int, month: int):
    time.sleep(random.uniform(0.2, 0.7))
    return {}


@app.get("/exports/{name}")
async def export(name: str):
    await wait_for_supplier(name)


async def wait_for_supplier(name: str):
    # The supplier never answers.
    await asyncio.get_running_loop().create_future()


@app.get("/block")
async def block(seconds: float):
    time.sleep(seconds)


@app.get("/crash")
async def crash():
    os.abort()
