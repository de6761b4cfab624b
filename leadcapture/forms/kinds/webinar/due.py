"""What happens by itself: seats of people who have withdrawn go to who waits, everybody is told what has changed, and
reminders go out. Claims and mails are one transaction, so each goes out once, by any number of workers."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from leadcapture import db
from leadcapture.forms.kinds.webinar import operations, queries, rules, telling
from leadcapture.forms.kinds.webinar.models import WebinarSeat, WebinarSession

BATCH = 25  # mails written in one transaction


def run(now: datetime) -> None:
    """Do everything that is due."""
    with db.read() as session:
        withdrawn = queries.withdrawn(session, now)
    for seat in withdrawn:
        # They asked to hear no more of it: no mail, not even about this.
        db.write(operations.leave, now, seat=seat, tell=False)
    while db.write(tell_some, now) == BATCH:
        pass
    # The last reminder first: who was to get several, for the job had not run, gets that one alone.
    for minutes in sorted(rules.REMINDERS):
        while db.write(remind_some, now, minutes) == BATCH:
            pass


def tell_some(session: Session, now: datetime) -> int:
    """Tell up to BATCH people what is noted on their seats; how many it were."""
    noted = (
        select(WebinarSeat.id, WebinarSeat.public_id, WebinarSeat.notice)
        .where(WebinarSeat.notice.is_not(None))
        .order_by(WebinarSeat.id)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    )
    rows = session.execute(noted).all()
    for seat_id, public_id, notice in rows:
        session.execute(update(WebinarSeat).where(WebinarSeat.id == seat_id).values(notice=None))
        telling.tell(session, now, queries.held(session, public_id), notice or "")
    session.flush()
    return len(rows)


def remind_some(session: Session, now: datetime, minutes: int) -> int:
    """Send up to BATCH of the reminders that are due so many minutes before the start; how many it were."""
    due = (
        select(WebinarSeat.id)
        .join(WebinarSession, WebinarSession.id == WebinarSeat.session_id)
        .where(
            WebinarSession.cancelled.is_(False),
            WebinarSession.starts_at > now,
            WebinarSession.starts_at <= now + timedelta(minutes=minutes),
            WebinarSeat.status == "seated",
            WebinarSeat.notice.is_(None),
            or_(WebinarSeat.reminded.is_(None), WebinarSeat.reminded > minutes),
        )
        .order_by(WebinarSeat.id)
        .limit(BATCH)
        .with_for_update(skip_locked=True, of=WebinarSeat)
    )
    claimed = session.scalars(
        update(WebinarSeat)
        .where(
            WebinarSeat.id.in_(due),
            WebinarSeat.status == "seated",
            WebinarSeat.notice.is_(None),
            or_(WebinarSeat.reminded.is_(None), WebinarSeat.reminded > minutes),
        )
        .values(reminded=minutes)
        .returning(WebinarSeat.public_id)
        .execution_options(synchronize_session=False)
    ).all()
    for public_id in sorted(claimed):
        telling.remind(session, now, queries.held(session, public_id), minutes)
    return len(claimed)
