import django
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.urls import path

settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="x", USE_I18N=False)
django.setup()

from ninja import NinjaAPI, Schema  # noqa: E402

api = NinjaAPI()


class Item(Schema):
    name: str


@api.get("/items", response=list[Item])
def items(request):
    return []


urlpatterns = [path("api/", api.urls)]
app = get_asgi_application()
