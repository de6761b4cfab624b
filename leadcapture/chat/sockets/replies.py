"""What operators write and take back: canned replies, edits, mentions; and whom they block."""

from __future__ import annotations

from leadcapture.chat.live import OperatorSocket
from leadcapture.chat.sockets.events import Handler

OPERATOR_HANDLERS: dict[str, Handler[OperatorSocket]] = {}
