"""Finding conversations: views, counts, search, and what is done to many at once."""

from __future__ import annotations

from leadcapture.chat.live import OperatorSocket
from leadcapture.chat.sockets.events import Handler

OPERATOR_HANDLERS: dict[str, Handler[OperatorSocket]] = {}
