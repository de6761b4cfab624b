"""What stands apart as spam: let go, or called spam; the second also of any other conversation."""

from __future__ import annotations

from leadcapture import clock, db
from leadcapture.chat import held, protocol
from leadcapture.chat.live import OperatorSocket
from leadcapture.chat.sockets.events import Answer, Handler
from leadcapture.chat.sockets.operator import done, who


def _release(socket: OperatorSocket, payload: object) -> Answer:
    conversation = protocol.public_id(protocol.fields(payload), "conversation")
    db.write(held.release, clock.now(), **who(socket), conversation=conversation)
    return done(conversation)


def _spam(socket: OperatorSocket, payload: object) -> Answer:
    conversation = protocol.public_id(protocol.fields(payload), "conversation")
    db.write(held.mark, clock.now(), **who(socket), conversation=conversation)
    return done(conversation)


OPERATOR_HANDLERS: dict[str, Handler[OperatorSocket]] = {"release": _release, "spam": _spam}
