"""Who answers: handing a conversation on, joining one, giving those that wait to who is free, and the places of the
queue. Picking one from the queue is operations.take."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Row, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from leadcapture import i18n, ids
from leadcapture.chat import mentions, numbering, queries, rules
from leadcapture.chat.models import ConversationJoin
from leadcapture.chat.numbering import Locked
from leadcapture.chat.operations import BEGUN_ANEW, Posted, answered_by
from leadcapture.chat.protocol import Incoming
from leadcapture.chat.queries import Thread, conversations, visitors
from leadcapture.errors import Forbidden, NotFound
from leadcapture.i18n import gettext as _
from leadcapture.operators import presence
from leadcapture.operators import rules as operator_rules
from leadcapture.operators.models import Membership, Operator

c = conversations.c

# A conversation this quiet takes nobody's time, though nobody has closed it.
QUIET_AFTER = timedelta(minutes=30)
LATELY = timedelta(days=1)  # how far back it is remembered who got the last one
AT_ONCE = 100  # conversations given away in one transaction
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


# ---- handing on ------------------------------------------------------------------------------------------------------


def assign(
    session: Session,
    now: datetime,
    *,
    operator_id: int,
    epoch: int,
    conversation: str,
    to: str | None,
    note: str = "",
) -> list[Posted]:
    """Hand the conversation to a colleague of the same site, or (`to` is None) back to the queue, with a note.

    What was written because of it: the note, and, where somebody else was answering, a sentence to the visitor. To whom
    has it already it is not handed again. Raises NotFound, Conflict (closed).
    """
    thread = queries.operators_thread(session, operator_id, epoch, conversation)
    colleague = None if to is None else _colleague(session, thread.site_id, to)
    row = numbering.locked(session, thread.id)
    rules.check_reply(row.status)
    if _is_with(row, colleague):
        return []
    written = [_note(session, now, thread, row, operator_id, note)] if note else []
    values: dict[str, Any] = {"active_at": now, **BEGUN_ANEW}
    if colleague is None:
        # Who is handed on to nobody in particular waits, though the last word may have been ours.
        values |= {"status": rules.WAITING, "operator_id": None, "waiting_since": row.waiting_since or now}
    else:
        if row.status == rules.ACTIVE and row.operator_id is not None:
            written.append(_tell(session, now, thread, row, "assign", lambda: _takes_over(colleague.name)))
        values |= {"status": rules.ACTIVE, **answered_by(colleague.id, now)}
    session.execute(update(conversations).where(c.id == thread.id).values(values))
    return written


def _is_with(row: Locked, colleague: Row[int, str] | None) -> bool:
    if colleague is None:
        return bool(row.status == rules.WAITING)
    return bool(row.status == rules.ACTIVE and row.operator_id == colleague.id)


def _colleague(session: Session, site_id: int, public_id: str) -> Row[int, str]:
    found = session.execute(
        select(Operator.id, Operator.name)
        .join(Membership, Membership.operator_id == Operator.id)
        .where(Operator.public_id == public_id, Membership.site_id == site_id)
    ).first()
    if found is None:
        raise NotFound("No such operator.")
    return found


def _note(session: Session, now: datetime, thread: Thread, row: Locked, operator_id: int, text: str) -> Posted:
    author = session.execute(select(Operator.name, Operator.public_id).where(Operator.id == operator_id)).one()
    message = numbering.store(
        session,
        now,
        row,
        None,
        Incoming(ids.new("message"), text),
        kind="note",
        author_kind="operator",
        author_name=author.name,
        operator_id=operator_id,
        operator=author.public_id,
    )
    mentions.note(session, now, site_id=thread.site_id, message_id=message.id, text=text)
    return Posted(message, thread.site_id, thread.visitor, first=True, moved=False)


# ---- joining ---------------------------------------------------------------------------------------------------------


def join(session: Session, now: datetime, *, operator_id: int, epoch: int, conversation: str) -> Posted | None:
    """A supervisor joins beside the operator who answers: what the visitor is told, None for who is in it already.

    Raises NotFound, Forbidden (not_allowed: neither admin nor owner), Conflict (closed).
    """
    thread = queries.operators_thread(session, operator_id, epoch, conversation)
    me = session.execute(
        select(Operator.name, Membership.role)
        .join(Membership, Membership.operator_id == Operator.id)
        .where(Operator.id == operator_id, Membership.site_id == thread.site_id)
    ).one()
    if not operator_rules.reaches(me.role, "admin"):
        raise Forbidden(_("Only admins and owners join a colleague's conversation."), code="not_allowed")
    row = numbering.locked(session, thread.id)
    rules.check_reply(row.status)
    if row.operator_id == operator_id or not _is_new(session, now, thread.id, operator_id):
        return None
    return _tell(session, now, thread, row, "join", lambda: _joined(me.name))


def _is_new(session: Session, now: datetime, conversation_id: int, operator_id: int) -> bool:
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    joins = dialect.insert(ConversationJoin).values(conversation_id=conversation_id, operator_id=operator_id, at=now)
    return session.execute(joins.on_conflict_do_nothing().returning(ConversationJoin.operator_id)).first() is not None


# ---- what the visitor is told of it ----------------------------------------------------------------------------------


def _takes_over(name: str) -> str:
    return _("%(name)s takes over.", name=name)


def _joined(name: str) -> str:
    return _("%(name)s has joined.", name=name)


def _tell(
    session: Session, now: datetime, thread: Thread, row: Locked, event: str, sentence: Callable[[], str]
) -> Posted:
    """A sentence of the system in the visitor's language, numbered as all others; `row` is locked, so its number names
    it once."""
    language = session.execute(select(visitors.c.language).where(visitors.c.public_id == thread.visitor)).scalar_one()
    with i18n.speaking(language):
        incoming = Incoming(f"{event}-{row.last_seq + 1}", sentence())
    seq = numbering.number(session, row, "system", incoming.client_id, now=now)
    message = numbering.store(session, now, row, seq, incoming, kind="system", author_kind="system", author_name="")
    return Posted(message, thread.site_id, thread.visitor, first=True, moved=False)


# ---- the queue -------------------------------------------------------------------------------------------------------


def places(session: Session, site_id: int) -> dict[str, int]:
    """Who waits on the site, by the conversation's public id, with the place in the queue, which counts from 1. What is
    held as spam is told a place and takes none."""
    in_order = (
        select(c.public_id, c.held_at)
        .where(c.site_id == site_id, c.status == rules.WAITING, c.waiting_since.is_not(None))
        .order_by(c.waiting_since, c.id)
    )
    found, taken = {}, 0
    for public_id, held_at in session.execute(in_order):
        found[public_id] = taken + 1
        taken += held_at is None
    return found


def any_waiting(session: Session, site_ids: Collection[int]) -> set[int]:
    """Those of these sites where a conversation waits to be taken."""
    return set(session.scalars(select(c.site_id).where(c.site_id.in_(site_ids), _WAITS).distinct()))


_WAITS = (c.status == rules.WAITING) & c.snoozed_until.is_(None) & c.held_at.is_(None)


# ---- giving conversations to who is free -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Candidate:
    """An operator who can be asked: how many conversations they have, and since when they got no new one."""

    operator_id: int
    load: int
    assigned_at: datetime


def choose(candidates: Collection[Candidate], *, capacity: int, last: int | None) -> int | None:
    """Who gets the conversation: the operator of last time (`last`) where they can, else who has least to do, of those
    who got none for the longest; None while everybody has `capacity` conversations."""
    free = [candidate for candidate in candidates if candidate.load < capacity]
    if any(candidate.operator_id == last for candidate in free):
        return last
    least = min(free, key=lambda one: (one.load, one.assigned_at, one.operator_id), default=None)
    return None if least is None else least.operator_id


def assign_due(session: Session, now: datetime, *, site_id: int, capacity: int, grace: int) -> list[str]:
    """Give the site's waiting conversations, longest waiting first, to operators who are free; their public ids."""
    waiting = session.execute(
        select(c.id, c.public_id, c.visitor_id, c.last_operator_id)
        .where(c.site_id == site_id, _WAITS)
        .order_by(func.coalesce(c.waiting_since, c.active_at), c.id)
        .limit(AT_ONCE)
    ).all()
    candidates = {one.operator_id: one for one in _candidates(session, now, site_id, grace)} if waiting else {}
    given = []
    for row in waiting:
        last = row.last_operator_id or _last_operator(session, row.visitor_id)
        chosen = choose(candidates.values(), capacity=capacity, last=last)
        if chosen is None:
            break
        values = {"status": rules.ACTIVE, "active_at": now, **answered_by(chosen, now)}
        changed = update(conversations).where(c.id == row.id, _WAITS).values(values).returning(c.id)
        if session.execute(changed).first() is not None:
            candidates[chosen] = Candidate(chosen, candidates[chosen].load + 1, now)
            given.append(row.public_id)
    return given


