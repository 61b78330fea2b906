import asyncio
import hashlib
import pathlib
import threading
from typing import Annotated, Any

from litestar import Litestar, Request, Response, WebSocket, get, post, websocket
from litestar.background_tasks import BackgroundTask
from litestar.datastructures import Cookie, State, UploadFile
from litestar.enums import RequestEncodingType
from litestar.exceptions import PermissionDeniedException
from litestar.params import Body, Parameter
from litestar.response import File, Redirect, Stream

FILE = pathlib.Path(__file__).with_name("content.txt")
done = []


async def startup(app):
    app.state.greeting = "from lifespan"


@get("/hello/{who:str}", name="hello")
async def hello(who: str, greeting: str = "hi") -> dict[str, str]:
    return {"name": who, "greeting": greeting}


@post("/json")
async def json(data: dict[str, Any]) -> dict[str, Any]:
    return data


@post("/form", status_code=200)
async def form(
    data: Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)],
) -> dict[str, str]:
    return {"a": data["a"]}


@post("/upload", status_code=200)
async def upload(
    data: Annotated[dict[str, UploadFile], Body(media_type=RequestEncodingType.MULTI_PART)],
) -> dict[str, Any]:
    file = data["file"]
    content = await file.read()
    digest = hashlib.sha256(content).hexdigest()
    return {"filename": file.filename, "size": len(content), "sha256": digest}


@get("/stream")
async def stream() -> Stream:
    async def lines():
        for number in range(5):
            yield f"{number}\n"
            await asyncio.sleep(0.01)

    return Stream(lines(), media_type="text/plain")


@get("/headers")
async def headers(request: Request) -> Response[dict[str, str]]:
    cookies = [Cookie("a", value="1"), Cookie("b", value="2")]
    content = {"probe": request.headers["x-probe"]}
    return Response(content, headers={"x-test": "yes"}, cookies=cookies)


@get("/cookie")
async def cookie(c: Annotated[str, Parameter(cookie="c")]) -> dict[str, str]:
    return {"c": c}


@get("/redirect", status_code=307)
async def redirect(request: Request) -> Redirect:
    return Redirect(request.url_for("hello", who="x"))


@get("/url")
async def url(request: Request) -> dict[str, str]:
    return {"url": str(request.url_for("hello", who="x"))}


@get("/error")
async def error() -> None:
    raise ValueError("on purpose")


@get("/file")
async def file() -> File:
    return File(FILE)


@get("/sync", sync_to_thread=True)
def sync() -> dict[str, bool]:
    return {"main": threading.current_thread() is threading.main_thread()}


@get("/state")
async def state_(state: State) -> dict[str, str]:
    return {"greeting": state.greeting}


@get("/background")
async def background() -> Response[dict[str, list[str]]]:
    async def later():
        await asyncio.sleep(0.02)
        done.append("done")

    return Response({"done": done}, background=BackgroundTask(later))


@websocket("/ws")
async def ws(socket: WebSocket) -> None:
    offered = socket.scope["subprotocols"]
    await socket.accept(subprotocols="chat" if "chat" in offered else None)
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


@websocket("/ws-reject")
async def ws_reject(socket: WebSocket) -> None:
    raise PermissionDeniedException


app = Litestar(
    on_startup=[startup],
    route_handlers=[
        hello,
        json,
        form,
        upload,
        stream,
        headers,
        cookie,
        redirect,
        url,
        error,
        file,
        sync,
        state_,
        background,
        ws,
        ws_reject,
    ],
)
