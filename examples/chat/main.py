"""Decides what becomes of a message. Node sends it to the room, so any worker may decide."""

import os

from fastapi import FastAPI, HTTPException, Request
from pydantic import BaseModel, Field

app = FastAPI()

FORBIDDEN = {"spam"}


class Message(BaseModel):
    text: str = Field(min_length=1, max_length=500)


@app.post("/messages")
async def say(message: Message, request: Request):
    """Replace this with what your chat does: ask a model, look up a user, write to a database."""
    if FORBIDDEN & set(message.text.lower().split()):
        raise HTTPException(422, "nobody wants to read that")
    name = request.state.node["name"]
    return {"name": name, "text": message.text, "worker": os.getpid()}
