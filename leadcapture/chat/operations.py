"""Writing conversations: what visitors and operators do, and what happens when nobody answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, bindparam, case, delete, exists, func, or_, select, update
from sqlalchemy.orm import Session

from leadcapture import ids
from leadcapture.chat import numbering, queries, rules
from leadcapture.chat.models import ConversationJoin
from leadcapture.chat.numbering import Locked
from leadcapture.chat.protocol import FileView, Incoming, MessageView
from leadcapture.chat.queries import Thread, conversations, messages
from leadcapture.contacts import operations as contacts
from leadcapture.errors import NotFound
from leadcapture.operators import presence
from leadcapture.operators.models import Operator
from leadcapture.prepared import Prepared

c = conversations.c

# How loudly operators were told that the visitor waits (conversations.escalation).
NOTHING, TOLD, MAILED = 0, 1, 2
# What a conversation that is taken up again forgets of its last end.
BEGUN_ANEW: dict[str, Any] = {"ended_by": "", "missed_at": None, "snoozed_until": None}


@dataclass(frozen=True)
class Posted:
    """A stored message. `first` is False when it was there already, `moved` says that status or operator changed.
    `answering` is the internal id of the operator who answers, where it concerns no other; None: the whole site."""

    message: MessageView
    site_id: int
    visitor: str
    first: bool
    moved: bool
    answering: int | None = None


def post_by_visitor(
    session: Session,
    now: datetime,
    *,
    site_id: int,
    visitor: str,
    incoming: Incoming,
    available: bool,
    language: str = "en",
    kind: str = "reply",
    conversation_kind: str = "chat",
    name: str = "",
    file: tuple[int, FileView] | None = None,
) -> Posted:
    """Store a visitor's message; the first one makes the visitor and the conversation.

    `visitor` is the id out of a token we signed for this site; `available` is whether the site can answer now; `file`
    was claimed for this message.
    """
    row = numbering.current(session, site_id, visitor)
    if row is None or rules.is_over(row.status, row.active_at, now):
        row = numbering.begin(
            session, now, site_id=site_id, visitor=visitor, page=incoming.page, language=language,
            kind=conversation_kind, name=name,
        )  # fmt: skip
    status = rules.after_visitor_message(row.status, available=available)
    # What was put aside until later comes back when the visitor says something.
    changed: dict[str, Any] = {"page_url": incoming.page or row.page_url, "snoozed_until": None}
    if status != row.status:
        # Whoever queues again waits from now on, for whoever comes first.
        changed |= {"status": status, "operator_id": None, "closed_at": None, "waiting_since": now}
    else:
        changed["waiting_since"] = row.waiting_since or now
    seq = numbering.number(session, row, "visitor", incoming.client_id, now=now, **changed)
    if seq is None:
        return _found(session, row, visitor, "visitor", incoming)
    if status != row.status:
        session.execute(update(conversations).where(c.id == row.id).values(BEGUN_ANEW))
    if row.status == rules.CLOSED:
        session.execute(delete(ConversationJoin).where(ConversationJoin.conversation_id == row.id))
    message = numbering.store(
        session,
        now,
        row,
        seq,
        incoming,
        kind=kind,
        author_kind="visitor",
        author_name=name or row.visitor_name,
        file=file,
    )
    if row.contact_id is not None:
        contacts.heard_of(session, now, contact_id=row.contact_id)
    moved = seq == 1 or status != row.status or row.snoozed_until is not None
    return Posted(message, site_id, visitor, first=True, moved=moved)


def post_by_operator(
    session: Session,
    now: datetime,
    *,
    operator_id: int,
    epoch: int,
    conversation: str,
    incoming: Incoming,
    kind: str,
    file: tuple[int, FileView] | None = None,
) -> Posted:
    """Store an operator's reply or note. A reply takes a conversation nobody has taken.

    Raises NotFound for a conversation of other people's sites, Conflict (closed).
    """
    thread = queries.operators_thread(session, operator_id, epoch, conversation)
    row = numbering.locked(session, thread.id)
    if numbering.sent_before(session, row.id, "operator", incoming.client_id):
        return _found(session, row, thread.visitor, "operator", incoming)
    seq, moved = None, False
    if kind == "reply":
        rules.check_reply(row.status)
        moved = row.status != rules.ACTIVE or row.operator_id is None
        answering = operator_id if moved else row.operator_id
        changed = {"status": rules.ACTIVE, "operator_id": answering, "waiting_since": None}
        seq = numbering.number(session, row, "operator", incoming.client_id, now=now, **changed)
        if moved:
            begun = BEGUN_ANEW | answered_by(operator_id, now)
            session.execute(update(conversations).where(c.id == row.id).values(begun))
    author = session.execute(select(Operator.name, Operator.public_id).where(Operator.id == operator_id)).one()
    message = numbering.store(
        session,
        now,
        row,
        seq,
        incoming,
        kind=kind,
        author_kind="operator",
        author_name=author.name,
        operator_id=operator_id,
        operator=author.public_id,
        file=file,
    )
    return Posted(message, row.site_id, thread.visitor, first=True, moved=moved)


def _found(session: Session, row: Locked, visitor: str, author_kind: str, incoming: Incoming) -> Posted:
    message = queries.stored(session, row.id, author_kind, incoming.client_id)
    return Posted(message, row.site_id, visitor, first=False, moved=False)


# ---- who answers (see also routing) ----------------------------------------------------------------------------------


def answered_by(operator_id: int, now: datetime) -> dict[str, Any]:
    """What is kept of who answers from now on. `last_operator_id` stays when nobody does any more. What somebody
    answers is not held as spam any longer."""
    return {"operator_id": operator_id, "last_operator_id": operator_id, "assigned_at": now, "held_at": None}


def take(session: Session, now: datetime, *, operator_id: int, epoch: int, conversation: str) -> None:
    """Make the operator the one who answers; of two at once one wins. Taking a closed conversation opens it again.

    Raises Taken with the other one's name, NotFound.
    """
    thread = queries.operators_thread(session, operator_id, epoch, conversation)
    free = c.operator_id.is_(None) | (c.operator_id == operator_id) | (c.status != rules.ACTIVE)
    values = {
        "status": rules.ACTIVE,
        "closed_at": None,
        "active_at": now,
        **BEGUN_ANEW,
        **answered_by(operator_id, now),
    }
    if not _changed(session, thread.id, free, values):
        winner = queries.thread(session, conversation)
        raise rules.Taken(winner.operator_name or "" if winner else "")
    if thread.status == rules.CLOSED:
        session.execute(delete(ConversationJoin).where(ConversationJoin.conversation_id == thread.id))


def close(session: Session, now: datetime, *, operator_id: int, epoch: int, conversation: str) -> bool:
    """Close the conversation; False when it was closed already. Raises NotFound."""
    thread = queries.operators_thread(session, operator_id, epoch, conversation)
    # Whoever closes what was missed has decided about it.
    values = {"status": rules.CLOSED, "closed_at": now, "ended_by": "operator", "waiting_since": None, "active_at": now}
    values |= {"missed_at": None, "snoozed_until": None}
    return _changed(session, thread.id, c.status != rules.CLOSED, values)


# ---- how far somebody has read ---------------------------------------------------------------------------------------


def read_by_visitor(
    session: Session, now: datetime, *, site_id: int, visitor: str, seq: int, seen: bool
) -> Thread | None:
    """The visitor got (with `seen`: saw) everything up to `seq`: the thread, or None where that was known already.

    A smaller number than before changes nothing.
    """
    thread = queries.visitors_thread(session, now, site_id, visitor)
    return thread if thread is not None and _read(session, thread, "visitor", seq, seen) else None


def read_by_operator(
    session: Session,
    now: datetime,
    *,
    operator_id: int,
    epoch: int,
    conversation: str,
    seq: int,
    seen: bool,
) -> Thread | None:
    """As read_by_visitor, for the operators' side. Raises NotFound."""
    thread = queries.operators_thread(session, operator_id, epoch, conversation)
    return thread if _read(session, thread, "operator", seq, seen) else None


