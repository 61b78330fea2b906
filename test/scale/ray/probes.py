"""Routes that show what a stream does in its replica."""

import asyncio
from collections.abc import AsyncIterator

from fastapi.responses import StreamingResponse
from main import app

MIB = b"x" * (1 << 20)
state = {"open": 0, "made": 0}


@app.get("/test/stream")
async def stream(megabytes: int, pause: float = 0) -> StreamingResponse:
    async def chunks() -> AsyncIterator[bytes]:
        state["open"] += 1
        state["made"] = 0
        try:
            for _ in range(megabytes):
                state["made"] += 1
                yield MIB
                await asyncio.sleep(pause)
        finally:
            state["open"] -= 1

    return StreamingResponse(chunks())


@app.get("/test/state")
async def read_state() -> dict[str, int]:
    return state
