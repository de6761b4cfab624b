"""What a visitor does when the talk is over: ending it, rating it, having it mailed."""

from __future__ import annotations

from leadcapture.chat.live import VisitorSocket
from leadcapture.chat.sockets.events import Handler

VISITOR_HANDLERS: dict[str, Handler[VisitorSocket]] = {}
