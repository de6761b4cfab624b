"""A visitor's socket: parse, authorise, write, acknowledge, tell the others."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from flask import request
from flask_socketio import join_room
from socketio.exceptions import ConnectionRefusedError

from leadcapture import clock, db, i18n, ratelimit, socketio, web
from leadcapture.chat import (
    access,
    blocking,
    broadcast,
    editing,
    live,
    operations,
    ordinary,
    posting,
    protocol,
    queries,
    rules,
    tokens,
    visits,
    watching,
)
from leadcapture.chat.live import VisitorSocket, visitors
from leadcapture.chat.masking import masked
from leadcapture.chat.protocol import VISITOR
from leadcapture.chat.sockets.events import Answer, emit_when_connected
from leadcapture.errors import LeadCaptureError
from leadcapture.guard import ceilings
from leadcapture.sites import chat_settings
from leadcapture.sites import queries as sites

if TYPE_CHECKING:
    from leadcapture.sites.models import Site

# Seconds between two signs of typing that are passed on.
TYPING_PAUSE = 0.3
NOTHING_SAID: Answer = {"messages": [], "next": 0, "more": False, "changed": [], "rev": 0}


def register() -> None:
    """Have visitors connect and disconnect; nobody is here yet."""
    watching.configure()
    socketio.socketio.on_event("connect", _connect, namespace=VISITOR)
    socketio.on("disconnect", VISITOR)(_disconnect)


def _connect(auth: object = None) -> None:
    try:
        socket, welcome, conversation = _greet(auth)
    except LeadCaptureError as error:
        raise ConnectionRefusedError(error.code) from error

    def tell() -> None:
        socketio.emit_here("welcome", welcome, to=socket.sid, namespace=VISITOR)
        if conversation is not None:
            socketio.emit_here("conversation", conversation, to=socket.sid, namespace=VISITOR)

    emit_when_connected(tell)


def _greet(auth: object) -> tuple[VisitorSocket, Answer, Answer | None]:
    """Raises NotFound (no such site), Forbidden (a page of another origin), Blocked, RateLimited, Invalid."""
    given = protocol.fields(auth)
    now = clock.now()
    site = access.site_for_request(protocol.public_id(given, "site"))
    ceilings.connection(web.client_ip(), site.key)
    language = i18n.best(protocol.text(given, "lang", "") or site.language)
    i18n.use(language)
    token, doubt = visits.who(site, tokens.check(site, protocol.text(given, "token", "")), given, language)
    sid = socketio.sid()
    socket = VisitorSocket(sid, site.id, token.visitor, language, protocol.page_address(given), token=token.text)
    # First the rooms, then the messages: what is stored in between is heard, never missed.
    join_room(socket.visitor)
    join_room(broadcast.language_room(site.id, language))
    thread, page = None, _page(None, None, given)
    # Whose token was made just now has said nothing yet, and is blocked by nobody.
    if not token.new:
        with db.read() as session:
            blocking.check(session, now, token.visitor)
            thread = queries.visitors_thread(session, now, site.id, socket.visitor)
            page = _page(session, thread, given)
    if thread is None:
        socket.begins = web.client_ip(), site.key
    visitors[sid] = socket
    visits.arrived(socket, site, given, request.headers.get("User-Agent", ""), talks=thread is not None)
    welcome = {
        "token": token.text,
        "verified": token.verified,
        "doubt": doubt,
        "conversation": None if thread is None else thread.public_id,
        "place": None if thread is None else thread.place,
        **broadcast.availability(live.site_available(site.id), site, now),
        **page,
    }
    return socket, welcome, None if thread is None else thread.for_visitor()


def _disconnect(sid: str, _reason: str) -> None:
    visitors.pop(sid, None)
    watching.left(sid)


def _identify(socket: VisitorSocket, payload: object) -> Answer:
    ratelimit.hit("RATE_CONNECT", socket.visitor)
    site = _site(socket)
    token = visits.identify(site, tokens.check(site, socket.token), payload, socket.language)
    if token.visitor != socket.visitor and socket.sid:
        socketio.move(socket.sid, socket.visitor, token.visitor, namespace=VISITOR)
    socket.visitor, socket.token = token.visitor, token.text
    watching.becomes(socket.sid, socket.visitor)
    thread = _thread(socket)
    if thread is not None:
        visits.wrote(socket)
    return {
        "ok": True,
        "token": token.text,
        "verified": token.verified,
        "conversation": None if thread is None else thread.public_id,
    }


def _answers(socket: VisitorSocket, payload: object) -> Answer:
    ratelimit.hit("RATE_MESSAGE", socket.visitor)
    visits.answer(_site(socket), socket.visitor, payload, socket.language)
    return {"ok": True}


def _looks_at(socket: VisitorSocket, payload: object) -> Answer:
    ratelimit.hit("RATE_MESSAGE", socket.visitor)
    visits.moved(socket, _site(socket), protocol.fields(payload))
    return {"ok": True}


def _message(socket: VisitorSocket, payload: object) -> Answer:
    ratelimit.hit("RATE_MESSAGE", socket.visitor)
    incoming = protocol.incoming(payload, page=socket.page)
    if socket.begins is not None:
        ceilings.conversation(*socket.begins)
    now, available = clock.now(), live.site_available(socket.site_id)
    letter = ordinary.ByVisitor(now, socket.site_id, socket.visitor, incoming, available)
    posted = db.gathered(ordinary.post, letter) if socket.begins is None else None
    if posted is None:
        posted = db.write(
            posting.by_visitor,
            now,
            site_id=socket.site_id,
            visitor=socket.visitor,
            incoming=incoming,
            available=available,
            language=socket.language,
        )
    socket.begins = None
    broadcast.message_posted(posted, skip_sid=socket.sid)
    if posted.first:
        visits.wrote(socket)
    return posted.message.acknowledgement()


def _typing(socket: VisitorSocket, payload: object) -> Answer:
    text = protocol.text(protocol.fields(payload), "text", "")[: rules.LONGEST_MESSAGE]
    if time.monotonic() - socket.typed_at >= TYPING_PAUSE:
        socket.typed_at = time.monotonic()
        thread = _thread(socket)
        if thread is not None:
            broadcast.visitor_types(thread, _previewed(socket.site_id, text))
    return {"ok": True}


def _previewed(site_id: int, text: str) -> str:
    """What operators may see of a text that is not sent yet: nothing, unless the site wants it and tells its
    visitors."""
    if not text:
        return ""
    with db.read() as session:
        settings = chat_settings.of(sites.by_id(session, site_id).chat)
    if not settings.preview_typing:
        return ""
    return masked(text) if settings.masking else text


def _seen(socket: VisitorSocket, payload: object) -> Answer:
    return _read(socket, payload, seen=True)


def _delivered(socket: VisitorSocket, payload: object) -> Answer:
    return _read(socket, payload, seen=False)


def _read(socket: VisitorSocket, payload: object, *, seen: bool) -> Answer:
    seq = protocol.seq(protocol.fields(payload), "seq")
    thread = db.write(
        operations.read_by_visitor, clock.now(), site_id=socket.site_id, visitor=socket.visitor, seq=seq, seen=seen
    )
    if thread is not None:
        broadcast.read_up_to(thread, "visitor", seq, seen=seen)
    return {"ok": True}


def _sync(socket: VisitorSocket, payload: object) -> Answer:
    given = protocol.fields(payload)
    with db.read() as session:
        thread = queries.visitors_thread(session, clock.now(), socket.site_id, socket.visitor)
        return {"ok": True, **_page(session, thread, given)}


def _thread(socket: VisitorSocket) -> queries.Thread | None:
    with db.read() as session:
        return queries.visitors_thread(session, clock.now(), socket.site_id, socket.visitor)


def _site(socket: VisitorSocket) -> Site:
    with db.read() as session:
        return sites.by_id(session, socket.site_id)


def _page(session: Any, thread: queries.Thread | None, given: Mapping[str, Any]) -> Answer:
    after_seq, after_rev = protocol.seq(given, "after_seq"), protocol.rev(given)
    if thread is None:
        return NOTHING_SAID
    page = queries.visitors_page(session, thread, after_seq)
    return editing.with_changes(session, thread, page, after_rev, notes=False)


VISITOR_HANDLERS = {
    "identify": _identify,
    "answers": _answers,
    "page": _looks_at,
    "message": _message,
    "typing": _typing,
    "seen": _seen,
    "delivered": _delivered,
    "sync": _sync,
}
