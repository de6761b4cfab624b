"""Which links of a mail were opened, and by the same asker or not: by this, mail scanners are told from people.

Kept for a day. Whoever opened a link cannot be read out of it: the IP address is kept as a keyed digest.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.orm import Session

from leadcapture import db, signing
from leadcapture.errors import Unavailable
from leadcapture.mail.models import Email, MailOpen

KEPT = timedelta(days=1)
MOST = 50  # rows about one thing, the newest: who comes under a hundred names fills nothing


def note(now: datetime, *, about: Iterable[str], link: str, ip: str, agent: str) -> None:
    """Remember that this asker opened the `link` (confirm, mail, unsubscribe, preferences) of a mail about the things
    with those public ids: a confirmation, a contact. For edges; writes what is new alone, so that a thousand looks are
    one row. While nothing can be written nothing is remembered: the page is shown all the same."""
    with db.read() as session:
        new = [one for one in about if _is_new(session, one, link, ip, agent)]
    for one in new:
        with suppress(Unavailable):
            db.write(_add, MailOpen(about=one, link=link, ip_digest=_digest(ip), agent=_agent(agent), at=now))


def by_same(session: Session, now: datetime, *, about: str, ip: str, agent: str) -> frozenset[str]:
    """The links of mails about that thing which this asker, the same address with the same program, opened today."""
    found = select(MailOpen.link).where(_same(about, ip, agent), MailOpen.at > now - KEPT)
    return frozenset(session.scalars(found))


def handed_over_at(session: Session, about: str) -> datetime | None:
    """When the newest mail about the thing with that public id, or to that contact, was handed over; None before."""
    # One after the other: each has an index, both together have none.
    times = [session.scalar(select(func.max(Email.sent_at)).where(of == about)) for of in (Email.about, Email.contact)]
    return max((at for at in times if at), default=None)


def sweep_due(now: datetime) -> None:
    """The job: forget what was opened more than a day ago."""
    db.write(sweep, now)


def sweep(session: Session, now: datetime) -> None:
    """Drop what was opened more than a day ago."""
    session.execute(delete(MailOpen).where(MailOpen.at <= now - KEPT))


def _add(session: Session, opened: MailOpen) -> None:
    session.add(opened)
    session.flush()
    newest = select(MailOpen.id).where(MailOpen.about == opened.about).order_by(MailOpen.id.desc()).offset(MOST)
    session.execute(delete(MailOpen).where(MailOpen.id.in_(newest.limit(MOST).scalar_subquery())))


def _is_new(session: Session, about: str, link: str, ip: str, agent: str) -> bool:
    known = select(MailOpen.id).where(_same(about, ip, agent), MailOpen.link == link).limit(1)
    return session.scalar(known) is None


def _same(about: str, ip: str, agent: str) -> ColumnElement[bool]:
    return (MailOpen.about == about) & (MailOpen.ip_digest == _digest(ip)) & (MailOpen.agent == _agent(agent))


def _digest(ip: str) -> str:
    return signing.digest("opened", ip)


def _agent(agent: str) -> str:
    return agent.replace("\0", "")[:200]
