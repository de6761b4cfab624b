"""The tables of the outbox and of suppressions."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from leadcapture.db import Base
from leadcapture.sites.models import Site

STATES = ("queued", "sending", "sent", "deferred", "bounced", "suppressed", "failed", "ambiguous")

# Said in these very words wherever waiting mails are looked for: an index of some rows is used for nothing else.
WAITS = "status IN ('queued', 'deferred')"


class Email(Base):
    """An e-mail in the outbox: the row is the truth, there is no other queue."""

    __tablename__ = "emails"
    __table_args__ = (
        Index("ix_emails_due", "status", "due_at"),
        Index("ix_emails_site_recent", "site_id", "id"),
        Index("ix_emails_site_status", "site_id", "status", "id"),
        # What waits, the longest due first: workers look there every half second, whatever else the outbox holds.
        Index("ix_emails_waiting", "due_at", "id", sqlite_where=sql(WAITS), postgresql_where=sql(WAITS)),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(40), unique=True)
    site_id: Mapped[int] = mapped_column(ForeignKey(Site.id, ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(40))  # which template: "confirmation", "offline_question", …
    language: Mapped[str] = mapped_column(String(8))
    to_email: Mapped[str] = mapped_column(String(320))
    to_key: Mapped[str] = mapped_column(String(320), index=True)
    to_name: Mapped[str] = mapped_column(String(120), default="")
    from_email: Mapped[str] = mapped_column(String(320))
    from_name: Mapped[str] = mapped_column(String(120), default="")
    reply_to: Mapped[str | None] = mapped_column(String(320))
    subject: Mapped[str] = mapped_column(String(300))
    text: Mapped[str] = mapped_column(Text)
    html: Mapped[str] = mapped_column(Text)
    headers: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    # [{"filename", "content_type", "content"}], text alone; None for most mails.
    attachments: Mapped[list[dict[str, str]] | None] = mapped_column(JSON(none_as_null=True))
    message_id: Mapped[str] = mapped_column(String(200))
    # The public id of what the mail is about (a confirmation): when that goes, its mails go with it.
    about: Mapped[str | None] = mapped_column(String(40), index=True)
    # The contact (its public id) and the purpose whose consent the mail rests on; None: it rests on none.
    contact: Mapped[str | None] = mapped_column(String(40), index=True)
    purpose: Mapped[str | None] = mapped_column(String(60))
    status: Mapped[str] = mapped_column(String(12), default="queued")
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime]
    claimed_at: Mapped[datetime | None]
    # The worker that claimed the row, and whether DATA had begun: after a crash this tells "never sent" from
    # "ambiguous".
    claimed_by: Mapped[str | None] = mapped_column(String(60))
    data_begun: Mapped[bool] = mapped_column(default=False)
    sent_at: Mapped[datetime | None]
    last_answer: Mapped[str | None] = mapped_column(String(500))
    created_at: Mapped[datetime]


class NamedAddress(Base):
    """An address that a mail to somebody else has in it, by which that mail is found when the person is erased."""

    __tablename__ = "emails_naming"

    # As naming.marks finds it.
    address: Mapped[str] = mapped_column(String(320), primary_key=True)
    email_id: Mapped[int] = mapped_column(
        ForeignKey(Email.id, ondelete="CASCADE"), primary_key=True, autoincrement=False, index=True
    )


class Suppression(Base):
    """Do not mail this address: it bounced, complained, or was erased."""

    __tablename__ = "suppressions"
    __table_args__ = (UniqueConstraint("site_id", "email_key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey(Site.id, ondelete="CASCADE"))
    email_key: Mapped[str] = mapped_column(String(320))
    reason: Mapped[str] = mapped_column(String(20))  # bounce, complaint, erasure
    created_at: Mapped[datetime]


class MailCap(Base):
    """When one mailbox was last mailed because a visitor asked for it, over all sites of one owner."""

    __tablename__ = "mail_caps"

    owner: Mapped[str] = mapped_column(String(40), primary_key=True)
    mailbox: Mapped[str] = mapped_column(String(64), primary_key=True)  # a keyed digest
    times: Mapped[list[str]] = mapped_column(JSON, default=list)
    newest: Mapped[datetime] = mapped_column(index=True)


class MailOpen(Base):
    """A link of a mail that somebody or something opened; kept for a day, to tell mail scanners from people."""

    __tablename__ = "mail_opens"

    id: Mapped[int] = mapped_column(primary_key=True)
    about: Mapped[str] = mapped_column(String(40), index=True)  # the public id of what the mail is about
    link: Mapped[str] = mapped_column(String(20))
    ip_digest: Mapped[str] = mapped_column(String(64))
    agent: Mapped[str] = mapped_column(String(200))
    at: Mapped[datetime] = mapped_column(index=True)
