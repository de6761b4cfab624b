"""An operator's socket. The statement that finds a conversation asks, at every event, whether the operator may."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from flask import request
from flask_socketio import join_room
from socketio import Server
from socketio.exceptions import ConnectionRefusedError

from leadcapture import clock, db, i18n, ratelimit, socketio, web
from leadcapture.chat import (
    access,
    broadcast,
    editing,
    live,
    operations,
    ordinary,
    posting,
    protocol,
    queries,
    summaries,
    views,
)
from leadcapture.chat.filters import BUILT_IN
from leadcapture.chat.live import OperatorSocket, operators
from leadcapture.chat.protocol import OPERATOR
from leadcapture.chat.sockets.events import Answer, emit_when_connected
from leadcapture.chat.sockets.visitor import TYPING_PAUSE
from leadcapture.errors import Forbidden, LeadCaptureError, Unauthorized, Unavailable
from leadcapture.guard import ceilings
from leadcapture.operators import presence, session


def register() -> None:
    """Have operators connect and disconnect."""
    socketio.socketio.on_event("connect", _connect, namespace=OPERATOR)
    socketio.on("disconnect", OPERATOR)(_disconnect)


def _connect(auth: object = None) -> None:
    try:
        socket = _welcome(protocol.fields(auth))
        with db.read() as database:
            conversations, cursor = views.page(database, socket.site_ids, socket.operator_id, BUILT_IN["open"])
    except LeadCaptureError as error:
        operators.pop(socketio.sid(), None)
        raise ConnectionRefusedError(error.code) from error

    def tell() -> None:
        queue = {"conversations": conversations, "more": cursor is not None, "cursor": cursor}
        socketio.emit_here("queue", queue, to=socket.sid, namespace=OPERATOR)
        live.look_soon()

    emit_when_connected(tell)


def _welcome(auth: Mapping[str, Any]) -> OperatorSocket:
    """The session cookie says who it is; `auth` may say that nobody sits there (`idle`).

    Raises Unauthorized (nobody is signed in), Forbidden (a page of another origin may not use the cookie)."""
    ceilings.operator(web.client_ip())
    origin = request.headers.get("Origin")
    if origin and origin not in (access.own_origin(), request.host_url.rstrip("/")):
        raise Forbidden("Not from the console.")
    operator = session.signed_in()
    if operator is None:
        raise Unauthorized("Sign in first.")
    site_ids = tuple(sorted(membership.site_id for membership in operator.memberships))
    sid = socketio.sid()
    language = i18n.best(*(code for code, _ in request.accept_languages))
    socket = OperatorSocket(
        sid, operator.id, operator.public_id, operator.name, operator.session_epoch, site_ids, language=language
    )
    for site_id in site_ids:
        join_room(broadcast.site_room(site_id))
    join_room(operator.public_id)
    join_room(broadcast.operator_room(operator.id))
    idle = auth.get("idle") is True
    db.write(presence.connected, clock.now(), operator.id, sid, device=session.device(), idle=idle)
    operators[sid] = socket
    return socket


def _disconnect(sid: str, reason: str) -> None:
    if operators.pop(sid, None) is not None:
        silently = reason == Server.reason.PING_TIMEOUT
        # While the database is away nothing can be noted: who is not heard of is missed all the same.
        with suppress(Unavailable):
            db.write(presence.disconnected, clock.now(), sid, silently=silently)


def _close(socket: OperatorSocket, payload: object) -> Answer:
    conversation = protocol.public_id(protocol.fields(payload), "conversation")
    db.write(operations.close, clock.now(), **who(socket), conversation=conversation)
    return done(conversation)


def done(conversation: str) -> Answer:
    """What is answered once the conversation's status or operator has changed, when everybody else was told too."""
    broadcast.conversation_changed(conversation)
    return {"ok": True, "conversation": conversation, "summary": _summary(conversation)}


def _message(socket: OperatorSocket, payload: object) -> Answer:
    given = protocol.fields(payload)
    ratelimit.hit("RATE_MESSAGE", socket.public_id)
    conversation, incoming = protocol.public_id(given, "conversation"), protocol.incoming(given)
    kind, now = protocol.choice(given, "kind", ("reply", "note"), "reply"), clock.now()
    letter = ordinary.ByOperator(now, socket.operator_id, socket.epoch, conversation, incoming, kind)
    posted = db.gathered(ordinary.post, letter) or db.write(
        posting.by_operator, now, **who(socket), conversation=conversation, incoming=incoming, kind=kind
    )
    live.opens(socket, conversation)
    broadcast.message_posted(posted, skip_sid=socket.sid)
    return posted.message.acknowledgement()


def _typing(socket: OperatorSocket, payload: object) -> Answer:
    conversation = protocol.public_id(protocol.fields(payload), "conversation")
    if time.monotonic() - socket.typed_at >= TYPING_PAUSE:
        socket.typed_at = time.monotonic()
        broadcast.operator_types(_thread(socket, conversation), socket.name, skip_sid=socket.sid)
    return {"ok": True}


def _seen(socket: OperatorSocket, payload: object) -> Answer:
    return _read(socket, payload, seen=True)


def _delivered(socket: OperatorSocket, payload: object) -> Answer:
    return _read(socket, payload, seen=False)


def _read(socket: OperatorSocket, payload: object, *, seen: bool) -> Answer:
    given = protocol.fields(payload)
    seq = protocol.seq(given, "seq")
    conversation = protocol.public_id(given, "conversation")
    thread = db.write(
        operations.read_by_operator, clock.now(), **who(socket), conversation=conversation, seq=seq, seen=seen
    )
    if thread is not None:
        broadcast.read_up_to(thread, "operator", seq, seen=seen)
    return {"ok": True}


def _sync(socket: OperatorSocket, payload: object) -> Answer:
    given = protocol.fields(payload)
    thread = _thread(socket, protocol.public_id(given, "conversation"))
    # First the room, then the messages: what is stored in between is heard, never missed.
    live.opens(socket, thread.public_id)
    with db.read() as database:
        if given.get("before_seq") is not None:
            page = queries.operators_page_before(database, thread, protocol.seq(given, "before_seq"))
        else:
            page = queries.operators_page(database, thread, protocol.seq(given, "after_seq"))
        page = editing.with_changes(database, thread, page, protocol.rev(given), notes=True)
    return {"ok": True, **page, "summary": _summary(thread.public_id)}


def sites_of(socket: OperatorSocket) -> tuple[int, ...]:
    """The sites the operator belongs to now, asked anew. Raises Unauthorized when the session ended."""
    with db.read() as database:
        mine = presence.standing(database, {socket.operator_id}).get(socket.operator_id)
    if mine is None or mine[0] != socket.epoch:
        raise Unauthorized("Sign in first.")
    return mine[1]


def who(socket: OperatorSocket) -> dict[str, int]:
    """Who asks, as operations want to know it."""
    return {"operator_id": socket.operator_id, "epoch": socket.epoch}


def _thread(socket: OperatorSocket, conversation: str) -> queries.Thread:
    with db.read() as database:
        return queries.operators_thread(database, socket.operator_id, socket.epoch, conversation)


def _summary(conversation: str) -> Answer | None:
    with db.read() as database:
        found = summaries.one(database, conversation)
    return None if found is None else found[1]


OPERATOR_HANDLERS = {
    "message": _message,
    "typing": _typing,
    "seen": _seen,
    "delivered": _delivered,
    "close": _close,
    "sync": _sync,
}
