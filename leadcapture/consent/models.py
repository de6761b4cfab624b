"""The tables of the ledger. Triggers made by the migration keep `ledger` and `ledger_checkpoints` as they were written.

Everything but the numbers is text, so that every byte can be compared as it was written.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from leadcapture.contacts.models import Contact
from leadcapture.db import Base
from leadcapture.sites.models import Site

Hash = String(64)
_TRACED = text("trace IS NOT NULL")


class LedgerEvent(Base):
    """One event in the life of a consent, chained to the one before it on the same site."""

    __tablename__ = "ledger"
    __table_args__ = (
        Index("ix_ledger_subject", "site_id", "subject", "purpose", "seq", "event"),
        # The few whose trace has not reached its age yet.
        Index("ix_ledger_traces", "site_id", "seq", sqlite_where=_TRACED, postgresql_where=_TRACED),
    )

    site_id: Mapped[int] = mapped_column(ForeignKey(Site.id), primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)  # 1, 2, 3 … of the site
    at: Mapped[str] = mapped_column(String(27))  # see rules.moment
    event: Mapped[str] = mapped_column(String(13))  # one of rules.EVENTS
    # The public id of the contact; of the submission, while there is no contact yet; the site's key, if it is of all.
    subject: Mapped[str] = mapped_column(String(40))
    submission: Mapped[str] = mapped_column(String(40))
    purpose: Mapped[str] = mapped_column(String(60))
    version: Mapped[str] = mapped_column(String(40))
    # What is of a person. Erased, only the salted hash stays, which nobody can guess the person from.
    body: Mapped[str | None] = mapped_column(Text)
    body_salt: Mapped[str | None] = mapped_column(Hash)
    body_hash: Mapped[str] = mapped_column(Hash)
    trace: Mapped[str | None] = mapped_column(Text)  # IP address and browser
    trace_salt: Mapped[str | None] = mapped_column(Hash)
    trace_hash: Mapped[str] = mapped_column(Hash)
    prev: Mapped[str] = mapped_column(Hash)
    hash: Mapped[str] = mapped_column(Hash)


class LedgerHead(Base):
    """Where a site's ledger ends. Locked by whoever appends."""

    __tablename__ = "ledger_heads"

    site_id: Mapped[int] = mapped_column(ForeignKey(Site.id), primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[str] = mapped_column(Hash)
    checkpoints: Mapped[int]  # how many there are
    # A keyed hash of the row: who can write to the database and knows no secret key cannot cut off the end unseen.
    # Empty once a row was found that had none of ours.
    seal: Mapped[str] = mapped_column(Hash)


class LedgerCheckpoint(Base):
    """A signature (Ed25519, RFC 8032) over where the ledger stood at a moment."""

    __tablename__ = "ledger_checkpoints"

    site_id: Mapped[int] = mapped_column(ForeignKey(Site.id), primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    number: Mapped[int]  # 1, 2, 3 … of the site
    hash: Mapped[str] = mapped_column(Hash)
    at: Mapped[str] = mapped_column(String(27))
    public_key: Mapped[str] = mapped_column(Hash)
    signature: Mapped[str] = mapped_column(String(128))


class Agreement(Base):
    """What a contact agrees to now: follows from the ledger, kept so that filters and mail need not read all of it."""

    __tablename__ = "agreements"
    __table_args__ = (
        Index("ix_agreements_version", "site_id", "purpose", "version", "contact_id"),
        Index("ix_agreements_first", "site_id", "purpose", "version", "seq"),
    )

    contact_id: Mapped[int] = mapped_column(ForeignKey(Contact.id, ondelete="CASCADE"), primary_key=True)
    purpose: Mapped[str] = mapped_column(String(60), primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey(Site.id, ondelete="CASCADE"))
    version: Mapped[str] = mapped_column(String(40))
    seq: Mapped[int] = mapped_column(BigInteger)  # of the event by which it holds
    at: Mapped[datetime]
