"""What waits in the outbox waits for a moment. A clock that was ahead and is put right would make it wait for hours:
such moments are written down anew."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, or_, select, update
from sqlalchemy.orm import Session

from leadcapture import clock, db
from leadcapture.mail import operations, rules
from leadcapture.mail.models import Email

AHEAD = timedelta(minutes=1)  # clocks of several machines differ by less
LONGEST = max(rules.RETRY_AFTER) * 1.25  # no mail is put off for longer by itself

_emails: Any = Email.__table__
_e = _emails.c
_waits = or_(*(_e.status == waiting for waiting in operations.WAITING))
_AT = update(_emails).where(_e.id == bindparam("mail"), _waits).values(due_at=bindparam("at"))

_steps = clock.Steps()
_looked = False


def due(now: datetime) -> None:
    """The job: look once when a process begins, and whenever the clock was put back since."""
    global _looked
    back = _steps.back()
    if back > AHEAD or not _looked:
        db.write(put_right, now, back=back)
        _looked = True


def put_right(session: Session, now: datetime, *, back: timedelta = timedelta()) -> int:
    """Let what was put off by a clock that was ahead (by `back`, where that is known) wait no longer than it was meant
    to; how many mails that was.

    What was written at a moment that is yet to come keeps its distance from that moment. What was tried is due, for
    whoever must wait for good (a consent's pause) is asked again before anything is sent.
    """
    made_ahead = _e.created_at > now + AHEAD
    tried = (_e.status == "deferred") & or_(
        _e.claimed_at > now + AHEAD,
        _e.purpose.is_(None) & (_e.due_at > now + LONGEST),
        _e.due_at <= now + back,
    )
    late = _waits, _e.due_at > now, or_(made_ahead, tried)
    found = session.execute(select(_e.id, _e.status, _e.created_at, _e.due_at).where(*late))
    moments = [{"mail": row.id, "at": _meant(row, now)} for row in found]
    if moments:
        session.connection().execute(_AT, moments)
    return len(moments)


def _meant(row: Any, now: datetime) -> datetime:
    if row.status == "deferred":
        return now
    meant: timedelta = row.due_at - row.created_at
    return now + max(timedelta(), meant)
