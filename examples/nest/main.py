from fastapi import FastAPI, Request, WebSocket

app = FastAPI()


@app.get("/me")
async def me(request: Request):
    return {"user": request.state.node["user"]}


@app.post("/double/{number}")
async def double(number: int):
    return {"result": 2 * number}


@app.websocket("/chat")
async def chat(socket: WebSocket):
    user = socket.state.node["user"]
    await socket.accept()
    async for text in socket.iter_text():
        await socket.send_text(f"{user}: {text}")
