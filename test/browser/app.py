"""A page that uses browser features: a WebSocket, an EventSource, an upload with progress."""

import asyncio
import hashlib
import pathlib

from fastapi import FastAPI, Request, UploadFile, WebSocket, WebSocketDisconnect
from fastapi.responses import FileResponse, StreamingResponse

app = FastAPI()
reports = asyncio.Queue()


@app.get("/")
async def page():
    return FileResponse(pathlib.Path(__file__).with_name("page.html"))


@app.websocket("/ws")
async def echo(socket: WebSocket):
    await socket.accept("chat")
    try:
        while True:
            message = await socket.receive()
            if message.get("text") == "close":
                await socket.close(4002, "as asked")
                return
            await socket.send({**message, "type": "websocket.send"})
    except (WebSocketDisconnect, RuntimeError):
        pass


@app.get("/events")
async def events(request: Request):
    async def stream():
        first = int(request.headers.get("last-event-id", 0)) + 1
        yield "retry: 50\n\n"
        for number in range(first, first + 3):
            yield f"id: {number}\ndata: event {number}\n\n"
            await asyncio.sleep(0.01)

    return StreamingResponse(stream(), media_type="text/event-stream")


@app.post("/upload")
async def upload(file: UploadFile):
    content = await file.read()
    digest = hashlib.sha256(content).hexdigest()
    return {
        "name": file.filename,
        "type": file.content_type,
        "size": len(content),
        "sha256": digest,
    }


@app.post("/report")
async def report(request: Request):
    await reports.put(await request.json())


@app.get("/report")
async def wait_for_report():
    return await reports.get()
