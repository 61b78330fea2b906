"""A stand-in for a language model, whose tokens arrive one by one."""

import asyncio
import json
from collections.abc import AsyncIterator

from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from pydantic import BaseModel


class Prompt(BaseModel):
    prompt: str


app = FastAPI()


async def generate(prompt: str) -> AsyncIterator[str]:
    """Replace this with your model, for example with the stream of a library for inference."""
    for word in f"You said: {prompt}. This answer was made in Python, token by token.".split():
        await asyncio.sleep(0.05)
        yield f"{word} "


@app.post("/generate")
async def answer(prompt: Prompt) -> StreamingResponse:
    async def events() -> AsyncIterator[str]:
        async for token in generate(prompt.prompt):
            yield f"event: token\ndata: {json.dumps(token)}\n\n"
        yield "event: done\ndata: null\n\n"

    headers = {"cache-control": "no-cache"}
    return StreamingResponse(events(), media_type="text/event-stream", headers=headers)
