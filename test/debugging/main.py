import asyncio
import os
import time

from fastapi import FastAPI

app = FastAPI()
kept = []


@app.get("/items/{number}")
async def item(number: int):
    await asyncio.sleep(0)
    doubled = number * 2
    return {"doubled": doubled}  # breakpoint: async


@app.get("/sync/{number}")
def sync_item(number: int):
    doubled = number * 2
    return {"doubled": doubled}  # breakpoint: sync


@app.get("/stuck")
async def stuck():
    time.sleep(60)


@app.get("/forgotten")
async def forgotten():
    asyncio.sleep(0)


@app.get("/slow-step")
async def slow_step():
    time.sleep(0.3)


@app.get("/keep")
def keep():
    kept.append(os.urandom(5_000_000))


@app.get("/call/{number}")
async def call(number: int):
    breakpoint()
    return {"number": number}
