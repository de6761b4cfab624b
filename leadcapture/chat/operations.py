"""Writing conversations. Everything a message needs is done by Core statements: this is the hottest path there is.

How messages are numbered: the conversation's row is locked, then raised by one if the author has not sent this client id
before, then the message is inserted with the new number; all in one transaction. So numbers have no gaps, and a message
sent again is found instead of stored.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, Update, case, exists, insert, literal, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from leadcapture import ids
from leadcapture.chat import queries, rules
from leadcapture.chat.models import Visitor
from leadcapture.chat.protocol import Incoming, MessageView, Rating
from leadcapture.chat.queries import Thread, conversations, messages, visitors
from leadcapture.errors import NotFound
from leadcapture.operators import presence
from leadcapture.operators.models import Membership, Operator


@dataclass(frozen=True)
class Posted:
    """A stored message. `first` is False when it was there already, `moved` says that status or operator changed."""

    message: MessageView
    site_id: int
    visitor: str
    first: bool
    moved: bool


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
) -> Posted:
    """Store a visitor's message; the first one makes the visitor and the conversation.

    `visitor` is the id out of a token we signed for this site; `available` is whether the site can answer now.
    """
    row = _current(session, site_id, visitor)
    if row is None or rules.is_over(row.status, row.active_at, now):
        row = _begin(session, now, site_id, visitor, incoming.page, language, conversation_kind, name)
    status = rules.after_visitor_message(row.status, available=available)
    reopened = row.status == rules.CLOSED
    stored = _number(
        session,
        row.id,
        "visitor",
        incoming.client_id,
        status=status,
        operator_id=None if reopened else conversations.c.operator_id,
        closed_at=None,
        # Whoever queues anew waits from now on; else it counts from the first message nobody has answered.
        waiting_since=now
        if status != row.status
        else case((conversations.c.waiting_since.is_(None), now), else_=conversations.c.waiting_since),
        active_at=now,
        **({"page_url": incoming.page} if incoming.page else {}),
    )
    if stored is None:
        return Posted(
            queries.stored(session, row.id, "visitor", incoming.client_id), site_id, visitor, first=False, moved=False
        )
    message = _insert(
        session, now, row, stored, incoming, kind=kind, author_kind="visitor", author_name=name or row.visitor_name
    )
    return Posted(message, site_id, visitor, first=True, moved=stored == 1 or status != row.status)


def post_by_operator(
    session: Session, now: datetime, *, operator_id: int, epoch: int, conversation: str, incoming: Incoming, kind: str
) -> Posted:
    """Store an operator's reply or note. A reply takes a conversation nobody has taken.

    Raises NotFound for a conversation of other people's sites, Conflict (closed).
    """
    thread = queries.operators_thread(session, operator_id, epoch, conversation)
    row = _locked(session, thread.id)
    name = session.execute(select(Operator.name).where(Operator.id == operator_id)).scalar_one()
    if kind == "note":
        return _note(session, now, row, thread, operator_id, name, incoming)
    if row.status == rules.CLOSED:
        return _repeated_or_closed(session, row, thread, incoming)
    taken = row.operator_id is not None and row.status == rules.ACTIVE
    seq = _number(
        session,
        row.id,
        "operator",
        incoming.client_id,
        status=rules.ACTIVE,
        operator_id=row.operator_id if taken else operator_id,
        waiting_since=None,
        active_at=now,
    )
    if seq is None:
        found = queries.stored(session, row.id, "operator", incoming.client_id)
        return Posted(found, row.site_id, thread.visitor, first=False, moved=False)
    message = _insert(
        session,
        now,
        row,
        seq,
        incoming,
        kind="reply",
        author_kind="operator",
        author_name=name,
        operator_id=operator_id,
    )
    return Posted(message, row.site_id, thread.visitor, first=True, moved=not taken)


def _repeated_or_closed(session: Session, row: Row[Any], thread: Thread, incoming: Incoming) -> Posted:
    if not _sent_before(session, row.id, "operator", incoming.client_id):
        rules.check_reply(row.status)
    found = queries.stored(session, row.id, "operator", incoming.client_id)
    return Posted(found, row.site_id, thread.visitor, first=False, moved=False)


def _note(
    session: Session, now: datetime, row: Row[Any], thread: Thread, operator_id: int, name: str, incoming: Incoming
) -> Posted:
    if _sent_before(session, row.id, "operator", incoming.client_id):
        found = queries.stored(session, row.id, "operator", incoming.client_id)
        return Posted(found, row.site_id, thread.visitor, first=False, moved=False)
    message = _insert(
        session,
        now,
        row,
        None,
        incoming,
        kind="note",
        author_kind="operator",
        author_name=name,
        operator_id=operator_id,
    )
    return Posted(message, row.site_id, thread.visitor, first=True, moved=False)


# ---- who answers ----------------------------------------------------------------------------------------------------


def take(session: Session, now: datetime, *, operator_id: int, epoch: int, conversation: str) -> None:
    """Make the operator the one who answers; of two at once one wins. Taking a closed conversation opens it again.

    Raises Taken with the other one's name, NotFound.
    """
    thread = queries.operators_thread(session, operator_id, epoch, conversation)
    c = conversations.c
    free = c.operator_id.is_(None) | (c.operator_id == operator_id) | (c.status != rules.ACTIVE)
    if not _changed(
        session, thread.id, free, status=rules.ACTIVE, operator_id=operator_id, closed_at=None, active_at=now
    ):
        winner = queries.thread(session, conversation)
        raise rules.Taken(winner.operator_name or "" if winner else "")


def assign(session: Session, now: datetime, *, operator_id: int, epoch: int, conversation: str, to: str) -> None:
    """Hand the conversation to a colleague of the same site. Raises NotFound, Conflict (closed)."""
    thread = queries.operators_thread(session, operator_id, epoch, conversation)
    colleague = session.scalar(
        select(Operator.id)
        .join(Membership, Membership.operator_id == Operator.id)
        .where(Operator.public_id == to, Membership.site_id == thread.site_id)
    )
    if colleague is None:
        raise NotFound("No such operator.")
    open_ = conversations.c.status != rules.CLOSED
    if not _changed(session, thread.id, open_, status=rules.ACTIVE, operator_id=colleague, active_at=now):
        rules.check_reply(rules.CLOSED)


def close(session: Session, now: datetime, *, operator_id: int, epoch: int, conversation: str) -> bool:
    """Close the conversation; False when it was closed already. Raises NotFound."""
    thread = queries.operators_thread(session, operator_id, epoch, conversation)
    return _close(session, now, thread.id)


def end(session: Session, now: datetime, *, site_id: int, visitor: str) -> Thread | None:
    """The visitor ends the conversation: the thread, or None when there was none open."""
    thread = queries.visitors_thread(session, now, site_id, visitor)
    return thread if thread is not None and _close(session, now, thread.id) else None


def _close(session: Session, now: datetime, conversation_id: int) -> bool:
    open_ = conversations.c.status != rules.CLOSED
    return _changed(
        session, conversation_id, open_, status=rules.CLOSED, closed_at=now, waiting_since=None, active_at=now
    )


def rate(session: Session, now: datetime, *, site_id: int, visitor: str, rating: Rating) -> Thread:
    """Keep what the visitor thinks of the conversation; a later rating replaces it. Raises NotFound without a conversation."""
    thread = queries.visitors_thread(session, now, site_id, visitor)
    if thread is None:
        raise NotFound("No such conversation.")
    _changed(session, thread.id, literal(True), stars=rating.stars, comment=rating.comment)
    return thread


# ---- how far somebody has read ----------------------------------------------------------------------------------------


def read_by_visitor(
    session: Session, now: datetime, *, site_id: int, visitor: str, seq: int, seen: bool
) -> Thread | None:
    """The visitor got (or, with `seen`, saw) everything up to `seq`: the thread, or None where that was known. Never goes back."""
    thread = queries.visitors_thread(session, now, site_id, visitor)
    if thread is None or not _read(session, thread.id, "visitor", seq, seen):
        return None
    return thread


def read_by_operator(
    session: Session,
    now: datetime,
    *,
    operator_id: int,
    epoch: int,
    conversation: str,
    seq: int,
    seen: bool,  # noqa: ARG001 every operation takes now
) -> Thread | None:
    """As read_by_visitor, for the operators' side. Raises NotFound."""
    thread = queries.operators_thread(session, operator_id, epoch, conversation)
    return thread if _read(session, thread.id, "operator", seq, seen) else None


