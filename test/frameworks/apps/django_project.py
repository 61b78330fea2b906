"""A Django project in one file. django_app serves it through ASGI, django_wsgi_app through WSGI."""

import asyncio
import hashlib
import json as json_module
import pathlib
import threading

import django
from django.conf import settings
from django.http import FileResponse, HttpResponseRedirect, JsonResponse, StreamingHttpResponse
from django.urls import path, reverse
from django.views.decorators.csrf import csrf_exempt

FILE = pathlib.Path(__file__).with_name("content.txt")

settings.configure(
    SECRET_KEY="of a test",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
    DEBUG_PROPAGATE_EXCEPTIONS=False,
    LOGGING_CONFIG=None,
)
django.setup()


def hello(request, name):
    return JsonResponse({"name": name, "greeting": request.GET.get("greeting", "hi")})


@csrf_exempt
def json(request):
    return JsonResponse(json_module.loads(request.body), status=201)


@csrf_exempt
def form(request):
    return JsonResponse({"a": request.POST["a"]})


@csrf_exempt
def upload(request):
    file = request.FILES["file"]
    digest = hashlib.sha256(file.read()).hexdigest()
    return JsonResponse({"filename": file.name, "size": file.size, "sha256": digest})


async def stream_async(request):
    async def lines():
        for number in range(5):
            yield f"{number}\n"
            await asyncio.sleep(0.01)

    return StreamingHttpResponse(lines(), content_type="text/plain")


def stream_sync(request):
    return StreamingHttpResponse((f"{n}\n" for n in range(5)), content_type="text/plain")


def headers(request):
    response = JsonResponse({"probe": request.headers["x-probe"]}, headers={"x-test": "yes"})
    response.set_cookie("a", "1")
    response.set_cookie("b", "2")
    return response


def cookie(request):
    return JsonResponse({"c": request.COOKIES["c"]})


def redirect(request):
    return HttpResponseRedirect(reverse("hello", args=["x"]))


def url(request):
    return JsonResponse({"url": request.build_absolute_uri(reverse("hello", args=["x"]))})


def error(request):
    raise ValueError("on purpose")


def file(request):
    return FileResponse(FILE.open("rb"))


def sync(request):
    return JsonResponse({"main": threading.current_thread() is threading.main_thread()})


urlpatterns = [
    path("hello/<str:name>", hello, name="hello"),
    path("json", json),
    path("form", form),
    path("upload", upload),
    path("stream", stream_async),
    path("stream-sync", stream_sync),
    path("headers", headers),
    path("cookie", cookie),
    path("redirect", redirect),
    path("url", url),
    path("error", error),
    path("file", file),
    path("sync", sync),
]
