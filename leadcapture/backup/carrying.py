"""What the database that was replaced knows and the backup does not, and what must hold all the same: who has left, who
must not be mailed, who was erased, who was asked already. Nothing that would send more is taken over."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from leadcapture.chat.models import Conversation
from leadcapture.consent import operations as consent
from leadcapture.consent.models import LedgerEvent, LedgerHead
from leadcapture.consent.rules import SPOKEN
from leadcapture.contacts.models import Contact
from leadcapture.mail import operations as mail
from leadcapture.mail import queries as mails
from leadcapture.mail.models import MailCap, Suppression
from leadcapture.privacy import erasing
from leadcapture.repermission.models import PermissionAsk
from leadcapture.sites.models import Site

AT_ONCE = 500


@dataclass(frozen=True)
class Carried:
    """How many withdrawals, suppressed addresses and erased people the backup did not know."""

    withdrawn: int = 0
    suppressed: int = 0
    erased: int = 0


def carry(session: Session, now: datetime, former: Session) -> Carried:
    """Have the restored database heed what the former one knows."""
    withdrawn = suppressed = erased = 0
    keys: dict[str, int] = dict(former.execute(select(Site.key, Site.id)).all())
    for site_id, key in session.execute(select(Site.id, Site.key).order_by(Site.id)).all():
        if key in keys:
            # First what the ledger of the one says beyond the other's end, for what follows moves that end.
            withdrawn += _withdraw(session, now, former, site_id, keys[key])
            new = _suppress(session, now, former, site_id, keys[key])
            suppressed += len(new)
            erased += _erase(session, now, site_id, new)
    _ceilings(session, former)
    _asked(session, former)
    _escalated(session, former)
    return Carried(withdrawn, suppressed, erased)


def _suppress(session: Session, now: datetime, former: Session, site_id: int, their_id: int) -> set[str]:
    """The addresses, or the marks of erased ones (mail/gone.py), that are suppressed from now on."""
    known = set(session.scalars(select(Suppression.email_key).where(Suppression.site_id == site_id)))
    theirs = select(Suppression.email_key, Suppression.reason).where(Suppression.site_id == their_id)
    new = {row.email_key: row.reason for row in former.execute(theirs) if row.email_key not in known}
    for email_key, reason in new.items():
        mail.suppress(session, now, site_id=site_id, email_key=email_key, reason=reason)
    return set(new)


def _erase(session: Session, now: datetime, site_id: int, marks: set[str]) -> int:
    """Erase again whoever is here and was erased since: the marks say so, and nothing else does."""
    if not marks:
        return 0
    everybody = session.execute(select(Contact.id, Contact.email_key).where(Contact.site_id == site_id)).all()
    gone = [row.id for row in everybody if not marks.isdisjoint(mails.erasure_marks(site_id, row.email_key))]
    return sum(erasing.erase(session, now, contact=session.get_one(Contact, one), reason="person") for one in gone)


def _withdraw(session: Session, now: datetime, former: Session, site_id: int, their_id: int) -> int:
    """Withdraw what a person has withdrawn since, and not agreed to again."""
    end = session.scalar(select(LedgerHead.seq).where(LedgerHead.site_id == site_id)) or 0
    since = (
        select(LedgerEvent.subject, LedgerEvent.purpose, LedgerEvent.event, LedgerEvent.body)
        .where(LedgerEvent.site_id == their_id, LedgerEvent.seq > end, LedgerEvent.event.in_(SPOKEN))
        .order_by(LedgerEvent.seq)
    )
    last = {(row.subject, row.purpose): row for row in former.execute(since)}
    withdrawn = 0
    for (subject, purpose), row in last.items():
        contact = session.scalar(select(Contact).where(Contact.site_id == site_id, Contact.public_id == subject))
        if row.event == "withdrawn" and contact is not None:
            method = str(json.loads(row.body or "{}").get("method", "operator"))
            withdrawn += len(consent.withdraw(session, now, contact=contact, method=method, purpose=purpose))
    return withdrawn


def _ceilings(session: Session, former: Session) -> None:
    """What each mailbox has had counts on: the newer of the two is what is known."""
    rows = former.execute(select(*MailCap.__table__.columns)).mappings().all()
    session.execute(delete(MailCap))
    for begin in range(0, len(rows), AT_ONCE):
        session.execute(insert(MailCap), [dict(row) for row in rows[begin : begin + AT_ONCE]])


def _asked(session: Session, former: Session) -> None:
    """Whom a campaign has asked since is not asked by it again."""
    waiting = session.scalars(select(PermissionAsk.public_id).where(PermissionAsk.asked_at.is_(None))).all()
    told = (PermissionAsk.asked_at, PermissionAsk.email_public_id, PermissionAsk.answered_at, PermissionAsk.answer)
    for begin in range(0, len(waiting), AT_ONCE):
        asked = PermissionAsk.public_id.in_(waiting[begin : begin + AT_ONCE]), PermissionAsk.asked_at.is_not(None)
        for row in former.execute(select(PermissionAsk.public_id, *told).where(*asked)).mappings():
            values = dict(row)
            mine = PermissionAsk.public_id == values.pop("public_id")
            session.execute(update(PermissionAsk).where(mine).values(**values))


def _escalated(session: Session, former: Session) -> None:
    """Operators are not told again that a visitor waits: neither by the conversations they were told of since, nor by
    those that nobody waits in any more."""
    waiting = session.scalars(select(Conversation.public_id).where(Conversation.waiting_since.is_not(None))).all()
    told = select(Conversation.public_id, Conversation.escalation, Conversation.escalated_at)
    for begin in range(0, len(waiting), AT_ONCE):
        for row in former.execute(told.where(Conversation.public_id.in_(waiting[begin : begin + AT_ONCE]))):
            mine = Conversation.public_id == row.public_id
            values = {"escalation": row.escalation, "escalated_at": row.escalated_at}
            session.execute(update(Conversation).where(mine).values(**values))