def _read(session: Session, conversation_id: int, who: str, seq: int, seen: bool) -> bool:
    delivered_mark, seen_mark = conversations.c[f"{who}_delivered"], conversations.c[f"{who}_seen"]
    further = (seen_mark if seen else delivered_mark) < seq
    # What was seen was delivered too.
    values: dict[str, Any] = {delivered_mark.name: case((delivered_mark < seq, seq), else_=delivered_mark)}
    if seen:
        values[seen_mark.name] = seq
    return _changed(session, conversation_id, further & (conversations.c.last_seq >= seq), **values)


# ---- when nobody answers ----------------------------------------------------------------------------------------------


def unanswered_due(session: Session, now: datetime, *, after: int, limit: int = 200) -> list[str]:
    """Mark the conversations in which a visitor has waited `after` seconds in vain; their public ids.

    One that was taken counts too while its operator has not said a word; a talk that pauses does not.
    """
    c = conversations.c
    spoken = exists().where(
        messages.c.conversation_id == c.id,
        messages.c.author_kind == "operator",
        messages.c.created_at > now - rules.TALKING,
    )
    due = (
        select(c.id)
        .where(c.status.in_((rules.WAITING, rules.ACTIVE)), c.waiting_since <= now - timedelta(seconds=after))
        .where((c.status == rules.WAITING) | ~spoken)
        .limit(limit)
    )
    return _give_up(session, c.id.in_(due))


