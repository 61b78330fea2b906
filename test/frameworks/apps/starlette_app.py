import asyncio
import hashlib
import pathlib
import threading
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.endpoints import WebSocketEndpoint
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, StreamingResponse
from starlette.routing import Route, WebSocketRoute

FILE = pathlib.Path(__file__).with_name("content.txt")
done = []


@asynccontextmanager
async def lifespan(app):
    yield {"greeting": "from lifespan"}


class Plain(BaseHTTPMiddleware):
    async def dispatch(self, request, call_next):
        return await call_next(request)


async def hello(request):
    greeting = request.query_params.get("greeting", "hi")
    return JSONResponse({"name": request.path_params["name"], "greeting": greeting})


async def json(request):
    return JSONResponse(await request.json(), 201)


async def form(request):
    async with request.form() as fields:
        return JSONResponse({"a": fields["a"]})


async def upload(request):
    async with request.form() as fields:
        content = await fields["file"].read()
        name = fields["file"].filename
    digest = hashlib.sha256(content).hexdigest()
    return JSONResponse({"filename": name, "size": len(content), "sha256": digest})


async def stream(request):
    async def lines():
        for number in range(5):
            yield f"{number}\n"
            await asyncio.sleep(0.01)

    return StreamingResponse(lines(), media_type="text/plain")


async def headers(request):
    response = JSONResponse({"probe": request.headers["x-probe"]}, headers={"x-test": "yes"})
    response.set_cookie("a", "1")
    response.set_cookie("b", "2")
    return response


async def cookie(request):
    return JSONResponse({"c": request.cookies["c"]})


async def redirect(request):
    return RedirectResponse(request.url_for("hello", name="x"))


async def url(request):
    return JSONResponse({"url": str(request.url_for("hello", name="x"))})


async def error(request):
    raise ValueError("on purpose")


async def file(request):
    return FileResponse(FILE)


def sync(request):
    return JSONResponse({"main": threading.current_thread() is threading.main_thread()})


async def state(request):
    return JSONResponse({"greeting": request.state.greeting})


async def background(request):
    async def later():
        await asyncio.sleep(0.02)
        done.append("done")

    return JSONResponse({"done": done}, background=BackgroundTask(later))


class Echo(WebSocketEndpoint):
    async def on_connect(self, websocket):
        offered = websocket.scope["subprotocols"]
        await websocket.accept(subprotocol="chat" if "chat" in offered else None)

    async def on_receive(self, websocket, data):
        if data == "close":
            await websocket.close(4001, "bye")
        elif isinstance(data, str):
            await websocket.send_text(data)
        else:
            await websocket.send_bytes(data)

    async def decode(self, websocket, message):
        text = message.get("text")
        return text if text is not None else message["bytes"]


async def reject(websocket):
    await websocket.close()


app = Starlette(
    lifespan=lifespan,
    middleware=[Middleware(Plain)],
    routes=[
        Route("/hello/{name}", hello, name="hello"),
        Route("/json", json, methods=["POST"]),
        Route("/form", form, methods=["POST"]),
        Route("/upload", upload, methods=["POST"]),
        Route("/stream", stream),
        Route("/headers", headers),
        Route("/cookie", cookie),
        Route("/redirect", redirect),
        Route("/url", url),
        Route("/error", error),
        Route("/file", file),
        Route("/sync", sync),
        Route("/state", state),
        Route("/background", background),
        WebSocketRoute("/ws", Echo),
        WebSocketRoute("/ws-reject", reject),
    ],
)
