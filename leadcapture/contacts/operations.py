"""Contacts come to be by a person's confirmation and by nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from leadcapture import ids
from leadcapture.addresses import Address
from leadcapture.contacts import rules
from leadcapture.contacts.models import Contact

A_DAY = timedelta(days=1)


def upsert_confirmed(
    session: Session,
    now: datetime,
    *,
    site_id: int,
    address: Address,
    name: str = "",
    phone: str = "",
    language: str = "en",
    source: str = "",
    attributes: Mapping[str, Any] | None = None,
) -> Contact:
    """The contact with this address, which its owner has just confirmed: a new one, or the known one with what is new.

    The time of the first confirmation and the first source stay. Who had left is back, for only the person's own act
    leads here. Two confirmations at the same moment make one contact.
    """
    values = {
        "public_id": ids.new("contact"),
        "site_id": site_id,
        "email": address.typed,
        "email_key": address.key,
        "name": name,
        "phone": phone,
        "language": language,
        "status": "confirmed",
        "source": source,
        "attributes": dict(attributes or {}),
        "confirmed_at": now,
        "active_at": now,
        "created_at": now,
        "updated_at": now,
    }
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    session.execute(
        dialect.insert(Contact).values(values).on_conflict_do_nothing(index_elements=["site_id", "email_key"])
    )
    contact = session.scalars(
        select(Contact)
        .where(Contact.site_id == site_id, Contact.email_key == address.key)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    if contact.public_id != values["public_id"]:
        contact.email = address.typed
        contact.name = rules.merged(contact.name, name)
        contact.phone = rules.merged(contact.phone, phone)
        contact.language = rules.merged(contact.language, language)
        contact.attributes = rules.merged_attributes(contact.attributes, attributes or {})
        contact.status = "confirmed"
        contact.updated_at = contact.active_at = now
        session.flush()
    return contact


def suppress(session: Session, now: datetime, *, site_id: int, email_key: str) -> None:
    """Show the contact of an address that must not be mailed any more (it bounced, it complained) as suppressed."""
    session.execute(
        update(Contact)
        .where(Contact.site_id == site_id, Contact.email_key == email_key)
        .values(status="suppressed", updated_at=now)
    )


def heard_of(session: Session, now: datetime, *, contact_id: int) -> None:
    """Note that the person did something today: what nobody hears of for long enough is forgotten. Once a day, so that
    a lively chat writes no more than it must."""
    session.execute(
        update(Contact)
        .where(Contact.id == contact_id, Contact.active_at < now - A_DAY)
        .values(active_at=now)
        .execution_options(synchronize_session=False)
    )
