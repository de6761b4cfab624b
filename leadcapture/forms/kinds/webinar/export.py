"""Who comes to which session, as a CSV file."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy.orm import Session

from leadcapture import clock
from leadcapture.contacts.export import line
from leadcapture.forms.fields import local_of
from leadcapture.forms.kinds.webinar import queries, wording
from leadcapture.forms.models import Form

COLUMNS = ("session", "starts", "timezone", "status", "place", "email", "name", "phone", "registered_at")


def csv_rows(session: Session, form: Form) -> Iterator[str]:
    """The lines of the file, each with its line end, the header first. No cell is taken for a formula by a
    spreadsheet."""
    yield line(COLUMNS)
    for seat, contact, meeting in queries.registrants(session, form.id):
        cells = (
            wording.title_of(form, meeting),
            f"{local_of(meeting.starts_at, meeting.timezone):%Y-%m-%d %H:%M}",
            meeting.timezone,
            seat.status,
            str(seat.place),
            contact.email,
            contact.name,
            contact.phone,
            clock.wire(seat.taken_at),
        )
        yield line(cells)
