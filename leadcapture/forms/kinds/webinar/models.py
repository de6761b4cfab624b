"""The tables of webinars: the sessions as visitors know them, and who sits in them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from leadcapture.contacts.models import Contact
from leadcapture.db import Base
from leadcapture.forms.models import Form


class WebinarSession(Base):
    """One session of a form, taken over from the owner's list whenever that is saved; `row_id` is its id there.

    Its row is what everybody who takes or leaves a seat waits for, so that seats are counted by one at a time.
    """

    __tablename__ = "webinar_sessions"
    __table_args__ = (UniqueConstraint("form_id", "row_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    form_id: Mapped[int] = mapped_column(ForeignKey(Form.id, ondelete="CASCADE"))
    row_id: Mapped[str] = mapped_column(String(40))
    titles: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # by language
    starts_at: Mapped[datetime] = mapped_column(index=True)
    timezone: Mapped[str] = mapped_column(String(64))
    minutes: Mapped[int]
    capacity: Mapped[int]  # 0: no limit
    room_url: Mapped[str] = mapped_column(String(2000), default="")  # where it takes place; known to the seated alone
    cancelled: Mapped[bool] = mapped_column(default=False)


class WebinarSeat(Base):
    """A contact's seat, or place on the waiting list, in one session."""

    __tablename__ = "webinar_seats"
    __table_args__ = (
        UniqueConstraint("session_id", "contact_id"),
        Index("ix_webinar_seats_order", "session_id", "status", "place"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(40), unique=True)
    session_id: Mapped[int] = mapped_column(ForeignKey(WebinarSession.id, ondelete="CASCADE"))
    contact_id: Mapped[int] = mapped_column(ForeignKey(Contact.id, ondelete="CASCADE"), index=True)
    language: Mapped[str] = mapped_column(String(8))
    status: Mapped[str] = mapped_column(String(10))  # seated, waiting, left, removed
    place: Mapped[int]  # who came first is served first
    sequence: Mapped[int] = mapped_column(default=0)  # of the next calendar entry; 0: none was sent yet
    # Reminders down to so many minutes before the start are sent or were missed by coming late; None: none yet.
    reminded: Mapped[int | None]
    # What the person is to be told by the next run of the job: seated, moved, cancelled, restored, left, removed.
    notice: Mapped[str | None] = mapped_column(String(10), index=True)
    taken_at: Mapped[datetime]