def _read(session: Session, thread: Thread, who: str, seq: int, seen: bool) -> bool:
    delivered_mark, seen_mark = c[f"{who}_delivered"], c[f"{who}_seen"]
    further = (seen_mark if seen else delivered_mark) < seq
    # What was seen was delivered too.
    values: dict[str, Any] = {delivered_mark.name: case((delivered_mark < seq, seq), else_=delivered_mark)}
    if seen:
        values[seen_mark.name] = seq
    return _changed(session, thread.id, further & (c.last_seq >= seq), values)


# ---- when nobody answers ---------------------------------------------------------------------------------------------


_WAITS_SO_LONG = Prepared(
    select(c.id)
    .where(or_(c.status == rules.WAITING, c.status == rules.ACTIVE), c.waiting_since <= bindparam("before"))
    .limit(1)
)


def anyone_waits(session: Session, now: datetime, *, after: int) -> bool:
    """Whether a visitor has waited for so many seconds: quick, and mostly nobody has."""
    return _WAITS_SO_LONG.row(session, {"before": now - timedelta(seconds=after)}) is not None


def unanswered_due(session: Session, now: datetime, *, after: int) -> list[str]:
    """Mark the conversations in which a visitor has waited `after` seconds in vain; their public ids.

    One that was taken counts too while its operator has not said a word; a talk that pauses does not.
    """
    spoken = exists().where(
        messages.c.conversation_id == c.id,
        messages.c.author_kind == "operator",
        messages.c.created_at > now - rules.TALKING,
    )
    waits = c.status.in_((rules.WAITING, rules.ACTIVE)) & (c.waiting_since <= now - timedelta(seconds=after))
    return _give_up(session, now, waits & ((c.status == rules.WAITING) | ~spoken))


