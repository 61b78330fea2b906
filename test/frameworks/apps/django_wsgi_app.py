import django_project  # noqa: F401  sets up Django, which must come first
from django.core.wsgi import get_wsgi_application

app = get_wsgi_application()
