"""The Socket.IO edges: visitors on one namespace, operators on the other."""

from __future__ import annotations

from leadcapture.chat import live
from leadcapture.chat.sockets import operator, visitor
from leadcapture.settings import Settings


def register(settings: Settings) -> None:
    """Put every handler on the socket server, which must be bound to its application already."""
    live.configure(settings)
    visitor.register()
    operator.register()
