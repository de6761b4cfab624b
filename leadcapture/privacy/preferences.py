"""What a person changes about how they are known and written to. Each change is an event of the ledger, and a sign of
life."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from leadcapture import clock
from leadcapture.consent import operations as consent
from leadcapture.consent import queries as agreed
from leadcapture.contacts.models import Contact
from leadcapture.errors import Conflict, Invalid, NotFound
from leadcapture.i18n import gettext as _
from leadcapture.mail import operations as mail
from leadcapture.mail.models import Email
from leadcapture.privacy import queries, rules
from leadcapture.privacy.rules import Wishes
from leadcapture.sites import queries as sites

METHOD = "preferences"


@dataclass(frozen=True)
class Asker:
    """Where a change came from, as far as it is kept."""

    ip: str | None = None
    user_agent: str = ""

    def trace(self) -> dict[str, Any]:
        return {"ip": self.ip, "user_agent": self.user_agent}


def save(session: Session, now: datetime, *, contact_id: int, wishes: Wishes, asker: Asker) -> Contact:
    """Do what the person has chosen: withdraw what they no longer tick, record what they newly agree to, in the words
    that stood there, and keep how they want to be reached.

    Raises Conflict, with nothing done, when the words of something newly ticked have changed since they were read;
    NotFound.
    """
    contact = locked(session, contact_id)
    _agree(session, now, contact, wishes, asker)
    for purpose in sorted(wishes.shown - wishes.keep):
        consent.withdraw(session, now, contact=contact, method=METHOD, purpose=purpose, **asker.trace())
    values = {
        "channel": wishes.channel,
        "call_hours": wishes.call_hours if wishes.channel == "phone" else None,
        "name": wishes.name,
        "phone": wishes.phone,
    }
    # A page that does not ask for something leaves it as it is.
    given = {name: value for name, value in values.items() if value is not None or name == "call_hours"}
    if wishes.channel is None:
        given.pop("call_hours")
    _change(session, now, contact, asker, **given)
    _keep_topics(session, contact)
    return contact


def stop_everything(session: Session, now: datetime, *, contact_id: int, asker: Asker) -> Contact:
    """Withdraw every purpose there is, at once. Raises NotFound."""
    contact = locked(session, contact_id)
    consent.withdraw(session, now, contact=contact, method=METHOD, **asker.trace())
    contact.active_at = now
    return contact


def pause(session: Session, now: datetime, *, contact_id: int, days: int, asker: Asker) -> Contact:
    """Hold back the news for 30 or 90 days; 0 ends a pause, and what was held back is sent. What the person asks for
    themselves, such as a receipt, comes all the same. Raises Invalid, NotFound."""
    if days not in (0, *rules.PAUSES):
        raise Invalid(_("Choose 30 or 90 days."))
    contact = locked(session, contact_id)
    _change(session, now, contact, asker, paused_until=now + timedelta(days=days) if days else None)
    if not days:
        mail.end_wait(session, now, contact=contact.public_id)
    return contact


# ---- mail that waits (hooks, filled by jobs.py and app.py) -----------------------------------------------------------


def withdrawn(session: Session, now: datetime, *, site_id: int, contact: Contact, purposes: Sequence[str]) -> None:  # noqa: ARG001 the hook's signature
    """Somebody has withdrawn these purposes, in whatever way: what rests on them and is not handed over never will
    be."""
    mail.stop_resting_on(session, now, contact=contact.public_id, purposes=purposes)
    if contact.topics:
        contact.topics = [topic for topic in contact.topics if topic not in purposes]


def mail_wanted(session: Session, now: datetime, email: Email) -> mail.Answer:
    """Whether a mail that rests on a consent may go: the consent holds, the contact is there, wants mail, and has made
    no pause. Pauses and channels are about news; what somebody asked for by itself, such as a ticket, is no news."""
    if email.contact is None or email.purpose is None:
        return "yes"
    contact = session.scalar(
        select(Contact).where(Contact.public_id == email.contact).execution_options(populate_existing=True)
    )
    if contact is None or not agreed.holds(session, contact.id, email.purpose):
        return "no"
    if queries.asked_for(email.purpose) and "List-Unsubscribe" not in email.headers:
        return "yes"
    if contact.channel != "mail":
        return "no"
    return contact.paused_until if contact.paused_until and contact.paused_until > now else "yes"


# ---- parts -----------------------------------------------------------------------------------------------------------


def locked(session: Session, contact_id: int) -> Contact:
    """The contact, whom nobody else changes until the commit. Raises NotFound when they were erased."""
    contact = session.scalar(
        select(Contact).where(Contact.id == contact_id).with_for_update().execution_options(populate_existing=True)
    )
    if contact is None:
        raise NotFound(_("Nothing is kept under this link (any more)."))
    return contact


def _agree(session: Session, now: datetime, contact: Contact, wishes: Wishes, asker: Asker) -> None:
    if not wishes.agree:
        return
    site = sites.by_id(session, contact.site_id)
    holding = agreed.granted_purposes(session, contact.id)
    offered = {(one.purpose, one.version): one for one in queries.choices(session, site, contact).offered}
    for purpose, version in sorted(wishes.agree):
        if purpose in holding:
            continue  # pressed twice
        if (purpose, version) not in offered:
            raise Conflict(_("The words have changed meanwhile. Please read them again."))
        one = offered[purpose, version]
        consent.record(
            session,
            now,
            contact=contact,
            action="grant",
            purpose=purpose,
            method=METHOD,
            statement=one.statement,
            statement_version=one.version,
            form_slug=one.form_slug,
            form_version=one.form_version,
            **asker.trace(),
        )
    if contact.status == "unsubscribed":
        contact.status = "confirmed"


def _keep_topics(session: Session, contact: Contact) -> None:
    known = queries.topics(session, contact.site_id)
    held = sorted(known & agreed.granted_purposes(session, contact.id))
    if known and contact.topics != held:
        contact.topics = held


def _change(session: Session, now: datetime, contact: Contact, asker: Asker, **values: Any) -> None:
    before = {name: getattr(contact, name) for name in values}
    changes = {name: value for name, value in values.items() if value != before[name]}
    contact.active_at = now
    if not changes:
        session.flush()
        return
    for name, value in changes.items():
        setattr(contact, name, value)
    contact.updated_at = now
    session.flush()
    what = {name: {"from": _plain(before[name]), "to": _plain(value)} for name, value in changes.items()}
    consent.changed(session, now, contact=contact, what=what, method=METHOD, **asker.trace())


def _plain(value: Any) -> Any:
    return clock.wire(value) if isinstance(value, datetime) else value
