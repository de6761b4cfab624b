"""The tables of contests: their commitment and state, their entries, who was disqualified, and how the count grew."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from leadcapture.contacts.models import Contact as Person
from leadcapture.db import Base
from leadcapture.forms.models import Form


class Contest(Base):
    """What a form of the kind promises and what became of it. The seed is secret until it is drawn."""

    __tablename__ = "contests"

    id: Mapped[int] = mapped_column(primary_key=True)
    form_id: Mapped[int] = mapped_column(ForeignKey(Form.id, ondelete="CASCADE"), unique=True)
    seed: Mapped[str] = mapped_column(String(64))  # hex, as all hashes here
    commitment: Mapped[str] = mapped_column(String(64))
    committed_at: Mapped[datetime]
    # What is promised (rules.terms_of): may change until it opens, then never.
    terms: Mapped[dict[str, Any]] = mapped_column(JSON)
    opens_at: Mapped[datetime | None]  # None: as soon as the form is published
    closes_at: Mapped[datetime | None] = mapped_column(index=True)
    opened_at: Mapped[datetime | None]
    state: Mapped[str] = mapped_column(String(8), default="open")  # open, closed (the list is frozen), drawn
    last_number: Mapped[int] = mapped_column(default=0)  # the number of the newest entry
    closed_at: Mapped[datetime | None]
    count: Mapped[int | None]
    root: Mapped[str | None] = mapped_column(String(64))
    drawn_at: Mapped[datetime | None]
    beacon: Mapped[str] = mapped_column(Text, default="")


class Entry(Base):
    """One confirmed address in a contest. Of one that is forgotten after closing only the leaf stays."""

    __tablename__ = "contest_entries"
    __table_args__ = (
        UniqueConstraint("contest_id", "address"),
        UniqueConstraint("contest_id", "leaf"),
        Index("ix_contest_entries_unproven", "contest_id", "proof_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(40), unique=True)
    contest_id: Mapped[int] = mapped_column(ForeignKey(Contest.id, ondelete="CASCADE"))
    contact_id: Mapped[int | None] = mapped_column(ForeignKey(Person.id, ondelete="SET NULL"), index=True)
    number: Mapped[int]
    address: Mapped[str | None] = mapped_column(String(320))  # normalised: what counts once
    salt: Mapped[str | None] = mapped_column(String(32))
    leaf: Mapped[str] = mapped_column(String(64))
    confirmed_at: Mapped[datetime]
    proof_at: Mapped[datetime | None]  # when the mail with the proof was made


class Disqualification(Base):
    """Somebody who was drawn and gets no prize; the next of the same order does."""

    __tablename__ = "contest_disqualifications"
    __table_args__ = (UniqueConstraint("contest_id", "rank"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    contest_id: Mapped[int] = mapped_column(ForeignKey(Contest.id, ondelete="CASCADE"))
    rank: Mapped[int]
    reason: Mapped[str] = mapped_column(String(300))
    at: Mapped[datetime]


class Tally(Base):
    """How many entries there were in an hour while the contest was open: published at once, so that entries put in
    at the end would be seen."""

    __tablename__ = "contest_tallies"
    __table_args__ = (UniqueConstraint("contest_id", "hour"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    contest_id: Mapped[int] = mapped_column(ForeignKey(Contest.id, ondelete="CASCADE"))
    hour: Mapped[datetime]
    count: Mapped[int]
