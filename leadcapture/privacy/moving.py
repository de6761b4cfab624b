"""Another address for a contact: asked for with their link, and done by whoever reads the new address, by nobody else.

Whatever the new address is, who asks is told the same. Where it is another contact's already, the two are not made one:
whoever had somebody else's link could read that person's record so. Who has proven that both are theirs is shown the
way to the other one, and each stays as it is.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from leadcapture import db, ids, signing
from leadcapture.addresses import Address
from leadcapture.chat import mailing as chat
from leadcapture.consent import operations as consent
from leadcapture.consent import queries as agreed
from leadcapture.contacts import queries as contacts
from leadcapture.contacts.models import AddressChange, Contact
from leadcapture.errors import Invalid, NotFound, RateLimited
from leadcapture.i18n import gettext as _
from leadcapture.mail import caps, transports
from leadcapture.mail import operations as mail
from leadcapture.mail.rules import greeting_name
from leadcapture.optin import rules as optin
from leadcapture.privacy import queries, rules
from leadcapture.privacy.preferences import Asker, locked
from leadcapture.sites import queries as sites
from leadcapture.sites.models import Site


@dataclass(frozen=True)
class Moved:
    """What became of a change: the contact, known by the new address now; or `other`, the contact who had that address
    before and stays who they are."""

    contact: Contact
    other: Contact | None = None


def request(session: Session, now: datetime, *, contact_id: int, address: Address) -> None:
    """Mail the new address a link and a code, and the old one a note. A newer wish takes the place of an older one.

    Does nothing where the address is the contact's own. Raises RateLimited, NotFound.
    """
    contact = locked(session, contact_id)
    if address.key == contact.email_key:
        return
    if queries.changes_since(session, contact.id, now - timedelta(days=1)) >= rules.CHANGES_A_DAY:
        raise RateLimited(_("The address was changed several times today. Try again tomorrow."), retry_after=24 * 3600)
    site = sites.by_id(session, contact.site_id)
    withdraw(session, now, contact_id=contact.id)
    public_id, code = ids.new("address_change"), optin.new_code(secrets.randbelow)
    session.add(
        AddressChange(
            public_id=public_id,
            contact_id=contact.id,
            email=address.typed,
            email_key=address.key,
            code_digest=signing.digest("address-change", f"{public_id}:{code}"),
            requested_at=now,
            expires_at=now + rules.CHANGE_HOLDS,
        )
    )
    session.flush()
    _ask(session, now, site, contact, address, public_id, code)
    _note(session, now, site, contact, Address(contact.email, contact.email_key), address.typed, done=False)


def withdraw(session: Session, now: datetime, *, contact_id: int) -> None:
    """Give up the changes of address that wait for a confirmation; their mails go too."""
    waiting = session.scalars(
        update(AddressChange)
        .where(AddressChange.contact_id == contact_id, AddressChange.confirmed_at.is_(None))
        # What was asked for counts for the day; where to is kept no longer than it must be.
        .values(email="", email_key="", code_digest="", expires_at=now)
        .returning(AddressChange.public_id)
        .execution_options(synchronize_session=False)
    ).all()
    mail.forget(session, now, about=list(waiting))


def sweep(session: Session, now: datetime) -> None:
    """Forget the changes that were not confirmed in their days, and those done long ago, with their mails."""
    over = AddressChange.expires_at <= now - timedelta(days=1)
    gone = session.scalars(delete(AddressChange).where(over).returning(AddressChange.public_id)).all()
    mail.forget(session, now, about=list(gone))


def sweep_due(now: datetime) -> None:
    """The job: forget what was not confirmed."""
    db.write(sweep, now)


def confirm(session: Session, now: datetime, *, public_id: str, asker: Asker, method: str = "button") -> Moved:
    """The new address is confirmed, by the mailed link's button or by the code: the contact is known by it from now on.
    Again is the same. Raises optin's Expired, NotFound."""
    found = queries.change(session, public_id)
    if found is None:
        raise NotFound(_("This link is not valid."))
    contact = locked(session, found[1].id)
    change, _contact = queries.change(session, public_id) or found
    if change.confirmed_at is not None:
        return Moved(contact, _other(session, contact, change))
    if change.expires_at <= now or not change.email:
        raise optin.Expired(_("This link has expired."))
    change.confirmed_at = now
    other = _other(session, contact, change)
    if other is None and not _take(session, now, contact, Address(change.email, change.email_key), method, asker):
        other = contacts.by_email(session, contact.site_id, change.email_key)
    session.flush()
    return Moved(contact, other)


