"""An application whose spans continue the trace of the request."""

from fastapi import FastAPI
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor

app = FastAPI()


@app.get("/hello/{name}")
async def hello(name: str):
    return {"hello": name}


FastAPIInstrumentor.instrument_app(app)
