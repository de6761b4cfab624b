"""Reading sessions and seats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from leadcapture.consent import queries as consent
from leadcapture.contacts.models import Contact
from leadcapture.errors import NotFound
from leadcapture.forms.kinds.webinar import rules
from leadcapture.forms.kinds.webinar.models import WebinarSeat, WebinarSession
from leadcapture.forms.models import Form
from leadcapture.i18n import gettext as _
from leadcapture.sites.models import Site


@dataclass(frozen=True)
class Held:
    """A seat with all it belongs to."""

    seat: WebinarSeat
    meeting: WebinarSession
    contact: Contact
    form: Form
    site: Site


def sessions(session: Session, form_id: int) -> Sequence[WebinarSession]:
    """Every session of the form, the earliest first."""
    return session.scalars(
        select(WebinarSession)
        .where(WebinarSession.form_id == form_id)
        .order_by(WebinarSession.starts_at, WebinarSession.id)
    ).all()


def by_row(session: Session, form_id: int, row_id: str) -> WebinarSession | None:
    """The form's session with that id in the owner's list; None when it has none."""
    return session.scalar(
        select(WebinarSession).where(WebinarSession.form_id == form_id, WebinarSession.row_id == row_id)
    )


def counts(session: Session, form_id: int) -> Mapping[int, tuple[int, int]]:
    """How many are seated and how many wait, by the session's id; sessions with nobody are not there."""
    rows = session.execute(
        select(WebinarSeat.session_id, WebinarSeat.status, func.count())
        .join(WebinarSession, WebinarSession.id == WebinarSeat.session_id)
        .where(WebinarSession.form_id == form_id, WebinarSeat.status.in_(rules.ACTIVE))
        .group_by(WebinarSeat.session_id, WebinarSeat.status)
    )
    found: dict[int, tuple[int, int]] = {}
    for session_id, status, number in rows:
        seated, waiting = found.get(session_id, (0, 0))
        found[session_id] = (number, waiting) if status == "seated" else (seated, number)
    return found


def seated_by_row(session: Session, form_id: int) -> Mapping[str, int]:
    """How many are seated in each session, by its id in the owner's list."""
    rows = session.execute(
        select(WebinarSession.row_id, func.count())
        .join(WebinarSeat, WebinarSeat.session_id == WebinarSession.id)
        .where(WebinarSession.form_id == form_id, WebinarSeat.status == "seated")
        .group_by(WebinarSession.row_id)
    )
    return {row[0]: row[1] for row in rows}


def seated(session: Session, session_id: int) -> int:
    """How many seats of the session are taken."""
    return (
        session.scalar(select(func.count()).where(WebinarSeat.session_id == session_id, WebinarSeat.status == "seated"))
        or 0
    )


def waiting_before(session: Session, seat: WebinarSeat) -> int:
    """How many wait before this one."""
    return (
        session.scalar(
            select(func.count()).where(
                WebinarSeat.session_id == seat.session_id,
                WebinarSeat.status == "waiting",
                WebinarSeat.place < seat.place,
            )
        )
        or 0
    )


def held(session: Session, public_id: str) -> Held:
    """The seat with that id, whatever became of it, and all it belongs to. Raises NotFound."""
    row = session.execute(
        select(WebinarSeat, WebinarSession, Contact, Form, Site)
        .join(WebinarSession, WebinarSession.id == WebinarSeat.session_id)
        .join(Contact, Contact.id == WebinarSeat.contact_id)
        .join(Form, Form.id == WebinarSession.form_id)
        .join(Site, Site.id == Form.site_id)
        .where(WebinarSeat.public_id == public_id)
    ).first()
    if row is None:
        raise NotFound(_("This link is not valid."))
    return Held(*row)


def registrants(
    session: Session, form_id: int, limit: int | None = None
) -> Sequence[tuple[WebinarSeat, Contact, WebinarSession]]:
    """Who is seated or waits in the form's sessions: by session, the seated first, in the order they came; at
    most so many."""
    rows = session.execute(
        select(WebinarSeat, Contact, WebinarSession)
        .join(WebinarSession, WebinarSession.id == WebinarSeat.session_id)
        .join(Contact, Contact.id == WebinarSeat.contact_id)
        .where(WebinarSession.form_id == form_id, WebinarSeat.status.in_(rules.ACTIVE))
        .order_by(WebinarSession.starts_at, WebinarSession.id, WebinarSeat.status, WebinarSeat.place)
        .limit(limit)
    )
    return [(row[0], row[1], row[2]) for row in rows]


def withdrawn(session: Session, now: datetime) -> Sequence[str]:
    """The seats in coming sessions whose people have withdrawn what they agreed to, by public id."""
    withdrew = consent.withdrew(WebinarSeat.contact_id, "webinar")
    return session.scalars(
        select(WebinarSeat.public_id)
        .join(WebinarSession, WebinarSession.id == WebinarSeat.session_id)
        .where(WebinarSession.starts_at > now, WebinarSeat.status.in_(rules.ACTIVE), withdrew)
    ).all()


def told_of(session: Session, contact_id: int) -> list[dict[str, Any]]:
    """The contact's seats and places on waiting lists, oldest first, as they may read them."""
    rows = session.execute(
        select(WebinarSeat, WebinarSession, Form.title)
        .join(WebinarSession, WebinarSession.id == WebinarSeat.session_id)
        .join(Form, Form.id == WebinarSession.form_id)
        .where(WebinarSeat.contact_id == contact_id)
        .order_by(WebinarSeat.id)
    )
    return [
        {
            "what": "webinar seat",
            "form": title,
            "starts_at": meeting.starts_at,
            "status": seat.status,
            "taken_at": seat.taken_at,
        }
        for seat, meeting, title in rows
    ]
