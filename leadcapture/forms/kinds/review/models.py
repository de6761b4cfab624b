"""The table of reviews."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from leadcapture.contacts.models import Contact
from leadcapture.db import Base
from leadcapture.forms.models import Form
from leadcapture.sites.models import Site


class Review(Base):
    """What one person says about one thing: there is one review of an address in a form, a second takes its place. What
    the first said stays with the submission that it came by. `revision` counts the changes, so that nobody approves
    words they have not read."""

    __tablename__ = "reviews"
    __table_args__ = (
        UniqueConstraint("form_id", "contact_id"),
        Index("ix_reviews_form_state", "form_id", "state", "at", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(40), unique=True)
    site_id: Mapped[int] = mapped_column(ForeignKey(Site.id, ondelete="CASCADE"))
    form_id: Mapped[int] = mapped_column(ForeignKey(Form.id, ondelete="CASCADE"))
    contact_id: Mapped[int] = mapped_column(ForeignKey(Contact.id, ondelete="CASCADE"), index=True)
    state: Mapped[str] = mapped_column(String(10), default="waiting")  # waiting, approved, rejected, withdrawn
    revision: Mapped[int] = mapped_column(default=1)
    language: Mapped[str] = mapped_column(String(8))
    name: Mapped[str] = mapped_column(String(120))
    stars: Mapped[int]
    about: Mapped[str] = mapped_column(String(160), default="")
    text: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]  # when these words were confirmed
    told: Mapped[bool] = mapped_column(default=False)  # whether its author was mailed that these words are published
    answer: Mapped[str] = mapped_column(Text, default="")
    answered_at: Mapped[datetime | None]
