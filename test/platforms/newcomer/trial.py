import os

from fastapi import FastAPI, WebSocket

app = FastAPI()


@app.get("/pid")
async def pid():
    return os.getpid()


@app.post("/crash")
async def crash():
    os.abort()


@app.websocket("/echo")
async def echo(socket: WebSocket):
    await socket.accept()
    await socket.send_text(await socket.receive_text())
    await socket.close()
