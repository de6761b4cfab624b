"""The table of members."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from leadcapture.contacts.models import Contact
from leadcapture.db import Base
from leadcapture.forms.models import Form


class Member(Base):
    """A contact's membership by one form. It stands while nobody has ended it and the consent to it holds."""

    __tablename__ = "members"
    __table_args__ = (UniqueConstraint("form_id", "contact_id"), UniqueConstraint("form_id", "number"))

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(40), unique=True)
    form_id: Mapped[int] = mapped_column(ForeignKey(Form.id, ondelete="CASCADE"))
    contact_id: Mapped[int] = mapped_column(ForeignKey(Contact.id, ondelete="CASCADE"), index=True)
    number: Mapped[int]  # 1, 2, 3 … in each form; kept for ever
    language: Mapped[str] = mapped_column(String(8))
    since: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str] = mapped_column(String(10), default="")  # member, owner; empty while it stands
