"""What operators write and take back: canned replies, edits, mentions; and whom they block."""

from __future__ import annotations

from typing import Any

from leadcapture import clock, db, ratelimit
from leadcapture.chat import blocking, broadcast, canned, editing, mentions, protocol, summaries
from leadcapture.chat.live import OperatorSocket
from leadcapture.chat.sockets.events import Answer, Handler


def _canned(socket: OperatorSocket, payload: object) -> Answer:
    site = protocol.public_id(protocol.fields(payload), "site")
    with db.read() as session:
        replies = canned.for_operator(session, socket.operator_id, socket.epoch, site)
    return {"ok": True, "replies": [reply.for_operator() for reply in replies]}


def _edit(socket: OperatorSocket, payload: object) -> Answer:
    return _change(socket, payload, editing.edit, body=protocol.text(protocol.fields(payload), "body"))


def _delete(socket: OperatorSocket, payload: object) -> Answer:
    return _change(socket, payload, editing.delete)


def _change(socket: OperatorSocket, payload: object, operation: Any, **more: str) -> Answer:
    ratelimit.hit("RATE_MESSAGE", socket.public_id)
    message = protocol.public_id(protocol.fields(payload), "message")
    done: editing.Changed = db.write(operation, clock.now(), **_who(socket), message=message, **more)
    if done.changed:
        broadcast.message_changed(done)
    return {"ok": True, "message": done.message.for_operator()}


def _block(socket: OperatorSocket, payload: object) -> Answer:
    return _act(socket, payload, blocking.block, hours=protocol.seq(protocol.fields(payload), "hours"))


def _unblock(socket: OperatorSocket, payload: object) -> Answer:
    return _act(socket, payload, blocking.unblock)


def _act(socket: OperatorSocket, payload: object, operation: Any, **more: int) -> Answer:
    conversation = protocol.public_id(protocol.fields(payload), "conversation")
    db.write(operation, clock.now(), **_who(socket), conversation=conversation, **more)
    broadcast.conversation_changed(conversation)
    with db.read() as session:
        found = summaries.one(session, conversation)
    return {"ok": True, "conversation": conversation, "summary": None if found is None else found[1]}


def _mentioned(socket: OperatorSocket, payload: object) -> Answer:  # noqa: ARG001 every handler takes the payload
    with db.read() as session:
        found = mentions.of_operator(session, socket.operator_id, socket.epoch)
    return {"ok": True, "mentions": [named.for_operator() for named in found]}


def _mention_seen(socket: OperatorSocket, payload: object) -> Answer:
    message = protocol.public_id(protocol.fields(payload), "id")
    db.write(mentions.seen, clock.now(), **_who(socket), message=message)
    return {"ok": True}


def _who(socket: OperatorSocket) -> dict[str, int]:
    return {"operator_id": socket.operator_id, "epoch": socket.epoch}


OPERATOR_HANDLERS: dict[str, Handler[OperatorSocket]] = {
    "canned": _canned,
    "edit": _edit,
    "delete": _delete,
    "block": _block,
    "unblock": _unblock,
    "mentioned": _mentioned,
    "mention_seen": _mention_seen,
}
