"""Nobody waits unnoticed: who waits in vain is made known ever louder, until somebody takes the conversation.

Those who are there hear of a visitor at once. After the site's `tell_after` seconds everybody of it is told, also who
is away; after `mail_after` seconds its operators get an e-mail. `conversations.escalation` says how far it has come,
and a conditional update moves it, so that each step happens once over any number of processes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, and_, func, or_, select, update
from sqlalchemy.orm import Session

from leadcapture import addresses, db, i18n, socketio
from leadcapture.chat import broadcast, rules
from leadcapture.chat.operations import MAILED, NOTHING, TOLD
from leadcapture.chat.protocol import OPERATOR
from leadcapture.chat.queries import conversations, messages, visitors
from leadcapture.mail import operations as mail
from leadcapture.mail import transports
from leadcapture.mail.models import Email
from leadcapture.operators.models import Membership, Operator
from leadcapture.sites import chat_settings
from leadcapture.sites import queries as sites
from leadcapture.sites.chat_settings import ChatSettings
from leadcapture.sites.models import Site

LONGEST = 60  # seconds: whatever a site sets, nobody waits longer without everybody being told
# Who began to wait before that was missed long ago; after an update nobody is mailed about last year.
FORGOTTEN = timedelta(days=1)
MAILS_AN_HOUR = 30  # to one operator: a flood of visitors shall not become one of e-mails
FIRST_LINES = 5

c = conversations.c


@dataclass(frozen=True)
class Escalated:
    """A conversation that came to a further level."""

    conversation: str
    site_id: int
    level: int


def due(now: datetime) -> None:
    """The job: tell and mail whom it is time for."""
    with db.read() as session:
        waiting = _waiting(session, now)
    for escalated in db.write(escalate, now) if waiting else ():
        # First the conversation: whoever hears of it knows whose it is.
        broadcast.conversation_changed(escalated.conversation)
        payload = {"conversation": escalated.conversation, "level": escalated.level}
        socketio.emit("escalation", payload, to=broadcast.site_room(escalated.site_id), namespace=OPERATOR)


def level(status: str, waited: float, chat: ChatSettings) -> int:
    """How loudly a visitor's waiting for `waited` seconds must have been made known.

    An operator who has taken the conversation needs no e-mail; that the visitor waits is said after LONGEST seconds.
    """
    if status == rules.ACTIVE:
        return TOLD if waited >= LONGEST else NOTHING
    if waited >= min(chat.mail_after, LONGEST):
        return MAILED
    return TOLD if waited >= min(chat.tell_after, LONGEST) else NOTHING


def escalate(session: Session, now: datetime) -> list[Escalated]:
    """Move every conversation to the level it has come to, and put the e-mails into the outbox; what has moved."""
    moved = []
    for row in _waiting(session, now):
        reached = level(row.status, (now - row.waiting_since).total_seconds(), chat_settings.of(row.chat))
        if reached > _told(row) and _move(session, now, row, reached):
            moved.append(Escalated(row.public_id, row.site_id, reached))
            if reached == MAILED:
                _mail(session, now, row)
    return moved


def _waiting(session: Session, now: datetime) -> Sequence[Row[Any]]:
    """Conversations in which a visitor waits and louder is possible, those that wait longest first."""
    fresh = or_(c.escalated_at.is_(None), c.escalated_at < c.waiting_since)
    louder = or_(fresh, c.escalation < TOLD, and_(c.escalation < MAILED, c.status != rules.ACTIVE))
    found = select(
        c.id, c.public_id, c.site_id, c.visitor_id, c.status, c.waiting_since, c.escalation, c.escalated_at, Site.chat
    ).join(Site, Site.id == c.site_id)
    return session.execute(
        found.where(
            c.status.in_(rules.OPEN),
            c.held_at.is_(None),
            c.waiting_since.between(now - FORGOTTEN, now - timedelta(seconds=SOONEST)),
            or_(c.snoozed_until.is_(None), c.snoozed_until <= now),
            louder,
        ).order_by(c.waiting_since)
    ).all()


# No site can be set to be told sooner (sites/chat_settings.py): who waits less is not looked at.
SOONEST = 5


def _told(row: Row[Any]) -> int:
    """How far it has come in this wait: what was told about an earlier one counts no more."""
    mine = row.escalated_at is not None and row.escalated_at >= row.waiting_since
    return int(row.escalation) if mine else NOTHING


def _move(session: Session, now: datetime, row: Row[Any], reached: int) -> bool:
    """Whether it was this process that moved it: it must stand as it was read."""
    as_read = and_(c.status == row.status, c.waiting_since == row.waiting_since, c.escalation == row.escalation)
    same = c.escalated_at.is_(None) if row.escalated_at is None else c.escalated_at == row.escalated_at
    moved = update(conversations).where(c.id == row.id, as_read, same).values(escalation=reached, escalated_at=now)
    return session.execute(moved.returning(c.id)).first() is not None


# ---- the e-mail to operators -----------------------------------------------------------------------------------------


def _mail(session: Session, now: datetime, row: Row[Any]) -> None:
    site = sites.by_id(session, row.site_id)
    about = session.execute(
        select(c.name, c.page_url, visitors.c.name.label("visitor_name"))
        .join(visitors, visitors.c.id == c.visitor_id)
        .where(c.id == row.id)
    ).one()
    language = i18n.best(site.language)
    for operator in _operators(session, site.id):
        if _mails_of_the_hour(session, now, operator.email_key) >= MAILS_AN_HOUR:
            continue
        mail.enqueue(
            session,
            now,
            site=site,
            name="waiting",
            to=addresses.Address(typed=operator.email, key=operator.email_key),
            to_name=operator.name,
            language=language,
            values={
                "visitor_name": about.name or about.visitor_name,
                "page_url": about.page_url,
                "lines": _first_lines(session, row),
                "console_url": f"{transports.public_url()}/console/inbox/{row.public_id}",
            },
            about=row.public_id,
        )


def _operators(session: Session, site_id: int) -> Sequence[Row[str, str, str]]:
    """Who belongs to the site and has an account of their own: an invited address is nobody's yet."""
    return session.execute(
        select(Operator.email, Operator.email_key, Operator.name)
        .join(Membership, Membership.operator_id == Operator.id)
        .where(Membership.site_id == site_id, Operator.password_hash.is_not(None))
        .order_by(Operator.id)
    ).all()


def _mails_of_the_hour(session: Session, now: datetime, email_key: str) -> int:
    sent = select(func.count()).where(
        Email.to_key == email_key, Email.name == "waiting", Email.created_at > now - timedelta(hours=1)
    )
    return session.scalar(sent) or 0


def _first_lines(session: Session, row: Row[Any]) -> list[str]:
    """What the visitor has said since the wait began, at most FIRST_LINES messages."""
    said = select(messages.c.body).where(
        messages.c.conversation_id == row.id,
        messages.c.author_kind == "visitor",
        messages.c.created_at >= row.waiting_since,
        messages.c.deleted_at.is_(None),
    )
    return list(session.scalars(said.order_by(messages.c.seq).limit(FIRST_LINES)))
