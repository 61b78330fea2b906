import asyncio
import hashlib
import pathlib
from contextlib import asynccontextmanager

from fastapi import (
    BackgroundTasks,
    Cookie,
    FastAPI,
    Form,
    Header,
    HTTPException,
    Request,
    Response,
    UploadFile,
    WebSocket,
    WebSocketDisconnect,
)
from fastapi.responses import FileResponse, RedirectResponse, StreamingResponse
from pydantic import BaseModel

FILE = pathlib.Path(__file__).with_name("content.txt")
done = []


class Item(BaseModel):
    name: str
    price: float


@asynccontextmanager
async def lifespan(app):
    yield {"greeting": "from lifespan"}


app = FastAPI(lifespan=lifespan)


@app.get("/hello/{name}", name="hello")
async def hello(name: str, greeting: str = "hi"):
    return {"name": name, "greeting": greeting}


@app.post("/json", status_code=201)
async def json(item: Item):
    return item


@app.post("/form")
async def form(a: str = Form()):
    return {"a": a}


@app.post("/upload")
async def upload(file: UploadFile):
    content = await file.read()
    digest = hashlib.sha256(content).hexdigest()
    return {"filename": file.filename, "size": len(content), "sha256": digest}


@app.get("/stream")
async def stream():
    async def lines():
        for number in range(5):
            yield f"{number}\n"
            await asyncio.sleep(0.01)

    return StreamingResponse(lines(), media_type="text/plain")


@app.get("/headers")
async def headers(response: Response, x_probe: str = Header()):
    response.headers["x-test"] = "yes"
    response.set_cookie("a", "1")
    response.set_cookie("b", "2")
    return {"probe": x_probe}


@app.get("/cookie")
async def cookie(c: str = Cookie()):
    return {"c": c}


@app.get("/redirect")
async def redirect(request: Request):
    return RedirectResponse(request.url_for("hello", name="x"))


@app.get("/url")
async def url(request: Request):
    return {"url": str(request.url_for("hello", name="x"))}


@app.get("/error")
async def error():
    raise ValueError("on purpose")


@app.get("/file")
async def file():
    return FileResponse(FILE)


@app.get("/sync")
def sync():
    import threading

    return {"main": threading.current_thread() is threading.main_thread()}


@app.get("/state")
async def state(request: Request):
    return {"greeting": request.state.greeting}


@app.get("/background")
async def background(tasks: BackgroundTasks):
    async def later():
        await asyncio.sleep(0.02)
        done.append("done")

    tasks.add_task(later)
    return {"done": done}


@app.websocket("/ws")
async def ws(socket: WebSocket):
    offered = socket.scope["subprotocols"]
    await socket.accept(subprotocol="chat" if "chat" in offered else None)
    try:
        while True:
            message = await socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            if message.get("text") == "close":
                await socket.close(4001, "bye")
                return
            if message.get("text") is not None:
                await socket.send_text(message["text"])
            else:
                await socket.send_bytes(message["bytes"])
    except WebSocketDisconnect:
        pass


@app.websocket("/ws-reject")
async def ws_reject(socket: WebSocket):
    raise HTTPException(403)
