"""Contacts as a CSV file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

from sqlalchemy.orm import Session

from leadcapture import clock
from leadcapture.contacts import queries
from leadcapture.contacts.rules import csv_cell

COLUMNS = ("email", "name", "phone", "status", "language", "confirmed_at", "source")


def csv_rows(session: Session, site_id: int) -> Iterator[str]:
    """The lines of the file, each with its line end, the header first. No cell is taken for a formula by a
    spreadsheet."""
    yield line(COLUMNS)
    for email, name, phone, status, language, confirmed_at, source, _attributes in queries.export_rows(
        session, site_id
    ):
        yield line((email, name, phone, status, language, clock.wire(confirmed_at), source))


def line(cells: Sequence[str]) -> str:
    """One line of a CSV file with its line end; no cell is taken for a formula by a spreadsheet."""
    written = io.StringIO()
    csv.writer(written, lineterminator="\r\n").writerow(map(csv_cell, cells))
    return written.getvalue()
