"""The table of confirmations."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, false
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
    mailbox: Mapped[str | None] = mapped_column(String(64))  # a keyed digest of the mailbox, as mail_caps counts it
    # What spoke for a program and not a person pressing the button; and whether the code was asked for then.
    signals: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    asked_code: Mapped[bool] = mapped_column(default=False, server_default=false())
