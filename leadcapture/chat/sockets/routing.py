"""Who answers: being there to be asked, taking a conversation, handing it on, joining one."""

from __future__ import annotations

from leadcapture import clock, db
from leadcapture.chat import broadcast, live, operations, protocol, routing, rules
from leadcapture.chat.live import OperatorSocket
from leadcapture.chat.sockets.events import Answer, Handler
from leadcapture.chat.sockets.operator import done, who
from leadcapture.operators import presence


def _presence(socket: OperatorSocket, payload: object) -> Answer:
    available = protocol.flag(protocol.fields(payload), "available")
    db.write(presence.set_available, clock.now(), socket.operator_id, available)
    live.look(clock.now())
    if not available:
        live.went_away(clock.now(), socket)
    return {"ok": True}


def _idle(socket: OperatorSocket, payload: object) -> Answer:
    """Nobody has touched that device for long, or somebody does again."""
    idle = protocol.flag(protocol.fields(payload), "idle")
    db.write(presence.set_idle, clock.now(), socket.sid, idle)
    live.look(clock.now())
    return {"ok": True}


def _take(socket: OperatorSocket, payload: object) -> Answer:
    conversation = protocol.public_id(protocol.fields(payload), "conversation")
    db.write(operations.take, clock.now(), **who(socket), conversation=conversation)
    return done(conversation)


def _assign(socket: OperatorSocket, payload: object) -> Answer:
    """To `operator`, or to the queue where that is null; with a note."""
    given = protocol.fields(payload)
    conversation = protocol.public_id(given, "conversation")
    to = None if "operator" in given and given["operator"] is None else protocol.public_id(given, "operator")
    note = protocol.text(given, "note", "").strip()
    written = db.write(
        routing.assign,
        clock.now(),
        **who(socket),
        conversation=conversation,
        to=to,
        note=rules.clean_body(note) if note else "",
    )
    for posted in written:
        broadcast.message_posted(posted)
    return done(conversation)


def _join(socket: OperatorSocket, payload: object) -> Answer:
    conversation = protocol.public_id(protocol.fields(payload), "conversation")
    posted = db.write(routing.join, clock.now(), **who(socket), conversation=conversation)
    if posted is not None:
        broadcast.message_posted(posted)
    return done(conversation)


OPERATOR_HANDLERS: dict[str, Handler[OperatorSocket]] = {
    "presence": _presence,
    "idle": _idle,
    "take": _take,
    "assign": _assign,
    "join": _join,
}
