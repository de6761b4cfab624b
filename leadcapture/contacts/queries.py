"""Reading contacts."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from leadcapture.contacts.models import Contact
from leadcapture.errors import NotFound


def by_public_id(session: Session, site_id: int, public_id: str) -> Contact:
    """The site's contact with that id. Raises NotFound."""
    return _found(session.scalar(select(Contact).where(Contact.site_id == site_id, Contact.public_id == public_id)))


def by_token_id(session: Session, public_id: str) -> Contact:
    """The contact that a signed token names, of whichever site. Raises NotFound when it was erased."""
    return _found(session.scalar(select(Contact).where(Contact.public_id == public_id)))


def by_email(session: Session, site_id: int, email_key: str) -> Contact | None:
    """The site's contact with that address (as compared); None when there is none."""
    return session.scalar(select(Contact).where(Contact.site_id == site_id, Contact.email_key == email_key))


def count(session: Session, site_id: int) -> int:
    """How many contacts the site has."""
    return session.scalar(select(func.count()).select_from(Contact).where(Contact.site_id == site_id)) or 0


def _found(contact: Contact | None) -> Contact:
    if contact is None:
        raise NotFound("No such contact.")
    return contact
