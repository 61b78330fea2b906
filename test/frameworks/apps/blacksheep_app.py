import asyncio
import hashlib
import pathlib
import threading

from blacksheep import (
    Application,
    Cookie,
    FromForm,
    Request,
    Response,
    StreamedContent,
    WebSocket,
    file,
    json,
    redirect,
)
from blacksheep.server.websocket import WebSocketDisconnectError

FILE = pathlib.Path(__file__).with_name("content.txt")
app = Application()
get, post, ws = app.router.get, app.router.post, app.router.ws


@app.on_start
async def startup(app):
    app.greeting = "from lifespan"


@get("/hello/{name}")
async def hello(name: str, greeting: str = "hi"):
    return json({"name": name, "greeting": greeting})


@post("/json")
async def json_(request: Request):
    return json(await request.json(), 201)


@post("/form")
async def form(data: FromForm):
    return json({"a": data.value["a"]})


@post("/upload")
async def upload(request: Request):
    (part,) = await request.files("file")
    content = part.data if isinstance(part.data, bytes) else part.file.read()
    name = part.file_name.decode() if isinstance(part.file_name, bytes) else part.file_name
    digest = hashlib.sha256(content).hexdigest()
    return json({"filename": name, "size": len(content), "sha256": digest})


@get("/stream")
async def stream():
    async def lines():
        for number in range(5):
            yield f"{number}\n".encode()
            await asyncio.sleep(0.01)

    return Response(200, content=StreamedContent(b"text/plain", lines))


@get("/headers")
async def headers(request: Request):
    response = json({"probe": request.get_first_header(b"x-probe").decode()})
    response.add_header(b"x-test", b"yes")
    response.set_cookie(Cookie("a", "1"))
    response.set_cookie(Cookie("b", "2"))
    return response


@get("/cookie")
async def cookie(request: Request):
    return json({"c": request.cookies["c"]})


@get("/redirect")
async def redirect_(request: Request):
    return redirect(f"{request.base_path}/hello/x")


@get("/url")
async def url(request: Request):
    return json({"url": f"{request.base_path}/hello/x"})


@get("/error")
async def error():
    raise ValueError("on purpose")


@get("/file")
async def file_():
    return file(str(FILE), "text/plain")


@get("/sync")
async def sync():
    def work():
        return threading.current_thread() is threading.main_thread()

    return json({"main": await asyncio.to_thread(work)})


@get("/state")
async def state():
    return json({"greeting": app.greeting})


@ws("/ws")
async def echo(socket: WebSocket):
    offered = socket.scope["subprotocols"]
    await socket.accept(subprotocol="chat" if "chat" in offered else None)
    try:
        while True:
            message = await socket.receive()
            if message.get("text") == "close":
                await socket.close(4001, "bye")
                return
            if message.get("text") is not None:
                await socket.send_text(message["text"])
            else:
                await socket.send_bytes(message["bytes"])
    except WebSocketDisconnectError:
        pass


@ws("/ws-reject")
async def reject(socket: WebSocket):
    await socket.close()
