"""A FastAPI application that knows nothing of Ray: node-asgi and uvicorn run it as it is."""

import asyncio
import json
import os
from collections.abc import AsyncIterator

from fastapi import FastAPI
from fastapi.responses import StreamingResponse

app = FastAPI()

SECONDS = 0.1
"""How long the stand-in for a model computes."""


@app.get("/predict")
@app.post("/predict")
async def predict(text: str) -> dict[str, str | int]:
    """Replace the sleep with your model."""
    await asyncio.sleep(SECONDS)
    return {"label": "long" if len(text) > 10 else "short", "pid": os.getpid()}


@app.get("/generate")
async def generate(prompt: str, tokens: int = 20) -> StreamingResponse:
    """A model whose answer arrives token by token."""

    async def events() -> AsyncIterator[str]:
        for i in range(tokens):
            await asyncio.sleep(SECONDS / 2)
            yield f"data: {json.dumps(f'{prompt} {i}')}\n\n"

    return StreamingResponse(events(), media_type="text/event-stream")