def confirm_by_code(session: Session, now: datetime, *, contact_id: int, code: str, asker: Asker) -> Moved | Invalid:
    """As `confirm`, by the code out of the mail to the new address. A refusal is returned, not raised, for its try must
    be counted."""
    change = queries.pending_change(session, now, contact_id)
    if change is None:
        return Invalid(_("This code has expired."), code="expired")
    counted = session.scalar(
        update(AddressChange)
        .where(AddressChange.id == change.id, AddressChange.tries < rules.TRIES)
        .values(tries=AddressChange.tries + 1)
        .returning(AddressChange.id)
        .execution_options(synchronize_session=False)
    )
    if counted is None:
        return Invalid(_("Too many tries. Ask for a new code."), code="too_many_tries")
    typed = f"{change.public_id}:{optin.typed_code(code)}"
    if not signing.digest_matches("address-change", typed, change.code_digest):
        return Invalid(_("This is not the code from the mail."), code="wrong_code")
    return confirm(session, now, public_id=change.public_id, asker=asker, method="code")


def _other(session: Session, contact: Contact, change: AddressChange) -> Contact | None:
    """Somebody else of the site who is known by that address."""
    known = contacts.by_email(session, contact.site_id, change.email_key)
    return known if known is not None and known.id != contact.id else None


def _take(session: Session, now: datetime, contact: Contact, to: Address, method: str, asker: Asker) -> bool:
    """Make it the contact's address; False when somebody else took it at this very moment."""
    before = Address(contact.email, contact.email_key)
    try:
        with session.begin_nested():
            session.execute(
                update(Contact)
                .where(Contact.id == contact.id)
                .values(email=to.typed, email_key=to.key, updated_at=now, active_at=now)
            )
    except IntegrityError:
        return False
    session.refresh(contact)
    if contact.status == "suppressed":
        # What bounced was the old address.
        contact.status = "confirmed" if agreed.granted_purposes(session, contact.id) else "unsubscribed"
    chat.readdress(session, now, contact_id=contact.id, before=before, to=to)
    mail.readdress(session, now, contact=contact.public_id, to=to)
    site = sites.by_id(session, contact.site_id)
    _note(session, now, site, contact, before, to.typed, done=True)
    what = {"email": {"from": before.typed, "to": to.typed}}
    consent.changed(session, now, contact=contact, what=what, method=method, **asker.trace())
    return True


def _ask(
    session: Session, now: datetime, site: Site, contact: Contact, address: Address, public_id: str, code: str
) -> None:
    due_at = caps.take(session, now, site=site, address=address)
    if due_at is None:
        return
    mail.enqueue(
        session,
        now,
        site=site,
        name="address_change",
        to=address,
        language=queries.language_of(contact, site),
        values={
            "name": greeting_name(contact.name),
            "old": rules.masked(contact.email),
            "link": f"{transports.public_url()}/address/{signing.sign('address-change', public_id)}",
            "code": code,
            "days": rules.CHANGE_HOLDS.days,
        },
        about=public_id,
        due_at=due_at,
    )


def _note(session: Session, now: datetime, site: Site, contact: Contact, to: Address, new: str, *, done: bool) -> None:
    # That it was done is always said, for by then there is no other way to notice; that it was asked for is capped.
    if not done and caps.take(session, now, site=site, address=to, confirmation=False) is None:
        return
    mail.enqueue(
        session,
        now,
        site=site,
        name="address_note",
        to=to,
        language=queries.language_of(contact, site),
        values={
            "name": greeting_name(contact.name),
            "new": rules.masked(new),
            "done": done,
            "preferences_url": f"{transports.public_url()}/preferences/"
            f"{signing.sign('preferences', contact.public_id)}",
        },
        # Not the contact's mail any more: it must go to the old address, whatever is readdressed.
        about=contact.public_id,
    )
