import django_project  # noqa: F401  sets up Django, which must come first
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from django.urls import path


class Echo(AsyncWebsocketConsumer):
    async def connect(self):
        await self.accept("chat" if "chat" in self.scope["subprotocols"] else None)

    async def receive(self, text_data=None, bytes_data=None):
        if text_data == "close":
            await self.close(4001, "bye")
        else:
            await self.send(text_data, bytes_data)


class Reject(AsyncWebsocketConsumer):
    async def connect(self):
        await self.close()


app = ProtocolTypeRouter(
    {
        "http": get_asgi_application(),
        "websocket": URLRouter([path("ws", Echo.as_asgi()), path("ws-reject", Reject.as_asgi())]),
    }
)
