"""Contacts come to be by a person's confirmation and by nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, update
from sqlalchemy.orm import Session

from leadcapture import ids
from leadcapture.addresses import Address
from leadcapture.contacts import rules
from leadcapture.contacts.models import Contact
from leadcapture.prepared import Prepared, inserted, loaded

A_DAY = timedelta(days=1)

_TEXTS = ("name", "phone", "language")  # of a contact, which a newer one replaces

_contacts: Any = Contact.__table__
_GIVEN = (
    *("public_id", "site_id", "email", "email_key", "name", "phone", "language", "status", "source", "attributes"),
    *("channel", "confirmed_at", "active_at", "created_at", "updated_at"),
)


def _meeting(insert: Any) -> Any:
    """Insert a contact, or tell who is there what is new, but for the attributes: of each text the newer one, unless it
    says nothing."""
    made = insert(_contacts).values(inserted(_contacts, *_GIVEN))
    new = {name: made.excluded[name] for name in ("email", "status", "active_at", "updated_at")}
    texts = {name: func.coalesce(func.nullif(made.excluded[name], ""), _contacts.c[name]) for name in _TEXTS}
    told = made.on_conflict_do_update(index_elements=["site_id", "email_key"], set_={**new, **texts})
    return told.returning(*_contacts.c)


_met = Prepared(_meeting)


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
    A copy of the row, bound to no session; the row is held until the transaction ends.

    The time of the first confirmation and the first source stay. Who had left is back, for only the person's own act
    leads here. Two confirmations at the same moment make one contact.
    """
    values: dict[str, Any] = {
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
        "channel": "mail",
        "confirmed_at": now,
        "active_at": now,
        "created_at": now,
        "updated_at": now,
    }
    (found,) = _met.rows(session, values)
    row = dict(zip(_contacts.c.keys(), found, strict=True))
    if attributes and row["public_id"] != values["public_id"]:
        row["attributes"] = rules.merged_attributes(row["attributes"], attributes)
        changed = update(_contacts).where(_contacts.c.id == row["id"]).values(attributes=row["attributes"])
        session.connection().execute(changed)
    return loaded(Contact, row)


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
