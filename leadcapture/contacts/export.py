"""Contacts as a CSV file (RFC 4180): a thousand lines at a time, so that a million take neither memory nor anybody's
turn."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import String, func, select, type_coerce
from sqlalchemy.orm import Session

from leadcapture.contacts.models import Contact
from leadcapture.contacts.rules import FORMULA, csv_cell

COLUMNS = ("email", "name", "phone", "status", "language", "confirmed_at", "source")
AT_ONCE = 1000  # lines in one piece
_BEGINS = frozenset(FORMULA)

# The same file, written by PostgreSQL itself. An empty text is made NULL, or it would stand in quotation marks.
_COPY = """COPY (
    SELECT {email}, {name}, {phone}, status, {language},
        to_char(confirmed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), {source}
    FROM contacts WHERE site_id = {site_id} ORDER BY id
) TO STDOUT (FORMAT csv, ENCODING 'UTF8')"""
_INERT = "NULLIF(CASE WHEN left({0}, 1) IN ({signs}) THEN '''' || {0} ELSE {0} END, '')"


def csv_rows(session: Session, site_id: int) -> Iterator[str]:
    """The file in pieces of whole lines, the header first, then every contact of the site, oldest first. No cell is
    taken for a formula by a spreadsheet."""
    yield line(COLUMNS)
    if session.get_bind().dialect.name == "postgresql":
        yield from _copied(session, site_id)
    else:
        yield from _written(session, site_id)


def line(cells: Sequence[str]) -> str:
    """One line of a CSV file with its line end; no cell is taken for a formula by a spreadsheet."""
    return _lines([list(map(csv_cell, cells))])


def _written(session: Session, site_id: int) -> Iterator[str]:
    at = type_coerce(Contact.confirmed_at, String)
    # As clock.wire writes it; SQLite keeps "2026-03-04 10:30:00.000000".
    wire = func.substr(at, 1, 10).concat("T").concat(func.substr(at, 12, 12)).concat("Z")
    columns = (Contact.email, Contact.name, Contact.phone, Contact.status, Contact.language, wire, Contact.source)
    wanted = select(*columns).where(Contact.site_id == site_id).order_by(Contact.id)
    for part in session.execute(wanted.execution_options(yield_per=AT_ONCE)).partitions():
        yield _lines(map(_inert, part))


def _inert(row: Any) -> Any:
    """The row without a cell that begins a formula; most have none, so that is asked first."""
    email, name, phone, _status, language, _at, source = row
    begins = (
        email[:1] in _BEGINS
        or name[:1] in _BEGINS
        or phone[:1] in _BEGINS
        or language[:1] in _BEGINS
        or source[:1] in _BEGINS
    )
    return list(map(csv_cell, row)) if begins else row


def _copied(session: Session, site_id: int) -> Iterator[str]:
    signs = ", ".join(f"'{sign}'" for sign in FORMULA)
    cells = {name: _INERT.format(name, signs=signs) for name in ("email", "name", "phone", "language", "source")}
    driver: Any = session.connection().connection.driver_connection
    with driver.cursor().copy(_COPY.format(**cells, site_id=int(site_id))) as rows:
        # The server sends each row by itself (PostgreSQL's manual, 53.2.6), with a line end of its own.
        while part := list(islice(rows, AT_ONCE)):
            yield b"".join([bytes(row)[:-1] + b"\r\n" for row in part]).decode()


def _lines(rows: Iterable[Sequence[str]]) -> str:
    written = io.StringIO()
    csv.writer(written, lineterminator="\r\n").writerows(rows)
    return written.getvalue()
