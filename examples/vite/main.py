from fastapi import FastAPI, WebSocket

app = FastAPI()


@app.get("/hello/{name}")
async def hello(name: str):
    return {"message": f"Hello {name} from Python"}


@app.websocket("/chat")
async def chat(websocket: WebSocket):
    await websocket.accept()
    async for text in websocket.iter_text():
        await websocket.send_text(f"Python heard {text}")
