from django.contrib import admin
from django.http import JsonResponse
from django.urls import path


def whoami(request):
    """Who has logged in, for Express."""
    user = request.user
    return JsonResponse({"name": user.username, "is_staff": user.is_staff})


def visitor(request):
    """What Express has found out about the request."""
    return JsonResponse(request.scope["state"]["node"])


urlpatterns = [
    path("admin/", admin.site.urls),
    path("whoami", whoami),
    path("visitor", visitor),
]
