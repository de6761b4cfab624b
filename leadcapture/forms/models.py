"""The tables of forms, their versions, and submissions."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from leadcapture.chat.models import Conversation
from leadcapture.contacts.models import Contact
from leadcapture.db import Base
from leadcapture.optin.models import Confirmation
from leadcapture.sites.models import Site

_HELD = text("held_at IS NOT NULL")


class Form(Base):
    """A configured instance of a kind. `settings` are what its kind's settings form validated."""

    __tablename__ = "forms"
    __table_args__ = (UniqueConstraint("site_id", "slug"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(40), unique=True)
    site_id: Mapped[int] = mapped_column(ForeignKey(Site.id, ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(40))
    slug: Mapped[str] = mapped_column(String(80))
    title: Mapped[str] = mapped_column(String(160))
    settings: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    version: Mapped[int] = mapped_column(default=1)
    published: Mapped[bool] = mapped_column(default=False)
    inline: Mapped[bool] = mapped_column(default=True)  # whether the snippet may paint it into a page
    # Where and when it shows itself on pages; the shape is forms/placement.py's.
    placement: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    short: Mapped[str] = mapped_column(String(12), unique=True)  # the code of its short link
    archived_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class FormVersion(Base):
    """What a form looked like under one version number, so that a submission can show what was agreed to."""

    __tablename__ = "form_versions"
    __table_args__ = (UniqueConstraint("form_id", "version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    form_id: Mapped[int] = mapped_column(ForeignKey(Form.id, ondelete="CASCADE"))
    version: Mapped[int]
    title: Mapped[str] = mapped_column(String(160))
    settings: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime]


class Submission(Base):
    """One filled form, with the evidence of it. Pending ones are purged when their confirmation expires."""

    __tablename__ = "submissions"
    __table_args__ = (
        Index("ix_submissions_site_recent", "site_id", "id"),
        Index("ix_submissions_site_created", "site_id", "created_at", "form_id", "status", "confirmed_at"),
        # The few that are held, of a million that are not.
        Index("ix_submissions_held", "site_id", "id", sqlite_where=_HELD, postgresql_where=_HELD),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(40), unique=True)
    site_id: Mapped[int] = mapped_column(ForeignKey(Site.id, ondelete="CASCADE"))
    form_id: Mapped[int] = mapped_column(ForeignKey(Form.id, ondelete="CASCADE"), index=True)
    form_version: Mapped[int]
    confirmation_id: Mapped[int | None] = mapped_column(ForeignKey(Confirmation.id, ondelete="SET NULL"), index=True)
    status: Mapped[str] = mapped_column(String(10), default="pending")  # held, pending, confirmed, expired
    email: Mapped[str] = mapped_column(String(320))
    email_key: Mapped[str] = mapped_column(String(320), index=True)
    name: Mapped[str] = mapped_column(String(120), default="")
    phone: Mapped[str] = mapped_column(String(40), default="")
    language: Mapped[str] = mapped_column(String(8))
    data: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # the kind's own fields
    # [{"purpose", "statement", "version"}]: exactly what was shown and agreed to.
    consents: Mapped[list[dict[str, str]]] = mapped_column(JSON, default=list)
    page_url: Mapped[str] = mapped_column(String(2000), default="")
    ip: Mapped[str | None] = mapped_column(String(45))
    user_agent: Mapped[str] = mapped_column(String(400), default="")
    contact_id: Mapped[int | None] = mapped_column(ForeignKey(Contact.id, ondelete="SET NULL"), index=True)
    conversation_id: Mapped[int | None] = mapped_column(ForeignKey(Conversation.id, ondelete="SET NULL"))
    result: Mapped[dict[str, Any] | None] = mapped_column(
        JSON(none_as_null=True)
    )  # what the open panel shows once confirmed
    created_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    # Held as spam: since when, why and what it goes on with (forms/held.py), and what a person decided.
    held_at: Mapped[datetime | None] = mapped_column(index=True)
    held_why: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    spam: Mapped[bool | None]
