"""Finding conversations: views, counts, search, and what is done to many at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from leadcapture import clock, db
from leadcapture.chat import broadcast, filters, listing, protocol, queries, search, summaries, views
from leadcapture.chat.filters import Filter
from leadcapture.chat.listing import Done
from leadcapture.chat.live import OperatorSocket
from leadcapture.chat.sockets.events import Answer, Handler
from leadcapture.chat.sockets.operator import sites_of
from leadcapture.errors import Invalid
from leadcapture.i18n import gettext as _


def _list(socket: OperatorSocket, payload: object) -> Answer:
    given = protocol.fields(payload)
    before = protocol.text(given, "before", "") or None
    sites = sites_of(socket)
    with db.read() as session:
        which = _which(given, lambda view: views.view(session, sites, socket.operator_id, view))
        conversations, cursor = views.page(session, sites, socket.operator_id, which, before=before)
    return {"ok": True, "conversations": conversations, "more": cursor is not None, "cursor": cursor}


def _which(given: Mapping[str, Any], saved: Callable[[str], Filter]) -> Filter:
    """The filter that is asked for: itself, a view's, or a status as clients said it before there were views."""
    if given.get("filter") is not None:
        return filters.read(given["filter"])
    if given.get("view") is not None:
        return saved(protocol.public_id(given, "view"))
    return Filter(where=protocol.choice(given, "status", ("open", "closed", "all"), "open"))


def _counts(socket: OperatorSocket, _payload: object) -> Answer:
    sites = sites_of(socket)
    with db.read() as session:
        saved = views.saved(session, sites, socket.operator_id)
        wanted = filters.BUILT_IN | {view.id: view.filter for view in saved}
        wanted.pop("closed")  # that many are of no use to anybody
        return {
            "ok": True,
            "counts": views.counts(session, sites, socket.operator_id, wanted),
            "views": [view.wire() for view in saved],
            "tags": views.known_tags(session, sites),
        }


def _search(socket: OperatorSocket, payload: object) -> Answer:
    given = protocol.fields(payload)
    sites = sites_of(socket)
    with db.read() as session:
        hits, cursor = search.search(
            session, sites, protocol.text(given, "text"), before=protocol.text(given, "before", "") or None
        )
    return {"ok": True, "hits": hits, "more": cursor is not None, "cursor": cursor}


def _save_view(socket: OperatorSocket, payload: object) -> Answer:
    given = protocol.fields(payload)
    view = db.write(
        views.save,
        clock.now(),
        **_who(socket),
        name=filters.name(given.get("name")),
        which=filters.read(given.get("filter")),
        shared=protocol.flag(given, "shared"),
    )
    broadcast.counts_moved(sites_of(socket))
    return {"ok": True, "view": view.wire()}


def _drop_view(socket: OperatorSocket, payload: object) -> Answer:
    public_id = protocol.public_id(protocol.fields(payload), "view")
    db.write(views.drop, clock.now(), **_who(socket), public_id=public_id)
    broadcast.counts_moved(sites_of(socket))
    return {"ok": True}


def _snooze(socket: OperatorSocket, payload: object) -> Answer:
    return _one(socket, payload, listing.snooze, until=_until(protocol.fields(payload)))


def _tag(socket: OperatorSocket, payload: object) -> Answer:
    return _one(socket, payload, listing.tag, **_tags(protocol.fields(payload)))


def _one(socket: OperatorSocket, payload: object, operation: Callable[..., Done], **more: Any) -> Answer:
    """Do it to the conversation that is named. Raises NotFound for one of other people's sites."""
    conversation = protocol.public_id(protocol.fields(payload), "conversation")
    with db.read() as session:
        queries.operators_thread(session, socket.operator_id, socket.epoch, conversation)
    db.write(operation, clock.now(), **_who(socket), chosen=[conversation], **more)
    broadcast.conversation_changed(conversation)
    with db.read() as session:
        found = summaries.one(session, conversation)
    return {"ok": True, "conversation": conversation, "summary": None if found is None else found[1]}


def _bulk(socket: OperatorSocket, payload: object) -> Answer:
    given = protocol.fields(payload)
    chosen = given.get("conversations")
    if not isinstance(chosen, list) or not 0 < len(chosen) <= listing.AT_ONCE:
        raise Invalid(_("Choose between 1 and %(count)d conversations.", count=listing.AT_ONCE), code="bad_request")
    unique = list(dict.fromkeys(protocol.public_id({"id": one}, "id") for one in chosen))
    action = protocol.text(given, "action")
    if action not in _ACTIONS:
        raise Invalid(_("This request cannot be read (%(name)s).", name="action"), code="bad_request")
    operation, arguments = _ACTIONS[action]
    did = db.write(operation, clock.now(), **_who(socket), chosen=unique, **arguments(given))
    broadcast.conversations_changed(did.done, visitors=action in ("close", "assign", "snooze"))
    return {"ok": True, "done": did.done, "left": did.left}


def _until(given: Mapping[str, Any]) -> datetime | None:
    """The time until which something is put aside; None brings it back. Raises Invalid (bad_request)."""
    until = given.get("until")
    return None if until is None else filters.moment(given, "until")


def _tags(given: Mapping[str, Any]) -> dict[str, list[str]]:
    return {"add": filters.tags(given.get("add")), "remove": filters.tags(given.get("remove"))}


def _who(socket: OperatorSocket) -> dict[str, int]:
    return {"operator_id": socket.operator_id, "epoch": socket.epoch}


_ACTIONS: dict[str, tuple[Callable[..., Done], Callable[[Mapping[str, Any]], dict[str, Any]]]] = {
    "close": (listing.close, lambda _given: {}),
    "seen": (listing.seen, lambda _given: {}),
    "snooze": (listing.snooze, lambda given: {"until": _until(given)}),
    "tag": (listing.tag, _tags),
    "assign": (listing.assign, lambda given: {"to": protocol.public_id(given, "operator")}),
}

OPERATOR_HANDLERS: dict[str, Handler[OperatorSocket]] = {
    "list": _list,
    "counts": _counts,
    "search": _search,
    "save_view": _save_view,
    "drop_view": _drop_view,
    "snooze": _snooze,
    "tag": _tag,
    "bulk": _bulk,
}
