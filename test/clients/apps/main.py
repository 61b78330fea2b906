"""What the clients talk to: JSON, forms, GraphQL, tRPC and the streams of a language model."""

import asyncio
import json
from collections.abc import AsyncIterator

import strawberry
from fastapi import FastAPI, HTTPException, Request, UploadFile
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel
from strawberry.fastapi import GraphQLRouter
from strawberry.subscriptions import MULTIPART_SUBSCRIPTION_PROTOCOL

app = FastAPI()
WORDS = ["Hello", " from", " Python", " ü"]


class Item(BaseModel):
    name: str
    price: float


@app.get("/items/{item_id}")
async def read_item(item_id: int, tag: str = "none", full: bool = False):
    if item_id == 0:
        raise HTTPException(404, "no such item")
    return {"id": item_id, "tag": tag, "full": full}


@app.post("/items", status_code=201)
async def create_item(item: Item) -> Item:
    return item


@app.delete("/items/{item_id}", status_code=204)
async def delete_item(item_id: int) -> None:
    pass


@app.get("/headers")
async def headers(request: Request):
    return dict(request.headers)


@app.post("/upload")
async def upload(file: UploadFile):
    return {"name": file.filename, "size": len(await file.read())}


@app.get("/slow")
async def slow():
    await asyncio.sleep(60)


failures = 0


@app.get("/flaky")
async def flaky():
    """Fails every other time."""
    global failures
    failures += 1
    if failures % 2 == 1:
        raise HTTPException(503, "try again")
    return {"attempts": failures}


@app.get("/words")
async def words() -> StreamingResponse:
    async def pieces() -> AsyncIterator[str]:
        for word in WORDS:
            yield word
            await asyncio.sleep(0.01)

    return StreamingResponse(pieces(), media_type="text/plain; charset=utf-8")


# ---- GraphQL


@strawberry.type
class Book:
    title: str
    pages: int


@strawberry.type
class Query:
    @strawberry.field
    def books(self, longest: bool = False) -> list[Book]:
        return [Book(title="Python", pages=300 if longest else 100)]

    @strawberry.field
    def broken(self) -> str:
        raise ValueError("as asked")


@strawberry.type
class Mutation:
    @strawberry.mutation
    def rename(self, title: str) -> Book:
        return Book(title=title, pages=1)


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def count(self, to: int) -> AsyncIterator[int]:
        for number in range(to):
            yield number
            await asyncio.sleep(0.01)


schema = strawberry.Schema(Query, Mutation, Subscription)
protocols = [MULTIPART_SUBSCRIPTION_PROTOCOL]
app.include_router(GraphQLRouter(schema, subscription_protocols=protocols), prefix="/graphql")


# ---- tRPC (https://trpc.io/docs/rpc)


def procedure(name: str, value):
    if name == "greet":
        return {"result": {"data": f"Hello, {value}!"}}
    data = {"code": "NOT_FOUND", "httpStatus": 404, "path": name}
    return {"error": {"message": f"no procedure {name}", "code": -32004, "data": data}}


@app.api_route("/trpc/{names}", methods=["GET", "POST"])
async def trpc(names: str, request: Request, batch: bool = False):
    body = (await request.body()).decode()
    values = json.loads(body or request.query_params.get("input", "{}"))
    if not batch:
        answer = procedure(names, values)
        return JSONResponse(answer, 404 if "error" in answer else 200)
    answers = [procedure(name, values.get(str(i))) for i, name in enumerate(names.split(","))]
    return JSONResponse(answers, 207 if any("error" in answer for answer in answers) else 200)


# ---- A language model


def events(messages) -> StreamingResponse:
    async def lines() -> AsyncIterator[str]:
        for message in messages:
            yield f"data: {json.dumps(message)}\n\n"
            await asyncio.sleep(0.01)
        yield "data: [DONE]\n\n"

    headers = {"x-vercel-ai-ui-message-stream": "v1", "cache-control": "no-cache"}
    return StreamingResponse(lines(), media_type="text/event-stream", headers=headers)


@app.post("/api/chat")
async def chat(request: Request) -> StreamingResponse:
    """The protocol of the AI SDK for user interfaces."""
    body = await request.json()
    asked = body["messages"][-1]["parts"][0]["text"]
    return events(
        [
            {"type": "start"},
            {"type": "text-start", "id": "1"},
            *({"type": "text-delta", "id": "1", "delta": word} for word in [*WORDS, f" {asked}"]),
            {"type": "text-end", "id": "1"},
            {"type": "finish"},
        ]
    )


@app.post("/v1/chat/completions")
async def completions(request: Request):
    """The protocol of OpenAI, which many Python servers for models speak."""
    body = await request.json()
    common = {"id": "1", "created": 1, "model": body["model"]}
    if not body.get("stream"):
        message = {"role": "assistant", "content": "".join(WORDS)}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        return common | {"object": "chat.completion", "choices": [choice]}
    choices = [{"index": 0, "delta": {"content": word}, "finish_reason": None} for word in WORDS]
    choices.append({"index": 0, "delta": {}, "finish_reason": "stop"})
    return events(
        common | {"object": "chat.completion.chunk", "choices": [choice]} for choice in choices
    )
