import asyncio
import hashlib
import pathlib
import threading

from quart import (
    Quart,
    abort,
    current_app,
    jsonify,
    make_response,
    redirect,
    request,
    send_file,
    url_for,
    websocket,
)
from quart.utils import run_sync

FILE = pathlib.Path(__file__).with_name("content.txt")
app = Quart(__name__)
done = []


@app.before_serving
async def startup():
    app.greeting = "from lifespan"


@app.get("/hello/<name>")
async def hello(name):
    return {"name": name, "greeting": request.args.get("greeting", "hi")}


@app.post("/json")
async def json():
    return await request.get_json(), 201


@app.post("/form")
async def form():
    return {"a": (await request.form)["a"]}


@app.post("/upload")
async def upload():
    file = (await request.files)["file"]
    content = file.read()
    digest = hashlib.sha256(content).hexdigest()
    return {"filename": file.filename, "size": len(content), "sha256": digest}


@app.get("/stream")
async def stream():
    async def lines():
        for number in range(5):
            yield f"{number}\n".encode()
            await asyncio.sleep(0.01)

    return lines(), {"content-type": "text/plain"}


@app.get("/headers")
async def headers():
    response = await make_response(jsonify(probe=request.headers["x-probe"]))
    response.headers["x-test"] = "yes"
    response.set_cookie("a", "1")
    response.set_cookie("b", "2")
    return response


@app.get("/cookie")
async def cookie():
    return {"c": request.cookies["c"]}


@app.get("/redirect")
async def redirect_():
    return redirect(url_for("hello", name="x"))


@app.get("/url")
async def url():
    return {"url": url_for("hello", name="x", _external=True)}


@app.get("/error")
async def error():
    raise ValueError("on purpose")


@app.get("/file")
async def file():
    return await send_file(FILE)


@app.get("/sync")
async def sync():
    @run_sync
    def work():
        return threading.current_thread() is threading.main_thread()

    return {"main": await work()}


@app.get("/state")
async def state():
    return {"greeting": current_app.greeting}


@app.get("/background")
async def background():
    async def later():
        await asyncio.sleep(0.02)
        done.append("done")

    app.add_background_task(later)
    return {"done": done}


@app.websocket("/ws")
async def ws():
    offered = websocket.requested_subprotocols
    await websocket.accept(subprotocol="chat" if "chat" in offered else None)
    while True:
        message = await websocket.receive()
        if message == "close":
            await websocket.close(4001, "bye")
            return
        await websocket.send(message)


@app.websocket("/ws-reject")
async def ws_reject():
    abort(403)
