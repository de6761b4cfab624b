"""The append-only table of consents. Triggers made by the migration refuse UPDATE and DELETE."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from leadcapture.contacts.models import Contact
from leadcapture.db import Base
from leadcapture.sites.models import Site


class Consent(Base):
    """One grant or withdrawal for one purpose, with everything that proves it (GDPR art. 7(1))."""

    __tablename__ = "consents"
    __table_args__ = (Index("ix_consents_contact_purpose", "contact_id", "purpose", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(40), unique=True)
    site_id: Mapped[int] = mapped_column(ForeignKey(Site.id), index=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey(Contact.id))
    action: Mapped[str] = mapped_column(String(10))  # grant, withdraw
    purpose: Mapped[str] = mapped_column(String(60))
    statement: Mapped[str] = mapped_column(Text, default="")  # the exact words that were shown
    statement_version: Mapped[str] = mapped_column(String(40), default="")
    method: Mapped[str] = mapped_column(String(20))  # button, code, unsubscribe_link, one_click, preferences, operator
    form_slug: Mapped[str] = mapped_column(String(80), default="")
    form_version: Mapped[int | None]
    page_url: Mapped[str] = mapped_column(String(2000), default="")
    ip: Mapped[str | None] = mapped_column(String(45))
    user_agent: Mapped[str] = mapped_column(String(400), default="")
    # The mail that asked for the confirmation, as it was sent: a copy, so that emptying the outbox keeps the proof.
    email_public_id: Mapped[str | None] = mapped_column(String(40))
    email_subject: Mapped[str] = mapped_column(String(300), default="")
    email_text: Mapped[str] = mapped_column(Text, default="")
    submission_public_id: Mapped[str | None] = mapped_column(String(40))
    requested_at: Mapped[datetime | None]
    at: Mapped[datetime]  # of the confirmation, or of the withdrawal
