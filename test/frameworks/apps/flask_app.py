import hashlib
import pathlib
import threading

from flask import Flask, jsonify, make_response, redirect, request, send_file, url_for

FILE = pathlib.Path(__file__).with_name("content.txt")
app = Flask(__name__)


@app.get("/hello/<name>")
def hello(name):
    return {"name": name, "greeting": request.args.get("greeting", "hi")}


@app.post("/json")
def json():
    return request.get_json(), 201


@app.post("/form")
def form():
    return {"a": request.form["a"]}


@app.post("/upload")
def upload():
    file = request.files["file"]
    content = file.read()
    digest = hashlib.sha256(content).hexdigest()
    return {"filename": file.filename, "size": len(content), "sha256": digest}


@app.get("/stream")
def stream():
    return (f"{number}\n" for number in range(5)), {"content-type": "text/plain"}


@app.get("/headers")
def headers():
    response = make_response(jsonify(probe=request.headers["x-probe"]))
    response.headers["x-test"] = "yes"
    response.set_cookie("a", "1")
    response.set_cookie("b", "2")
    return response


@app.get("/cookie")
def cookie():
    return {"c": request.cookies["c"]}


@app.get("/redirect")
def redirect_():
    return redirect(url_for("hello", name="x"))


@app.get("/url")
def url():
    return {"url": url_for("hello", name="x", _external=True)}


@app.get("/error")
def error():
    raise ValueError("on purpose")


@app.get("/file")
def file():
    return send_file(FILE)


@app.get("/sync")
def sync():
    return {"main": threading.current_thread() is threading.main_thread()}
