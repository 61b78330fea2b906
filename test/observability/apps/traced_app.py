"""FastAPI with OpenTelemetry's SDK. /spans returns what the instrumentation has recorded."""

from fastapi import FastAPI, Request, WebSocket
from opentelemetry import trace
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

exporter = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))
trace.set_tracer_provider(provider)
app = FastAPI()


@app.get("/items/{item}")
async def item(item: str):
    with trace.get_tracer("application").start_as_current_span("look it up"):
        return {"item": item}


@app.get("/headers")
async def headers(request: Request):
    return dict(request.headers)


@app.get("/raise")
async def fail():
    raise ValueError("wrong")


@app.websocket("/echo")
async def echo(socket: WebSocket):
    await socket.accept()
    await socket.send_text(await socket.receive_text())
    await socket.close()


@app.get("/spans")
async def spans():
    return [
        {
            "name": span.name,
            "kind": span.kind.name,
            "trace": f"{span.context.trace_id:032x}",
            "id": f"{span.context.span_id:016x}",
            "parent": span.parent and f"{span.parent.span_id:016x}",
            "state": span.context.trace_state.to_header(),
        }
        for span in exporter.get_finished_spans()
    ]


FastAPIInstrumentor.instrument_app(app, excluded_urls="/spans")
