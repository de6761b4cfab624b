"""The sockets open on this process, and the jobs that watch over them: who lives, who is there, who waits in vain.

Every web process runs these jobs. What they write is claimed by conditional updates, so each change is told once.
Whether a site can answer, and who stands where in its queue, is something each process finds out for itself and tells
its own sockets.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import gevent

from leadcapture import clock, db, socketio
from leadcapture.chat import broadcast, listing, operations, queries, routing, summaries
from leadcapture.chat.protocol import OPERATOR, VISITOR
from leadcapture.operators import presence
from leadcapture.operators.presence import Colleague
from leadcapture.settings import Settings
from leadcapture.sites import chat_settings, hours
from leadcapture.sites import queries as site_queries


@dataclass
class VisitorSocket:
    """One open tab; where there is only HTTP it has no `sid` and lives for one event."""

    sid: str
    site_id: int
    visitor: str
    language: str
    page: str
    typed_at: float = 0.0
    token: str = ""
    # The address and the key of the site that a conversation is counted for; None once there is one.
    begins: tuple[str, str] | None = None


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
    opened: list[str] = field(default_factory=list)  # the conversations it has open, the last one opened last


LOOK_PAUSE = 0.05  # seconds within which those who come share a look
MARGIN = 5  # seconds by which what may have been missed began earlier than it was noticed
OPEN_AT_ONCE = 50  # conversations of which one page hears all that is said

visitors: dict[str, VisitorSocket] = {}
operators: dict[str, OperatorSocket] = {}

_available: dict[int, bool] = {}
_routed: dict[int, int] = {}  # the sites that give conversations to their operators: how many each takes at once
_idle_after: dict[int, int] = {}  # minutes without a touch after which a site's operators count as away; 0: never
_heard: set[str] = set()  # operators' sockets that have answered since it was last kept
_grace = 30
_unanswered_after = 60
_looking = False  # whether a look is due in a moment
_alone = False  # whether this process has just begun and is the only one


def configure(settings: Settings) -> None:
    """Take the settings and begin with no sockets. A process that is the only one knows: no other has any either."""
    global _grace, _unanswered_after, _alone, _looking
    _grace, _unanswered_after = settings.operator_grace, settings.unanswered_after
    _alone = settings.redis_url is None
    visitors.clear()
    operators.clear()
    _available.clear()
    _routed.clear()
    _idle_after.clear()
    _heard.clear()
    _looking = False


def site_available(site_id: int) -> bool:
    """Whether the site can answer, as this process knew it a moment ago."""
    return _available.get(site_id, False)


def unanswered_due(now: datetime) -> None:
    """Mark conversations in which a visitor waited too long, and say so."""
    with db.read() as session:
        if not operations.anyone_waits(session, now, after=_unanswered_after):
            return
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
    _route(now, _routed)
    _tell_places()
    _check_operators()


def _route(now: datetime, site_ids: Collection[int]) -> None:
    """Give what waits to who is free, on sites that want it so."""
    able = [site_id for site_id in site_ids if site_id in _routed and site_available(site_id)]
    with db.read() as session:
        waiting = routing.any_waiting(session, able) if able else set()
    for site_id in sorted(waiting):
        given = db.write(routing.assign_due, now, site_id=site_id, capacity=_routed[site_id], grace=_grace)
        for public_id in given:
            broadcast.conversation_changed(public_id)


def _began_to_wait(site_id: int) -> None:
    if site_id in _routed:
        gevent.spawn(_route, clock.now(), [site_id])


broadcast.on_waiting.append(_began_to_wait)


def missed(seconds: float) -> None:
    """For so long this process may not have heard the others: those here are told anew what has changed since, and ask
    for the messages that they see they have not got."""
    here = {socket.visitor for socket in visitors.values()}
    sites = {site_id for socket in operators.values() for site_id in socket.site_ids}
    since = clock.now() - timedelta(seconds=seconds + MARGIN)
    with db.read() as session:
        changed = queries.active_since(session, since)
        of_visitors = [queries.thread(session, one.public_id) for one in changed if one.visitor in here]
        summed_up = summaries.several(session, [one.public_id for one in changed if one.site_id in sites])
    for thread in of_visitors:
        if thread is not None:
            socketio.emit_here("conversation", thread.for_visitor(), to=thread.visitor, namespace=VISITOR)
    for one in changed:
        broadcast.wake(one.visitor)
    for site_id, summary in summed_up:
        socketio.emit_here("conversation", summary, to=broadcast.site_room(site_id), namespace=OPERATOR)


socketio.when_missed(missed)


def _tell_places() -> None:
    """Tell the visitors of this process who moved up in the queue. Those who ask by plain HTTP see it by themselves."""
    here = {socket.visitor: socket.site_id for socket in visitors.values()}
    with db.read() as session:
        places = {
            public_id: place
            for site_id in set(here.values())
            for public_id, place in routing.places(session, site_id).items()
        }
        moved = [public_id for public_id, place in places.items() if broadcast.places_told.get(public_id) != place]
        threads = queries.threads(session, moved) if moved else []
    for thread in threads:
        if thread.visitor in here:
            told = replace(thread, place=places[thread.public_id]).for_visitor()
            socketio.emit_here("conversation", told, to=thread.visitor, namespace=VISITOR)
    broadcast.places_told.clear()
    broadcast.places_told.update(places)


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


def look_soon() -> None:
    """Look in a moment: once for all who come back together."""
    global _looking
    if not _looking:
        _looking = True
        gevent.spawn_later(LOOK_PAUSE, _look)


def _look() -> None:
    global _looking
    _looking = False
    look(clock.now())


def look(now: datetime) -> None:
    """Find out which sites can answer and who is there, and tell those on this process to whom it is news."""
    with db.read() as session:
        staffed = presence.sites_available(session, now, _grace)
        sites = site_queries.every(session)
        mine = {site_id for socket in operators.values() for site_id in socket.site_ids}
        here = {site_id: presence.here(session, now, site_id, _grace) for site_id in mine}
        people = {person.operator.id for colleagues in here.values() for person in colleagues}
        loads = routing.loads(session, now, list(people))
    _routed.clear()
    for site in sites:
        chat = chat_settings.of(site.chat)
        _idle_after[site.id] = chat.idle_minutes
        if chat.routing == "auto":
            _routed[site.id] = chat.capacity
        available = site.id in staffed and hours.is_open(site, now)
        if _available.get(site.id) != available:
            _available[site.id] = available
            broadcast.available_changed(site, available, now)
    teams: dict[tuple[int, ...], Team] = {}
    for socket in list(operators.values()):
        together = tuple(socket.site_ids)
        if together not in teams:
            teams[together] = _team(together, here, loads)
        told = _presence_for(socket, teams[together])
        if told is not None and told != socket.told:
            socket.told = told
            socketio.emit_here("presence", told, to=socket.sid, namespace=OPERATOR)


@dataclass(frozen=True)
class Team:
    """Everybody of some sites, once: by their ids, and as they are told."""

    people: dict[str, Colleague]
    told: list[dict[str, Any]]


def _team(site_ids: Sequence[int], here: dict[int, Sequence[Colleague]], loads: dict[int, int]) -> Team:
    people = {person.operator.public_id: person for site_id in site_ids for person in here.get(site_id, ())}
    in_order = sorted(people.values(), key=lambda person: (person.operator.name, person.operator.id))
    told = [_person(person) | {"here": person.here, "load": loads.get(person.operator.id, 0)} for person in in_order]
    return Team(people, told)


def _presence_for(socket: OperatorSocket, team: Team) -> dict[str, Any] | None:
    """What the operator is told of the team; None for one who is none of it any more.

    `idle_after` are the seconds without a touch after which the operator counts as away, the least of all sites; None
    where no site wants that.
    """
    me = team.people.get(socket.public_id)
    if me is None:
        return None
    idle_after = [60 * minutes for site_id in socket.site_ids if (minutes := _idle_after.get(site_id, 0))]
    return {
        "operators": team.told,
        "available": any(site_available(site_id) for site_id in socket.site_ids),
        "me": _person(me),
        "idle_after": min(idle_after, default=None),
    }


def _person(person: Colleague) -> dict[str, Any]:
    operator = person.operator
    return {
        "id": operator.public_id,
        "name": operator.name,
        "available": operator.available,
        "idle": person.idle,
    }


def opens(socket: OperatorSocket, conversation: str) -> None:
    """The operator's page shows that conversation: it hears what is said there from now on."""
    if conversation in socket.opened:
        socket.opened.remove(conversation)
    else:
        socketio.enter(socket.sid, broadcast.conversation_room(conversation), namespace=OPERATOR)
    socket.opened.append(conversation)
    if len(socket.opened) > OPEN_AT_ONCE:
        socketio.leave(socket.sid, broadcast.conversation_room(socket.opened.pop(0)), namespace=OPERATOR)


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
