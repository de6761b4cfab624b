"""Who visitors are: what is known of one, and who is on the site."""

from __future__ import annotations

from leadcapture.chat.live import OperatorSocket
from leadcapture.chat.sockets.events import Handler

OPERATOR_HANDLERS: dict[str, Handler[OperatorSocket]] = {}
