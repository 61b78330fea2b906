"""For bench/endurance.js: hello, an echo and an error. Any other path is not found."""

TEXT = (b"content-type", b"text/plain; charset=utf-8")


async def app(scope, receive, send):
    assert scope["type"] == "http"
    path = scope["path"]
    if path == "/":
        await respond(send, 200, b"Hello, world!")
    elif path == "/echo":
        await respond(send, 200, await read(receive))
    elif path == "/error":
        raise ValueError("a deliberate error")
    else:
        await respond(send, 404, b"Not Found")


async def read(receive):
    body = b""
    while True:
        message = await receive()
        body += message["body"]
        if not message["more_body"]:
            return body


async def respond(send, status, body):
    headers = [TEXT, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