def abandoned_due(session: Session, now: datetime, *, closed_sites: set[int], grace: int) -> list[str]:
    """Let go of what nobody can answer now; the public ids of the conversations that changed.

    On sites that cannot answer (`closed_sites`), the waiting become unanswered, and so do the active ones whose operator is gone. On the
    others, active ones whose operator is gone wait for a colleague.
    """
    c = conversations.c
    gone = ~exists().where(Operator.id == c.operator_id, presence.is_here(now, grace)).correlate(conversations)
    unanswered = _give_up(
        session, c.site_id.in_(closed_sites) & ((c.status == rules.WAITING) | ((c.status == rules.ACTIVE) & gone))
    )
    requeue = (
        update(conversations)
        .where(c.status == rules.ACTIVE, gone)
        .values(status=rules.WAITING, operator_id=None)
        .returning(c.public_id)
    )
    return unanswered + list(session.scalars(requeue))


def give_up_site(session: Session, now: datetime, *, site_id: int) -> list[str]:  # noqa: ARG001 every operation takes now
    """The last operator of the site went away on purpose: nothing of it will be answered now. The public ids."""
    c = conversations.c
    return _give_up(session, (c.site_id == site_id) & c.status.in_((rules.WAITING, rules.ACTIVE)))


def _give_up(session: Session, which: Any) -> list[str]:
    changed = (
        update(conversations)
        .where(which)
        .values(status=rules.UNANSWERED, operator_id=None)
        .returning(conversations.c.public_id)
    )
    return list(session.scalars(changed))


# ---- offline questions ------------------------------------------------------------------------------------------------


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
) -> str:
    """Put a question out of the offline form into the visitor's thread, or into a new one: the conversation's public id.

    `visitor_token_id` is the visitor of a checked token; `conversation` counts only when it is that visitor's. The address
    counts as unconfirmed until address_confirmed.
    """
    visitor = visitor_token_id or ids.new("visitor")
    thread = queries.visitors_thread(session, now, site_id, visitor)
    if conversation is not None and (thread is None or thread.public_id != conversation):
        raise NotFound("No such conversation.")
    posted = post_by_visitor(
        session,
        now,
        site_id=site_id,
        visitor=visitor,
        incoming=Incoming(client_id, rules.clean_body(body), page_url),
        available=False,
        language=language,
        kind="question",
        conversation_kind="question",
        name=rules.clean_line(name, 120),
    )
    if posted.first:
        c = conversations.c
        values: dict[str, Any] = {"email": email, "email_confirmed_at": None, "contact_id": None}
        if posted.moved or thread is None or thread.status != rules.ACTIVE:
            values["status"] = rules.UNANSWERED
        if name:
            values["name"] = rules.clean_line(name, 120)
        session.execute(update(conversations).where(c.public_id == posted.message.conversation).values(values))
    return posted.message.conversation


def address_confirmed(session: Session, now: datetime, *, conversation_id: int, contact_id: int) -> str:
    """The address left in this conversation is proven and belongs to that contact; the conversation's public id."""
    changed = (
        update(conversations)
        .where(conversations.c.id == conversation_id)
        .values(email_confirmed_at=now, contact_id=contact_id)
        .returning(conversations.c.public_id)
    )
    return str(session.execute(changed).scalar_one())


# ---- the statements beneath -------------------------------------------------------------------------------------------