def abandoned_due(session: Session, now: datetime, *, closed_sites: set[int], grace: int) -> list[str]:
    """Let go of what nobody can answer now; the public ids of the conversations that changed.

    On sites that cannot answer (`closed_sites`) those that wait become unanswered, and so do active ones whose operator
    is gone, or idle while the visitor waits. On the others, such active ones wait for a colleague.
    """

    def answering(there: ColumnElement[bool]) -> ColumnElement[bool]:
        return exists().where(Operator.id == c.operator_id, there).correlate(conversations)

    kept_waiting = c.waiting_since.is_not(None) & ~answering(presence.is_awake(now, grace))
    gone = ~answering(presence.is_here(now, grace)) | kept_waiting
    # Who put one aside until later may go meanwhile.
    left_alone = (c.status == rules.ACTIVE) & c.snoozed_until.is_(None) & gone
    unanswered = _give_up(session, now, c.site_id.in_(closed_sites) & ((c.status == rules.WAITING) | left_alone))
    requeued = session.scalars(
        update(conversations).where(left_alone).values(status=rules.WAITING, operator_id=None).returning(c.public_id)
    )
    return unanswered + list(requeued)


def give_up_site(session: Session, now: datetime, *, site_id: int) -> list[str]:
    """The last operator of the site went away on purpose: nothing of it will be answered now. The public ids."""
    left = c.status.in_((rules.WAITING, rules.ACTIVE)) & c.snoozed_until.is_(None)
    return _give_up(session, now, (c.site_id == site_id) & left)


def _give_up(session: Session, now: datetime, which: ColumnElement[bool]) -> list[str]:
    # Where nobody waits for an answer nothing was missed, nor in what is held as spam.
    waits = c.waiting_since.is_not(None) & c.held_at.is_(None)
    missed = case((waits, func.coalesce(c.missed_at, now)), else_=c.missed_at)
    values = {"status": rules.UNANSWERED, "operator_id": None, "missed_at": missed}
    return list(session.scalars(update(conversations).where(which).values(values).returning(c.public_id)))


# ---- offline questions -----------------------------------------------------------------------------------------------


def question(
    session: Session,
    now: datetime,
    *,
    site_id: int,
    conversation: str | None,
    visitor_token_id: str | None,
    name: str,
    email: str,
    body: str,
    page_url: str,
    language: str,
    client_id: str,
    mailed: bool = False,
) -> str:
    """Put a question out of the offline form into the visitor's thread or into a new one: its public id.

    `visitor_token_id` is the visitor of a checked token; `conversation`, where it is given, must be that visitor's, or
    NotFound is raised. The address counts as unconfirmed until `mailing.address_confirmed`. `mailed` says that the
    site's people get the question by e-mail as it is, so that no other need tell them of it.
    """
    visitor = visitor_token_id or ids.new("visitor")
    name = rules.clean_line(name, 120)
    thread = queries.visitors_thread(session, now, site_id, visitor)
    if conversation is not None and (thread is None or thread.public_id != conversation):
        raise NotFound("No such conversation.")
    posted = post_by_visitor(
        session, now, site_id=site_id, visitor=visitor, incoming=Incoming(client_id, rules.clean_body(body), page_url),
        available=False, language=language, kind="question", conversation_kind="question", name=name,
    )  # fmt: skip
    if posted.first:
        values: dict[str, Any] = {"email": email, "email_confirmed_at": None, "contact_id": None}
        if name:
            values["name"] = name
        if thread is None or thread.status != rules.ACTIVE:
            # Who leaves an address does not sit and wait.
            values |= {"status": rules.UNANSWERED, "missed_at": now}
        if mailed:
            values |= {"escalation": MAILED, "escalated_at": now}
        session.execute(update(conversations).where(c.public_id == posted.message.conversation).values(values))
    return posted.message.conversation


def address_forgotten(session: Session, now: datetime, *, conversation_id: int, email: str) -> None:
    """Erase an address that was never proven, with the name beside it; a newer one left in the conversation stays."""
    session.execute(
        update(conversations)
        .where(c.id == conversation_id, c.email == email, c.email_confirmed_at.is_(None))
        .values(email=None, name="")
    )


def _changed(session: Session, conversation_id: int, condition: ColumnElement[bool], values: dict[str, Any]) -> bool:
    """Set the values where the condition holds; whether it did."""
    changed = update(conversations).where(c.id == conversation_id, condition).values(values).returning(c.id)
    return session.execute(changed).first() is not None
