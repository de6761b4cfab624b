"""Conversations that look like spam when they begin stand apart: nobody is called to them and they are in no queue,
until a person decides. Their visitor sees what everybody sees: the message is stored, and the form is offered after the
usual time, as where nobody answers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import ColumnElement, Row, Select, and_, case, exists, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from leadcapture.chat import numbering, queries, rules
from leadcapture.chat.models import Conversation
from leadcapture.chat.operations import NOTHING, Posted
from leadcapture.chat.queries import conversations, messages, visitors
from leadcapture.sites import protection
from leadcapture.sites.models import Site
from leadcapture.spam import operations as spam
from leadcapture.spam import queries as spam_queries
from leadcapture.spam.rules import REPEATED_FROM, Given

c = conversations.c

FIRST = 3  # how many messages of a visitor are looked at: who comes past them is somebody who talks
OTHERS = 30  # over how many conversations the same text is looked for
BY_SPAM = "spam"  # `ended_by` of what was closed because somebody called it spam

# What stands apart, and, of that, what nobody has decided about.
APART: ColumnElement[bool] = Conversation.held_at.is_not(None)
UNDECIDED: ColumnElement[bool] = and_(APART, Conversation.spam.is_(None))

_Earlier = aliased(Conversation)
# Somebody the host site signed in, whose address is confirmed, whom an operator has answered or let go before.
_KNOWN = or_(
    visitors.c.user_id.is_not(None),
    exists().where(
        _Earlier.visitor_id == c.visitor_id,
        or_(_Earlier.contact_id.is_not(None), _Earlier.last_operator_id.is_not(None), _Earlier.spam.is_(False)),
    ),
)


# ---- holding ---------------------------------------------------------------------------------------------------------


def judge(session: Session, now: datetime, posted: Posted) -> bool:
    """Hold the conversation of this message of a visitor where it looks like spam so far; whether it is held now."""
    if not posted.first or posted.message.seq is None or posted.message.seq > FIRST:
        return False
    row = session.execute(
        select(c.id, c.held_at, c.last_operator_id, Site.id.label("site_id"), Site.protection, Site.allowed_origins)
        .join(visitors, visitors.c.id == c.visitor_id)
        .join(Site, Site.id == c.site_id)
        .where(c.public_id == posted.message.conversation, c.spam.is_(None), ~_KNOWN)
    ).first()
    if row is None or row.held_at is not None:
        return False
    wanted = protection.Protection.read(row.protection)
    if not wanted.hold_spam:
        return False
    text = said(session, row.id)
    given = Given(text=text, own=_own_hosts(row.allowed_origins), repeated=_repeated(session, row, text))
    verdict = spam_queries.judge(session, row.site_id, given)
    if verdict.score < wanted.spam_threshold:
        return False
    session.execute(update(conversations).where(c.id == row.id).values(held_at=now, held_why=verdict.reasons))
    return True


def said(session: Session, conversation_id: int) -> str:
    """What the visitor wrote first: what is judged, and what teaches."""
    first = select(messages.c.body).where(
        messages.c.conversation_id == conversation_id,
        messages.c.author_kind == "visitor",
        messages.c.deleted_at.is_(None),
    )
    return "\n".join(session.scalars(first.order_by(messages.c.seq).limit(FIRST)))


def _own_hosts(origins: Sequence[str]) -> frozenset[str]:
    found = (urlsplit(origin).netloc.partition(":")[0] for origin in origins)
    return frozenset(host.removeprefix("*.").removeprefix("www.") for host in found if host)


def _repeated(session: Session, row: Row[Any], text: str) -> int:
    """In how many other conversations of late the first message was this text."""
    if len(text) < REPEATED_FROM:
        return 0
    recent = select(c.id).where(c.site_id == row.site_id, c.id != row.id).order_by(c.id.desc()).limit(OTHERS)
    same = select(func.count()).where(
        messages.c.conversation_id.in_(recent.scalar_subquery()), messages.c.seq == 1, messages.c.body == text
    )
    return session.scalar(same) or 0


# ---- deciding --------------------------------------------------------------------------------------------------------


def release(session: Session, now: datetime, *, operator_id: int, epoch: int, conversation: str) -> None:
    """It is no spam: it takes its place in the queue from now on, and its words are learned. Again, it changes nothing.

    What somebody had called spam waits unanswered, for its visitor may be gone. Raises NotFound.
    """
    row = _locked(session, operator_id, epoch, conversation)
    if row.spam is False:
        return
    text = said(session, row.id)
    if row.spam:
        spam.unteach(session, now, site_id=row.site_id, text=text, spam=True)
    spam.teach(session, now, site_id=row.site_id, text=text, spam=False)
    reopened = row.status == rules.CLOSED and row.ended_by == BY_SPAM
    status = rules.UNANSWERED if reopened else row.status
    values: dict[str, Any] = {"held_at": None, "held_why": None, "spam": False, "status": status}
    if row.held_at is not None and status in (rules.WAITING, rules.UNANSWERED):
        # Its wait begins now, and so do the steps by which it is made known.
        values |= {"waiting_since": now, "escalation": NOTHING, "escalated_at": None, "active_at": now}
        values |= {"missed_at": now if status == rules.UNANSWERED else None}
    if reopened:
        values |= {"closed_at": None, "ended_by": ""}
    session.execute(update(conversations).where(c.id == row.id).values(values))


def mark(session: Session, now: datetime, *, operator_id: int, epoch: int, conversation: str) -> None:
    """It is spam: closed and set apart, also where it was not held before, and its words are learned. Again, it changes
    nothing.

    So that the words that everybody uses do not come to speak for spam, the last conversation that was answered and not
    yet learned is learned beside it. Raises NotFound.
    """
    row = _locked(session, operator_id, epoch, conversation)
    if row.spam:
        return
    text = said(session, row.id)
    if row.spam is False:
        spam.unteach(session, now, site_id=row.site_id, text=text, spam=False)
    spam.teach(session, now, site_id=row.site_id, text=text, spam=True)
    closing = {
        "status": rules.CLOSED,
        "closed_at": func.coalesce(c.closed_at, now),
        "ended_by": case((c.status == rules.CLOSED, c.ended_by), else_=BY_SPAM),
        "waiting_since": None,
        "snoozed_until": None,
        "missed_at": None,
        "active_at": now,
    }
    apart = {"spam": True, "held_at": func.coalesce(c.held_at, now)}
    session.execute(update(conversations).where(c.id == row.id).values(closing | apart))
    _learn_good(session, now, row.site_id)


def _learn_good(session: Session, now: datetime, site_id: int) -> None:
    good = session.execute(
        select(c.id)
        .where(c.site_id == site_id, c.spam.is_(None), c.held_at.is_(None), c.last_operator_id.is_not(None))
        .order_by(c.id.desc())
        .limit(1)
        .with_for_update(skip_locked=True)
    ).first()
    text = said(session, good.id) if good is not None else ""
    if good is not None and text:
        session.execute(update(conversations).where(c.id == good.id).values(spam=False))
        spam.teach(session, now, site_id=site_id, text=text, spam=False)


def _locked(session: Session, operator_id: int, epoch: int, conversation: str) -> Row[Any]:
    thread = queries.operators_thread(session, operator_id, epoch, conversation)
    numbering.locked(session, thread.id)
    decided: Select[Any] = select(c.id, c.site_id, c.status, c.ended_by, c.held_at, c.spam).where(c.id == thread.id)
    return session.execute(decided).one()


# ---- reading ---------------------------------------------------------------------------------------------------------


def count(session: Session, site_ids: Sequence[int]) -> int:
    """How many conversations of these sites wait for a decision."""
    return session.scalar(select(func.count()).where(Conversation.site_id.in_(site_ids), UNDECIDED)) or 0
