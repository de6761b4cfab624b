"""Which links of a mail were opened, and by the same asker or not: by this, mail scanners are told from people.

Kept for a day. Whoever opened a link cannot be read out of it: the IP address is kept as a keyed digest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, select, union_all
from sqlalchemy.orm import Session

from leadcapture import db, signing
from leadcapture.errors import Unavailable
from leadcapture.mail.models import Email, MailOpen
from leadcapture.prepared import Prepared, inserted

KEPT = timedelta(days=1)
MOST = 50  # rows about one thing, the newest: who comes under a hundred names fills nothing

_opens: Any = MailOpen.__table__
_emails: Any = Email.__table__

# Made once, for these run with every press of a button.
_by_same = Prepared(
    select(_opens.c.link, _opens.c.at).where(
        _opens.c.about == bindparam("of_thing"),
        _opens.c.ip_digest == bindparam("ip"),
        _opens.c.agent == bindparam("by"),
    )
)
_handed_over = Prepared(
    union_all(  # each has an index, both together have none
        *(
            select(func.max(_emails.c.sent_at)).where(of == bindparam("of_thing"))
            for of in (_emails.c.about, _emails.c.contact)
        )
    )
)
_newest = (
    select(_opens.c.id)
    .where(_opens.c.about == bindparam("of_thing"))
    .order_by(_opens.c.id.desc())
    .offset(MOST)
    .limit(MOST)
)
_too_many = Prepared(delete(_opens).where(_opens.c.id.in_(_newest.scalar_subquery())))
_noted = Prepared(insert(_opens).values(inserted(_opens)))


def note(now: datetime, *, about: Iterable[str], link: str, ip: str, agent: str) -> None:
    """Remember that this asker opened the `link` (confirm, mail, unsubscribe, preferences) of a mail about the things
    with those public ids: a confirmation, a contact. For edges; writes what is new alone, so that a thousand looks are
    one row. While nothing can be written nothing is remembered: the page is shown all the same."""
    asker = {"ip_digest": _digest(ip), "agent": _agent(agent)}
    with db.read() as session:
        new = [one for one in about if link not in {known for known, _at in _opened(session, one, **asker)}]
    for one in new:
        with suppress(Unavailable):
            db.write(_add, {"about": one, "link": link, "at": now, **asker})


def by_same(session: Session, now: datetime, *, about: str, ip: str, agent: str) -> frozenset[str]:
    """The links of mails about that thing which this asker, the same address with the same program, opened today."""
    found = _opened(session, about, ip_digest=_digest(ip), agent=_agent(agent))
    return frozenset(link for link, at in found if at > now - KEPT)


def handed_over_at(session: Session, about: str) -> datetime | None:
    """When the newest mail about the thing with that public id, or to that contact, was handed over; None before."""
    return max((at for (at,) in _handed_over.rows(session, {"of_thing": about}) if at), default=None)


def sweep_due(now: datetime) -> None:
    """The job: forget what was opened more than a day ago."""
    db.write(sweep, now)


def sweep(session: Session, now: datetime) -> None:
    """Drop what was opened more than a day ago."""
    session.execute(delete(MailOpen).where(MailOpen.at <= now - KEPT))


def _add(session: Session, opened: Mapping[str, Any]) -> None:
    _noted.run(session, opened)
    _too_many.run(session, {"of_thing": opened["about"]})


def _opened(session: Session, about: str, *, ip_digest: str, agent: str) -> Sequence[tuple[Any, ...]]:
    return _by_same.rows(session, {"of_thing": about, "ip": ip_digest, "by": agent})


def _digest(ip: str) -> str:
    return signing.digest("opened", ip)


def _agent(agent: str) -> str:
    return agent.replace("\0", "")[:200]
