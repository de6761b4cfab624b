"""Telling open sockets and waiting requests, after commit, what happened. What is lost here is found by its number.

Rooms: one for each visitor (all tabs), one for a site's visitors of each language, one for a site's operators, one for
each operator (all devices), one for each conversation (the operators' pages that have it open). What is said in a
conversation that nobody answers is told to all of the site's operators; else to whoever answers and whoever has it
open, and the others hear of it as a changed summary a moment later.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import gevent
from gevent.event import Event

from leadcapture import clock, db, i18n, socketio
from leadcapture.chat import mentions, queries, summaries
from leadcapture.chat.editing import Changed
from leadcapture.chat.operations import Posted
from leadcapture.chat.protocol import OPERATOR, VISITOR
from leadcapture.chat.queries import Thread
from leadcapture.i18n import gettext as _
from leadcapture.sites import hours
from leadcapture.sites.models import Site

# Seconds within which several changes of one conversation are told to operators as one.
SUMMARY_PAUSE = 0.5
FEW = 5  # conversations that a site's operators are told of in one go

# What to do when a conversation of a site begins to wait.
on_waiting: list[Callable[[int], None]] = []
# The place in the queue that the visitor of each waiting conversation was told last.
places_told: dict[str, int] = {}

_changed: set[str] = set()
_waiting: dict[str, set[Event]] = {}


def site_room(site_id: int) -> str:
    """The room of a site's operators."""
    return f"site:{site_id}"


def language_room(site_id: int, language: str) -> str:
    """The room of a site's visitors who read that language."""
    return f"site:{site_id}:{language}"


def conversation_room(public_id: str) -> str:
    """The room of the operators' pages that have the conversation open."""
    return f"conversation:{public_id}"


def operator_room(operator_id: int) -> str:
    """The room of all devices of an operator, by the internal id."""
    return f"operator:{operator_id}"


def concerned(site_id: int, conversation: str, answering: int | None) -> list[str]:
    """The rooms of the operators who are told what is said in a conversation; `answering` is the internal id of the one
    who answers."""
    if answering is None:
        return [site_room(site_id)]
    return [operator_room(answering), conversation_room(conversation)]


def message_posted(posted: Posted, *, skip_sid: str | None = None) -> None:
    """A message was stored: tell the visitor's other tabs (unless it is a note) and the operators concerned."""
    message = posted.message
    if not posted.first:
        # Sent again for want of an answer: whoever stored it may have died before anybody was told. Those who know of
        # it learn nothing new by the conversation's numbers, the others ask for it.
        conversation_changed(message.conversation)
        return
    told = message.for_visitor()
    if message.seq is not None:
        socketio.emit("message", told, to=posted.visitor, namespace=VISITOR, skip_sid=skip_sid)
        wake(posted.visitor)
    rooms = concerned(posted.site_id, message.conversation, posted.answering)
    socketio.emit("message", message.for_operator(told), to=rooms, namespace=OPERATOR, skip_sid=skip_sid)
    if message.kind == "note":
        with db.read() as session:
            named = mentions.named_in(session, message.id)
        _named(message.id, named)
    if posted.moved:
        conversation_changed(message.conversation)
        for react in on_waiting:
            react(posted.site_id)
    else:
        summary_soon(message.conversation)


def message_changed(changed: Changed) -> None:
    """A message was edited or deleted: the visitor (unless it is a note) and the site's operators are told."""
    message = changed.message
    if message.seq is not None:
        socketio.emit("changed", message.for_visitor(), to=changed.visitor, namespace=VISITOR)
        wake(changed.visitor)
    socketio.emit("changed", message.for_operator(), to=site_room(changed.site_id), namespace=OPERATOR)
    _named(message.id, changed.named)
    summary_soon(message.conversation)


def _named(note: str, operators: Sequence[str]) -> None:
    """Tell these operators (their public ids, which are the names of their rooms) that they are named in that note."""
    if not operators:
        return
    with db.read() as session:
        named = mentions.in_note(session, note)
    for operator in operators:
        socketio.emit("mention", named.for_operator(), to=operator, namespace=OPERATOR)


def conversation_changed(public_id: str) -> None:
    """The conversation's status, operator or address changed: tell its visitor and the site's operators now."""
    with db.read() as session:
        thread = queries.thread(session, public_id)
        found = summaries.one(session, public_id)
    if thread is None or found is None:
        return
    _changed.discard(public_id)
    if thread.place is not None:
        places_told[public_id] = thread.place
    site_id, summary = found
    socketio.emit("conversation", summary, to=site_room(site_id), namespace=OPERATOR)
    socketio.emit("conversation", thread.for_visitor(), to=thread.visitor, namespace=VISITOR)
    wake(thread.visitor)


