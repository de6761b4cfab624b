"""Taking, leaving and giving away seats; taking over what the owner has planned.

Whoever changes who is seated first locks the session's row: seats are counted by one at a time. A seat is never given
beyond the capacity, and a free one goes to who has waited longest. What people must be told is noted on their seats
in the same transaction; the job `due` mails it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, select, update
from sqlalchemy.orm import Session

from leadcapture import ids
from leadcapture.errors import NotFound
from leadcapture.forms.kinds.webinar import queries, rules
from leadcapture.forms.kinds.webinar.models import WebinarSeat, WebinarSession
from leadcapture.forms.models import Form
from leadcapture.i18n import gettext as _

_PLAIN = {"synchronize_session": False}


def take(session: Session, now: datetime, *, session_id: int, contact_id: int, language: str) -> WebinarSeat | None:
    """A seat for the contact, or a place at the end of the waiting list; who has one already keeps it. None in a
    session that was cancelled or has begun."""
    meeting = _locked(session, session_id)
    if not rules.takes_people(meeting.starts_at, cancelled=meeting.cancelled, now=now):
        return None
    seat = session.scalar(
        select(WebinarSeat)
        .where(WebinarSeat.session_id == meeting.id, WebinarSeat.contact_id == contact_id)
        .execution_options(populate_existing=True)
    )
    if seat is not None and seat.status in rules.ACTIVE:
        return seat
    last = session.scalar(select(func.max(WebinarSeat.place)).where(WebinarSeat.session_id == meeting.id))
    free = rules.free_seats(meeting.capacity, queries.seated(session, meeting.id))
    if seat is None:
        seat = WebinarSeat(public_id=ids.new("seat"), session_id=meeting.id, contact_id=contact_id, sequence=0)
        session.add(seat)
    seat.place = (last or 0) + 1
    seat.status = "waiting" if free == 0 else "seated"
    seat.language, seat.taken_at, seat.notice = language, now, None
    seat.reminded = rules.reminders_past(meeting.starts_at, now)
    session.flush()
    return seat


def leave(session: Session, now: datetime, *, seat: str, status: str = "left", tell: bool = True) -> bool:
    """Give a seat (its public id) up; the first who waits gets it. Whether it was held until now: again changes
    nothing. `status` is `left`, or `removed` by the owner.

    Raises NotFound.
    """
    found = session.execute(select(WebinarSeat.id, WebinarSeat.session_id).where(WebinarSeat.public_id == seat)).first()
    if found is None:
        raise NotFound(_("This link is not valid."))
    seat_id, session_id = found
    meeting = _locked(session, session_id)
    gone = session.scalar(
        update(WebinarSeat)
        .where(WebinarSeat.id == seat_id, WebinarSeat.status.in_(rules.ACTIVE))
        .values(status=status, notice=status if tell else None)
        .returning(WebinarSeat.id)
        .execution_options(**_PLAIN)
    )
    if gone is not None:
        _move_up(session, now, meeting)
    return gone is not None


def remove(session: Session, now: datetime, *, form_id: int, seat: str) -> None:
    """The owner takes somebody off the list; again changes nothing. Raises NotFound for a seat of another form."""
    if queries.held(session, seat).form.id != form_id:
        raise NotFound("No such seat.")
    leave(session, now, seat=seat, status="removed")


def forget(session: Session, now: datetime, contact_id: int) -> None:
    """Erase the contact's seats; who waits moves up."""
    mine = select(WebinarSeat).where(WebinarSeat.contact_id == contact_id).order_by(WebinarSeat.session_id)
    for seat in session.scalars(mine).all():
        meeting = _locked(session, seat.session_id)
        session.delete(seat)
        session.flush()
        _move_up(session, now, meeting)


def take_over(session: Session, now: datetime, *, form: Form) -> None:
    """Bring the sessions to what the owner has just saved: new ones are made; who is registered in one that was moved,
    cancelled or struck off is told; where seats were added, who waits moves up."""
    # Locked at once and in one order, so that nobody who locks several waits for another who does.
    every = select(WebinarSession).where(WebinarSession.form_id == form.id).order_by(WebinarSession.id)
    known = {meeting.row_id: meeting for meeting in session.scalars(every.with_for_update()).all()}
    for row in form.settings.get("sessions") or ():
        meeting = known.pop(row["id"], None)
        values = rules.planned(row)
        if meeting is None:
            session.add(WebinarSession(form_id=form.id, row_id=row["id"], **values))
        else:
            _change(session, now, meeting, values)
    for struck_off in known.values():
        _change(session, now, struck_off, {"cancelled": True})
    session.flush()


def _change(session: Session, now: datetime, meeting: WebinarSession, values: Mapping[str, Any]) -> None:
    before = (meeting.starts_at, meeting.minutes)
    was_cancelled = meeting.cancelled
    for name, value in values.items():
        setattr(meeting, name, value)
    session.flush()
    moved = (meeting.starts_at, meeting.minutes) != before
    if max(before[0], meeting.starts_at) < now:
        return  # what is over is corrected silently
    if meeting.cancelled and not was_cancelled:
        _tell(session, meeting, "cancelled")
    elif was_cancelled and not meeting.cancelled:
        # Who was not told of the cancelling yet is not told that it was called off, only what else there was.
        _tell(session, meeting, "restored", WebinarSeat.notice.is_(None))
        promoted = and_(WebinarSeat.status == "seated", WebinarSeat.sequence == 0)
        _tell(session, meeting, "seated", WebinarSeat.notice == "cancelled", promoted)
        _tell(session, meeting, "moved" if moved else None, WebinarSeat.notice == "cancelled")
    elif moved and not meeting.cancelled:
        _tell(session, meeting, "moved")
    if moved:
        _remind_anew(session, meeting)
    _move_up(session, now, meeting)


def _tell(session: Session, meeting: WebinarSession, notice: str | None, *where: Any) -> None:
    session.execute(
        update(WebinarSeat)
        .where(WebinarSeat.session_id == meeting.id, WebinarSeat.status.in_(rules.ACTIVE), *where)
        .values(notice=notice)
        .execution_options(**_PLAIN)
    )


def _remind_anew(session: Session, meeting: WebinarSession) -> None:
    session.execute(
        update(WebinarSeat)
        .where(WebinarSeat.session_id == meeting.id)
        .values(reminded=None)
        .execution_options(**_PLAIN)
    )


def _move_up(session: Session, now: datetime, meeting: WebinarSession) -> None:
    """Give what seats are free to who has waited longest. The session's row must be locked."""
    if not rules.takes_people(meeting.starts_at, cancelled=meeting.cancelled, now=now):
        return
    free = rules.free_seats(meeting.capacity, queries.seated(session, meeting.id))
    first = (
        select(WebinarSeat.id)
        .where(WebinarSeat.session_id == meeting.id, WebinarSeat.status == "waiting")
        .order_by(WebinarSeat.place)
        .limit(free)
    )
    session.execute(
        update(WebinarSeat)
        .where(WebinarSeat.id.in_(first), WebinarSeat.status == "waiting")
        .values(status="seated", notice="seated")
        .execution_options(**_PLAIN)
    )


def _locked(session: Session, session_id: int) -> WebinarSession:
    return session.scalars(
        select(WebinarSession)
        .where(WebinarSession.id == session_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
