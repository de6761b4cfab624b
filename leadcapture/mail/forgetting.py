"""Erasing a person's mails, and remembering in a form that nobody can read that their address was erased."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import String, cast, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from leadcapture.addresses import Address
from leadcapture.mail import naming, queries
from leadcapture.mail.models import Email, MailOpen, NamedAddress, Suppression

AT_ONCE = 500  # ids in one statement


def forget_person(
    session: Session, now: datetime, *, site_id: int, contact: str, address: Address, about: Collection[str]
) -> None:
    """Erase the site's mails to this contact (a public id) and this address, those about the things with these public
    ids, and those to others that name the address; and what was noted of who opened them."""
    theirs = (Email.contact == contact) | (Email.to_key == address.key)
    session.execute(delete(Email).where(Email.site_id == site_id, theirs))
    ids = [contact, *about]
    for begin in range(0, len(ids), AT_ONCE):
        part = ids[begin : begin + AT_ONCE]
        session.execute(delete(Email).where(Email.site_id == site_id, Email.about.in_(part)))
        session.execute(delete(MailOpen).where(MailOpen.about.in_(part)))
    session.execute(delete(Email).where(Email.id.in_(_naming(session, site_id, address))))


def remember_erased(session: Session, now: datetime, *, site_id: int, email_key: str) -> None:
    """Keep a keyed digest of an erased address in place of all that is known of it, so that no import brings the person
    back. What they do themselves is not hindered by it."""
    session.execute(delete(Suppression).where(Suppression.site_id == site_id, Suppression.email_key == email_key))
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    session.execute(
        dialect.insert(Suppression)
        .values(
            site_id=site_id, email_key=queries.erasure_marks(site_id, email_key)[0], reason="erasure", created_at=now
        )
        .on_conflict_do_nothing(index_elements=["site_id", "email_key"])
    )


def _naming(session: Session, site_id: int, address: Address) -> list[int]:
    """The internal ids of the site's mails to others, such as the shop, that have the address in them."""
    said = {address.typed.lower(), address.key}
    places = (Email.text, Email.html, Email.subject, Email.reply_to, cast(Email.headers, String))
    named = select(NamedAddress.email_id).where(NamedAddress.address.in_(naming.marks_of(address)))
    found = session.execute(select(Email.id, *places).where(Email.id.in_(named), Email.site_id == site_id))
    # Not where it is a part of somebody else's: ann@example.org stands in joann@example.org too.
    alone = re.compile("|".join(rf"(?<![\w.+%-]){re.escape(one)}(?![\w-]|\.\w)" for one in said))
    return [row[0] for row in found if alone.search("\n".join(text or "" for text in row[1:]).lower())]
