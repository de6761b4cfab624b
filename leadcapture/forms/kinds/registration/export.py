"""The members as a CSV file."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy.orm import Session

from leadcapture import clock
from leadcapture.contacts.export import line
from leadcapture.forms.kinds.registration import queries
from leadcapture.forms.models import Form

COLUMNS = ("number", "id", "email", "name", "phone", "state", "since", "ended_at")


def csv_rows(session: Session, form: Form) -> Iterator[str]:
    """The lines of the file, each with its line end, the header first. No cell is taken for a formula by a
    spreadsheet."""
    yield line(COLUMNS)
    for held in queries.every(session, form.id):
        member, contact = held.member, held.contact
        cells = (
            str(member.number),
            member.public_id,
            contact.email,
            contact.name,
            contact.phone,
            held.against or "member",
            clock.wire(member.since),
            clock.wire_or_none(member.ended_at) or "",
        )
        yield line(cells)
