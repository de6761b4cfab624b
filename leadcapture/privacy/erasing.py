"""Erasing a person: everything that any slice holds of them (GDPR art. 17), with a proof in the ledger that it was
done, and nothing that says who it was."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from leadcapture import clock, db
from leadcapture.addresses import Address
from leadcapture.chat import files
from leadcapture.chat import forgetting as chat
from leadcapture.consent import operations as consent
from leadcapture.contacts.models import AddressChange, Contact
from leadcapture.forms import forgetting as forms
from leadcapture.imports.models import Quarantined
from leadcapture.mail import forgetting as mail
from leadcapture.repermission.models import PermissionAsk, PermissionCampaign

REASONS = ("person", "operator", "retention")  # who wanted it


def erase(session: Session, now: datetime, *, contact: Contact, reason: str) -> bool:
    """Erase the contact and all that is held of them, `reason` one of REASONS; False when they were erased before.

    Of their consents the ledger keeps that there were some, and salted hashes that lead to nobody. A keyed digest of
    the address stays, so that no import brings them back; their own act still can. The bytes of files they sent go with
    the next `files.sweep_due`: whoever calls this for a person who waits runs it after the commit (`erase_now`).
    """
    known = session.scalar(
        select(Contact).where(Contact.id == contact.id).with_for_update().execution_options(populate_existing=True)
    )
    if known is None:
        return False
    site_id, public_id = known.site_id, known.public_id
    address = Address(typed=known.email, key=known.email_key)
    sent = forms.forget_person(session, now, site_id=site_id, contact_id=known.id, email_key=address.key)
    conversations, messages = chat.forget_person(session, now, site_id=site_id, contact_id=known.id, address=address)
    changes = session.scalars(
        delete(AddressChange).where(AddressChange.contact_id == known.id).returning(AddressChange.public_id)
    ).all()
    asks = _forget_questions(session, site_id, known.id, address)
    mail.forget_person(
        session,
        now,
        site_id=site_id,
        contact=public_id,
        address=address,
        about=[*sent.submissions, *sent.confirmations, *conversations, *messages, *changes, *asks],
    )
    mail.remember_erased(session, now, site_id=site_id, email_key=address.key)
    session.execute(delete(Contact).where(Contact.id == known.id))
    session.expunge(known)
    # Last, for it holds the end of the ledger until the commit.
    consent.erase_person(session, now, site_id=site_id, subjects=[public_id, *sent.submissions], reason=reason)
    return True


def erase_now(contact: Contact, reason: str) -> bool:
    """For edges: erase in a transaction, and then what lies in the folder of uploads."""
    done = db.write(erase, clock.now(), contact=contact, reason=reason)
    files.sweep_due(clock.now())
    return done


def _forget_questions(session: Session, site_id: int, contact_id: int, address: Address) -> list[str]:
    """Erase that the person was asked for their consent (again), and their row of the quarantine; the public ids of the
    questions."""
    campaigns = select(PermissionCampaign.id).where(PermissionCampaign.site_id == site_id)
    same = func.lower(PermissionAsk.email).in_({address.typed.lower(), address.key})
    theirs = (PermissionAsk.contact_id == contact_id) | same
    asks = session.scalars(
        delete(PermissionAsk)
        .where(PermissionAsk.campaign_id.in_(campaigns), theirs)
        .returning(PermissionAsk.public_id)
        .execution_options(synchronize_session=False)
    ).all()
    session.execute(delete(Quarantined).where(Quarantined.site_id == site_id, Quarantined.email_key == address.key))
    return list(asks)
