"""The table of contacts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from leadcapture.db import Base
from leadcapture.sites.models import Site


class Contact(Base):
    """A person known by a confirmed address. Who has not confirmed has no row here."""

    __tablename__ = "contacts"
    __table_args__ = (
        UniqueConstraint("site_id", "email_key"),
        Index("ix_contacts_site_recent", "site_id", "id"),
        Index("ix_contacts_site_status", "site_id", "status", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(40), unique=True)
    site_id: Mapped[int] = mapped_column(ForeignKey(Site.id, ondelete="CASCADE"))
    email: Mapped[str] = mapped_column(String(320))  # as typed
    email_key: Mapped[str] = mapped_column(String(320))  # as compared
    name: Mapped[str] = mapped_column(String(120), default="")
    phone: Mapped[str] = mapped_column(String(40), default="")
    language: Mapped[str] = mapped_column(String(8), default="en")
    status: Mapped[str] = mapped_column(String(12), default="confirmed")  # confirmed, unsubscribed, suppressed
    source: Mapped[str] = mapped_column(String(120), default="")  # the slug of the form that brought the person
    attributes: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    channel: Mapped[str] = mapped_column(
        String(6), default="mail", server_default="mail"
    )  # or phone, none: how to be reached
    call_hours: Mapped[dict[str, str] | None] = mapped_column(JSON(none_as_null=True))  # {"from": "09:00", "to": …}
    topics: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    paused_until: Mapped[datetime | None]
    import_id: Mapped[int | None] = mapped_column(index=True)  # the import that brought the person
    confirmed_at: Mapped[datetime]
    active_at: Mapped[datetime] = mapped_column(index=True)  # the last thing that was heard of the person
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class ContactWords(Base):
    """What is looked for in a contact: name, address and phone number, folded. Written by triggers alone, which also
    keep the index over it true (contacts/finding.py)."""

    __tablename__ = "contact_words"
    __table_args__ = ({"sqlite_with_rowid": False},)

    site_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    contact_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    words: Mapped[str] = mapped_column(Text)


class AddressChange(Base):
    """A contact's wish to be known by another address, until that address is confirmed."""

    __tablename__ = "address_changes"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(40), unique=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey(Contact.id, ondelete="CASCADE"), index=True)
    email: Mapped[str] = mapped_column(String(320))
    email_key: Mapped[str] = mapped_column(String(320))
    code_digest: Mapped[str] = mapped_column(String(64))
    tries: Mapped[int] = mapped_column(default=0)
    requested_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