def conversations_changed(public_ids: Sequence[str], *, visitors: bool) -> None:
    """Many changed at once: the sites' operators are told, and with `visitors` theirs too, one after the other while
    everybody else's work goes on."""
    _tell_operators(public_ids)
    if visitors:
        for public_id in public_ids:
            gevent.spawn(_tell_visitor, public_id)


def _tell_visitor(public_id: str) -> None:
    with db.read() as session:
        thread = queries.thread(session, public_id)
    if thread is not None:
        socketio.emit("conversation", thread.for_visitor(), to=thread.visitor, namespace=VISITOR)
        wake(thread.visitor)


def counts_moved(site_ids: Sequence[int]) -> None:
    """The views of these sites changed: their operators' pages ask again."""
    for site_id in site_ids:
        socketio.emit("counts", {}, to=site_room(site_id), namespace=OPERATOR)


def summary_soon(public_id: str) -> None:
    """Something smaller changed (unread, seen, last message): operators are told within SUMMARY_PAUSE, once."""
    if not _changed:
        gevent.spawn_later(SUMMARY_PAUSE, _tell_summaries)
    _changed.add(public_id)


def _tell_summaries() -> None:
    changed = list(_changed)
    _changed.clear()
    _tell_operators(changed)


def _tell_operators(public_ids: Sequence[str]) -> None:
    """The operators of each conversation's site are told how it stands: a few at a time, each as it is then, for a
    hundred colleagues make a hundred sendings of each, and messages do not wait for them."""
    for start in range(0, len(public_ids), FEW):
        with db.read() as session:
            found = summaries.several(session, public_ids[start : start + FEW])
        for site_id, summary in found:
            socketio.emit("conversation", summary, to=site_room(site_id), namespace=OPERATOR)
        gevent.sleep(0)


def read_up_to(thread: Thread, by: str, seq: int, *, seen: bool) -> None:
    """Somebody got or saw everything up to `seq`: the other side is told."""
    if by == "operator":
        for event in ("delivered", "seen") if seen else ("delivered",):
            socketio.emit(event, {"seq": seq}, to=thread.visitor, namespace=VISITOR)
    summary_soon(thread.public_id)


def visitor_types(thread: Thread, text: str) -> None:
    """The visitor types; with the text so far where the visitor's panel sends it."""
    payload = {"conversation": thread.public_id, "name": thread.visitor_name} | ({"text": text} if text else {})
    rooms = concerned(thread.site_id, thread.public_id, thread.answering)
    socketio.emit("typing", payload, to=rooms, namespace=OPERATOR)


def operator_types(thread: Thread, name: str, *, skip_sid: str) -> None:
    """An operator types an answer: the visitor and the colleagues are told."""
    socketio.emit("typing", {"name": name}, to=thread.visitor, namespace=VISITOR)
    payload = {"conversation": thread.public_id, "name": name}
    rooms = concerned(thread.site_id, thread.public_id, thread.answering)
    socketio.emit("typing", payload, to=rooms, namespace=OPERATOR, skip_sid=skip_sid)


def availability(available: bool, site: Site, now: datetime) -> dict[str, Any]:
    """What a visitor is told of a site, in the language of the moment; `back_at` is when it opens again, where it is
    closed now."""
    back_at = None if available else hours.next_opening(site, now)
    return {"available": available, "reply_time": reply_time(site.reply_time), "back_at": clock.wire_or_none(back_at)}


def reply_time(promise: str) -> str:
    """The site's promise (minutes, hours, day) as a sentence in the language of the moment."""
    sentences = {
        "minutes": _("We usually reply within a few minutes."),
        "hours": _("We usually reply within a few hours."),
        "day": _("We usually reply within a day."),
    }
    return sentences.get(promise, sentences["hours"])


def available_changed(site: Site, available: bool, now: datetime) -> None:
    """Whether the site can answer changed: tell its visitors on this process. Every process finds out by itself."""
    for language in i18n.LANGUAGES:
        with i18n.speaking(language):
            payload = availability(available, site, now)
        socketio.emit_here("available", payload, to=language_room(site.id, language), namespace=VISITOR)


# ---- requests that wait for something to happen ----------------------------------------------------------------------


def wait(visitor: str, seconds: float) -> None:
    """Come back when something was told to that visitor on this process, or after so many seconds."""
    event = Event()
    _waiting.setdefault(visitor, set()).add(event)
    try:
        event.wait(seconds)
    finally:
        others = _waiting[visitor]
        others.discard(event)
        if not others:
            del _waiting[visitor]


def wake(visitor: str) -> None:
    """Let the visitor's waiting requests look again."""
    for event in _waiting.get(visitor, ()):
        event.set()