_CURRENT = select(
    conversations.c.id,
    conversations.c.public_id,
    conversations.c.site_id,
    conversations.c.status,
    conversations.c.operator_id,
    conversations.c.last_seq,
    conversations.c.active_at,
    visitors.c.name.label("visitor_name"),
).join(visitors, visitors.c.id == conversations.c.visitor_id)


def _current(session: Session, site_id: int, visitor: str) -> Row[Any] | None:
    """The visitor's newest conversation, locked on PostgreSQL (SQLite has one writer anyway)."""
    return session.execute(
        _CURRENT.where(visitors.c.public_id == visitor, visitors.c.site_id == site_id)
        .order_by(conversations.c.id.desc())
        .limit(1)
        .with_for_update(of=conversations)
    ).first()


def _locked(session: Session, conversation_id: int) -> Row[Any]:
    return session.execute(
        _CURRENT.where(conversations.c.id == conversation_id).with_for_update(of=conversations)
    ).one()


def _begin(
    session: Session, now: datetime, site_id: int, visitor: str, page: str, language: str, kind: str, name: str
) -> Row[Any]:
    """A new conversation, and its visitor if that is new too. Of two tabs at once the second finds the first one's."""
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    session.execute(
        dialect.insert(Visitor)
        .values(
            public_id=visitor, site_id=site_id, name=name, language=language, page_url=page, created_at=now, seen_at=now
        )
        .on_conflict_do_nothing(index_elements=["public_id"])
    )
    # Whoever comes second waits here for the first one's commit, and then sees the conversation.
    owner = session.execute(
        select(visitors.c.id).where(visitors.c.public_id == visitor, visitors.c.site_id == site_id).with_for_update()
    ).scalar_one_or_none()
    if owner is None:
        raise NotFound("No such visitor.")
    row = _current(session, site_id, visitor)
    if row is not None and not rules.is_over(row.status, row.active_at, now):
        return row
    made = insert(conversations).values(
        public_id=ids.new("conversation"),
        site_id=site_id,
        visitor_id=owner,
        kind=kind,
        status=rules.WAITING,
        last_seq=0,
        visitor_seen=0,
        visitor_delivered=0,
        operator_seen=0,
        operator_delivered=0,
        name="",
        page_url=page,
        comment="",
        created_at=now,
        active_at=now,
    )
    made_id = session.execute(made.returning(conversations.c.id)).scalar_one()
    return _locked(session, made_id)


def _number(session: Session, conversation_id: int, author_kind: str, client_id: str, **values: Any) -> int | None:
    """Raise the conversation's last number and set the values: the new number, or None when that client id was sent before."""
    raised = (
        update(conversations)
        .where(conversations.c.id == conversation_id, ~_was_sent(conversation_id, author_kind, client_id))
        .values(last_seq=conversations.c.last_seq + 1, **values)
        .returning(conversations.c.last_seq)
    )
    return session.execute(raised).scalar()


def _was_sent(conversation_id: int, author_kind: str, client_id: str) -> Any:
    return exists().where(
        messages.c.conversation_id == conversation_id,
        messages.c.author_kind == author_kind,
        messages.c.client_id == client_id,
    )


def _sent_before(session: Session, conversation_id: int, author_kind: str, client_id: str) -> bool:
    return bool(session.scalar(select(_was_sent(conversation_id, author_kind, client_id))))


def _insert(
    session: Session,
    now: datetime,
    row: Row[Any],
    seq: int | None,
    incoming: Incoming,
    *,
    kind: str,
    author_kind: str,
    author_name: str,
    operator_id: int | None = None,
) -> MessageView:
    view = MessageView(
        id=ids.new("message"),
        client_id=incoming.client_id,
        seq=seq,
        after_seq=row.last_seq if seq is None else seq - 1,
        conversation=row.public_id,
        kind=kind,
        author_kind=author_kind,
        author_name=author_name,
        body=incoming.body,
        at=now,
    )
    session.execute(
        insert(messages).values(
            public_id=view.id,
            conversation_id=row.id,
            client_id=view.client_id,
            seq=seq,
            after_seq=view.after_seq,
            kind=kind,
            author_kind=author_kind,
            author_name=author_name,
            operator_id=operator_id,
            body=view.body,
            created_at=now,
        )
    )
    return view


def _changed(session: Session, conversation_id: int, condition: Any, **values: Any) -> bool:
    """Set the values where the condition holds; whether it did."""
    statement: Update = update(conversations).where(conversations.c.id == conversation_id, condition).values(**values)
    return session.execute(statement.returning(conversations.c.id)).first() is not None
