"""Reading contacts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from leadcapture.contacts import rules
from leadcapture.contacts.models import Contact
from leadcapture.errors import NotFound

PAGE = 50
STATUSES = ("confirmed", "unsubscribed", "suppressed")


def by_public_id(session: Session, site_id: int, public_id: str) -> Contact:
    """The site's contact with that id. Raises NotFound."""
    return _found(session.scalar(select(Contact).where(Contact.site_id == site_id, Contact.public_id == public_id)))


def by_token_id(session: Session, public_id: str) -> Contact:
    """The contact that a signed token names, of whichever site. Raises NotFound when it was erased."""
    return _found(session.scalar(select(Contact).where(Contact.public_id == public_id)))


def by_email(session: Session, site_id: int, email_key: str) -> Contact | None:
    """The site's contact with that address (as compared); None when there is none."""
    return session.scalar(select(Contact).where(Contact.site_id == site_id, Contact.email_key == email_key))


def page(
    session: Session,
    site_id: int,
    *,
    before_id: int | None = None,
    search: str = "",
    status: str | None = None,
    where: ColumnElement[bool] | None = None,
    limit: int = PAGE,
) -> tuple[Sequence[Contact], int | None]:
    """The newest contacts of the site before that internal id, and the `before_id` of the next page (None: that was
    all).

    `search` is looked for anywhere in name, address and phone number, whatever the case; `where` is a condition of a
    slice above, such as what they agree to.
    """
    query = select(Contact).where(Contact.site_id == site_id)
    for word in search.split():
        query = query.where(
            or_(
                *(func.lower(Contact.name).contains(spelt, autoescape=True) for spelt in rules.spellings(word)),
                *(func.lower(Contact.email).contains(spelt, autoescape=True) for spelt in rules.spellings(word)),
                Contact.email_key.contains(word.casefold(), autoescape=True),
                Contact.phone.contains(word, autoescape=True),
            )
        )
    if status in STATUSES:
        query = query.where(Contact.status == status)
    if where is not None:
        query = query.where(where)
    if before_id is not None:
        query = query.where(Contact.id < before_id)
    found = session.scalars(query.order_by(Contact.id.desc()).limit(limit + 1)).all()
    return found[:limit], found[limit - 1].id if len(found) > limit else None


def count(session: Session, site_id: int) -> int:
    """How many contacts the site has."""
    return session.scalar(select(func.count()).select_from(Contact).where(Contact.site_id == site_id)) or 0


def export_rows(
    session: Session, site_id: int
) -> Iterator[tuple[str, str, str, str, str, datetime, str, dict[str, Any]]]:
    """Every contact of the site, oldest first, a thousand at a time: email, name, phone, status, language,
    confirmed_at, source, attributes."""
    columns = (
        Contact.email,
        Contact.name,
        Contact.phone,
        Contact.status,
        Contact.language,
        Contact.confirmed_at,
        Contact.source,
        Contact.attributes,
    )
    rows = session.execute(
        select(*columns).where(Contact.site_id == site_id).order_by(Contact.id).execution_options(yield_per=1000)
    )
    for row in rows:
        yield tuple(row)


def _found(contact: Contact | None) -> Contact:
    if contact is None:
        raise NotFound("No such contact.")
    return contact
