"""The table of contacts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from leadcapture.db import Base
from leadcapture.sites.models import Site


class Contact(Base):
    """A person known by a confirmed address. Who has not confirmed has no row here."""

    __tablename__ = "contacts"
    __table_args__ = (
        UniqueConstraint("site_id", "email_key"),
        Index("ix_contacts_site_recent", "site_id", "id"),
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
    confirmed_at: Mapped[datetime]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
