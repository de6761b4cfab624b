"""Erasing a person: everything that any slice holds of them (GDPR art. 17), with a proof in the ledger that it was
done, and nothing that says who it was."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import gevent
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from leadcapture import clock, db, uploads
from leadcapture.addresses import Address
from leadcapture.chat import files
from leadcapture.chat import forgetting as chat
from leadcapture.consent import operations as consent
from leadcapture.contacts.models import AddressChange, Contact
from leadcapture.forms import forgetting as forms
from leadcapture.imports.models import Import, Quarantined
from leadcapture.mail import forgetting as mail
from leadcapture.repermission.models import PermissionAsk, PermissionCampaign

REASONS = ("person", "operator", "retention")  # who wanted it


def erase(session: Session, now: datetime, *, contact: Contact, reason: str) -> bool:
    """Erase the contact and all that is held of them, `reason` one of REASONS; False when they were erased before.

    Of their consents the ledger keeps that there were some, and salted hashes that lead to nobody. A keyed digest of
    the address stays, so that no import brings them back; their own act still can. The bytes of files they sent go with
    the next `files.sweep_due`; for a person who waits there is `erase_now`.
    """
    known = session.scalar(
        select(Contact).where(Contact.id == contact.id).with_for_update().execution_options(populate_existing=True)
    )
    if known is None:
        return False
    site_id, public_id = known.site_id, known.public_id
    address = Address(typed=known.email, key=known.email_key)
    consent.hold(session, site_id)
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
    consent.erase_person(session, now, site_id=site_id, subjects=[public_id, *sent.submissions], reason=reason)
    return True


def erase_now(contact: Contact, reason: str) -> bool:
    """For edges: erase in a transaction, and what lies in the folder of uploads: files sent into chats, and imported
    files and reports that name the address. Of an import that is not over the file stays for its days; it brings
    nobody back."""
    now = clock.now()
    with db.read() as session:
        lists = _lists_naming(session, contact)
    done = db.write(erase, now, contact=contact, reason=reason)
    for name in db.write(_give_up_lists, now, import_ids=lists):
        uploads.drop(name)
    files.sweep_due(now)
    chat.purge_index(now)
    return done


def _lists_naming(session: Session, contact: Contact) -> list[int]:
    """The internal ids of the site's imports that are over and whose file or report has the contact's address in it."""
    over = select(Import).where(Import.site_id == contact.site_id, Import.state.in_(("done", "failed", "cancelled")))
    said = {contact.email.lower(), contact.email_key}
    # Reading files of half a gigabyte takes a second; meanwhile the process answers others.
    pool = gevent.get_hub().threadpool
    return [
        found.id
        for found in session.scalars(over).all()
        if any(
            pool.apply(_names, (stored, said, encoding))
            for stored, encoding in ((found.stored, found.encoding), (found.report, "utf-8"))
            if stored
        )
    ]


def _names(stored: str, said: Collection[str], encoding: str) -> bool:
    try:
        path = uploads.path_of(stored)
    except FileNotFoundError:
        return False
    with path.open(encoding=encoding or "utf-8", errors="replace") as file:
        return any(one in line.lower() for line in file for one in said)


def _give_up_lists(session: Session, now: datetime, *, import_ids: Collection[int]) -> list[str]:
    """Forget the files of these imports; returns the names of the uploads to drop after the commit."""
    found = session.scalars(select(Import).where(Import.id.in_(import_ids)).with_for_update()).all()
    names = [name for one in found for name in (one.stored, one.report) if name]
    for one in found:
        one.stored = one.report = None
    return names


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
