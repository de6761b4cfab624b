"""Who answers: handing a conversation on, and joining one."""

from __future__ import annotations

from leadcapture.chat.live import OperatorSocket
from leadcapture.chat.sockets.events import Handler

OPERATOR_HANDLERS: dict[str, Handler[OperatorSocket]] = {}
