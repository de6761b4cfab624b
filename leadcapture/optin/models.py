"""The table of confirmations."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from leadcapture.db import Base
from leadcapture.mail.models import Email
from leadcapture.sites.models import Site


class Confirmation(Base):
    """A request to prove control of an address; the row makes its link and its code single-use."""

    __tablename__ = "confirmations"
    __table_args__ = (
        Index("ix_confirmations_expiry", "status", "expires_at"),
        Index("ix_confirmations_address", "email_key", "requested_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(40), unique=True)
    site_id: Mapped[int] = mapped_column(ForeignKey(Site.id, ondelete="CASCADE"))
    email: Mapped[str] = mapped_column(String(320))
    email_key: Mapped[str] = mapped_column(String(320))
    status: Mapped[str] = mapped_column(String(10), default="pending")  # pending, confirmed, expired
    code_digest: Mapped[str] = mapped_column(String(64))
    code_tries: Mapped[int] = mapped_column(default=0)
    method: Mapped[str | None] = mapped_column(String(10))  # button, code
    requested_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    # The newest mail that carried this confirmation; none while the cap held it back.
    email_id: Mapped[int | None] = mapped_column(ForeignKey(Email.id, ondelete="SET NULL"), index=True)
    mailed_at: Mapped[datetime | None]
    mails: Mapped[int] = mapped_column(default=0)
    # The code of the mail before, which works until the newest mail is due: nobody is left without one meanwhile.
    code_before: Mapped[str] = mapped_column(String(64), default="", server_default="")
