"""The sockets open on this process, and the jobs that watch over them: who lives, who is there, who waits in vain.

Every web process runs these jobs. What they write is claimed by conditional updates, so each change is told once.
Whether a site can answer, and who stands where in its queue, is something each process finds out for itself and tells
its own sockets.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from leadcapture import db, socketio
from leadcapture.chat import broadcast, listing, operations
from leadcapture.chat.protocol import OPERATOR
from leadcapture.operators import presence
from leadcapture.operators.presence import Colleague
from leadcapture.settings import Settings
from leadcapture.sites import hours
from leadcapture.sites import queries as site_queries


@dataclass
class VisitorSocket:
    """One open tab."""

    sid: str
    site_id: int
    visitor: str
    language: str
    page: str
    typed_at: float = 0.0


@dataclass
class OperatorSocket:
    """One open console. `epoch` is that of the session it came with: raising the operator's ends it."""

    sid: str
    operator_id: int
    public_id: str
    name: str
    epoch: int
    site_ids: tuple[int, ...]
    language: str
    typed_at: float = 0.0
    asked_at: float = field(default_factory=time.monotonic)  # when it was last asked whether it lives
    told: dict[str, Any] = field(default_factory=dict)  # the presence it was told last


visitors: dict[str, VisitorSocket] = {}
operators: dict[str, OperatorSocket] = {}

_available: dict[int, bool] = {}
_heard: set[str] = set()  # operators' sockets that have answered since it was last kept
_grace = 30
_unanswered_after = 60
_alone = False  # whether this process has just begun and is the only one


def configure(settings: Settings) -> None:
    """Take the settings and begin with no sockets. A process that is the only one knows: no other has any either."""
    global _grace, _unanswered_after, _alone
    _grace, _unanswered_after = settings.operator_grace, settings.unanswered_after
    _alone = settings.redis_url is None
    visitors.clear()
    operators.clear()
    _available.clear()
    _heard.clear()


def site_available(site_id: int) -> bool:
    """Whether the site can answer, as this process knew it a moment ago."""
    return _available.get(site_id, False)


def unanswered_due(now: datetime) -> None:
    """Mark conversations in which a visitor waited too long, and say so."""
    for public_id in db.write(operations.unanswered_due, now, after=_unanswered_after):
        broadcast.conversation_changed(public_id)


def snoozed_due(now: datetime) -> None:
    """Bring back the conversations that were put aside until now, and say so."""
    back = db.write(listing.snoozed_due, now)
    if back:
        broadcast.conversations_changed(back, visitors=False)


def presence_due(now: datetime) -> None:
    """Notice who came and went: tell visitors and operators, let go of what nobody can answer now, and end the sockets
    of operators who may no longer be here."""
    global _alone
    _keep_heard(now)
    _beat()
    if _alone:
        db.write(presence.all_gone, now, except_for=list(operators))
        _alone = False
    look(now)
    closed = {site_id for site_id, available in _available.items() if not available}
    for public_id in db.write(operations.abandoned_due, now, closed_sites=closed, grace=_grace):
        broadcast.conversation_changed(public_id)
    _check_operators()


def _beat() -> None:
    """Ask the operators' sockets of this process, each in its turn, whether they live. A hidden tab whose timers stand
    still answers, a laptop that sleeps does not."""
    now = time.monotonic()
    for socket in list(operators.values()):
        if now - socket.asked_at >= presence.beat_every(_grace):
            socket.asked_at = now
            socketio.ask_here("beat", socket.sid, namespace=OPERATOR, answered=partial(_heard.add, socket.sid))


def _keep_heard(now: datetime) -> None:
    heard = set(_heard)
    if heard:
        db.write(presence.heard, now, heard)
        _heard.difference_update(heard)


def look(now: datetime) -> None:
    """Find out which sites can answer and who is there, and tell those on this process to whom it is news."""
    with db.read() as session:
        staffed = presence.sites_available(session, now, _grace)
        sites = site_queries.every(session)
        mine = {site_id for socket in operators.values() for site_id in socket.site_ids}
        here = {site_id: presence.here(session, now, site_id, _grace) for site_id in mine}
    for site in sites:
        available = site.id in staffed and hours.is_open(site, now)
        if _available.get(site.id) != available:
            _available[site.id] = available
            broadcast.available_changed(site, available, now)
    for socket in list(operators.values()):
        told = _presence_for(socket, here)
        if told is not None and told != socket.told:
            socket.told = told
            socketio.emit_here("presence", told, to=socket.sid, namespace=OPERATOR)


def _presence_for(socket: OperatorSocket, here: dict[int, Sequence[Colleague]]) -> dict[str, Any] | None:
    """Everybody of the operator's sites, once; None when the operator is none of them any more."""
    people = {person.operator.public_id: person for site_id in socket.site_ids for person in here.get(site_id, ())}
    if socket.public_id not in people:
        return None
    me = people[socket.public_id]
    in_order = sorted(people.values(), key=lambda person: (person.operator.name, person.operator.id))
    return {
        "operators": [_person(person) | {"here": person.here} for person in in_order],
        "available": any(site_available(site_id) for site_id in socket.site_ids),
        "me": _person(me),
    }


def _person(person: Colleague) -> dict[str, Any]:
    operator = person.operator
    return {
        "id": operator.public_id,
        "name": operator.name,
        "available": operator.available,
        "idle": person.idle,
    }


def went_away(now: datetime, socket: OperatorSocket) -> None:
    """The operator chose not to be asked: where nobody else can answer, visitors are offered the form at once."""
    for site_id in socket.site_ids:
        if not site_available(site_id):
            for public_id in db.write(operations.give_up_site, now, site_id=site_id):
                broadcast.conversation_changed(public_id)


def _check_operators() -> None:
    """End the sockets of operators whose sessions ended or whose sites changed: they come back with what is theirs."""
    if not operators:
        return
    with db.read() as session:
        now_true = presence.standing(session, {socket.operator_id for socket in operators.values()})
        signed_in = presence.signed_in(session, list(operators))
    for socket in list(operators.values()):
        if socket.sid not in signed_in or now_true.get(socket.operator_id) != (socket.epoch, socket.site_ids):
            socketio.disconnect(socket.sid, namespace=OPERATOR)