def _candidates(session: Session, now: datetime, site_id: int, grace: int) -> list[Candidate]:
    """The site's operators who can be asked. They are locked until the end: another process that wants to give them
    something waits, and counts anew."""
    can = (
        select(Operator.id)
        .join(Membership, Membership.operator_id == Operator.id)
        .where(Membership.site_id == site_id, presence.answers(now, grace))
        .order_by(Operator.id)
        .with_for_update(of=Operator, key_share=True)
    )
    operator_ids = session.scalars(can).all()
    load = loads(session, now, operator_ids)
    lately = select(c.last_operator_id, func.max(c.assigned_at)).where(
        c.site_id == site_id, c.active_at > now - LATELY, c.last_operator_id.in_(operator_ids)
    )
    latest = dict(session.execute(lately.group_by(c.last_operator_id)).all())
    return [Candidate(one, load.get(one, 0), latest.get(one) or LONG_AGO) for one in operator_ids]


def loads(session: Session, now: datetime, operator_ids: Sequence[int]) -> dict[int, int]:
    """How many conversations each of these operators has that are not quiet; nothing for who has none."""
    busy = select(c.operator_id, func.count()).where(
        c.operator_id.in_(operator_ids), c.status == rules.ACTIVE, c.active_at > now - QUIET_AFTER
    )
    return dict(session.execute(busy.group_by(c.operator_id)).all())


def _last_operator(session: Session, visitor_id: int) -> int | None:
    """Who answered this visitor's latest conversation that anybody answered; None where none was."""
    earlier = select(c.last_operator_id).where(c.visitor_id == visitor_id, c.last_operator_id.is_not(None))
    return session.scalar(earlier.order_by(c.id.desc()).limit(1))
