"""The ledger itself: events are added at its end, and what is of a person can be erased out of it. Nothing else.

Adding waits for whoever adds to the same site's ledger, until that transaction ends: do it as late as can be, and
before whatever many people's transactions lock beside it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from leadcapture.consent import heads, holding, rules
from leadcapture.consent.heads import Head
from leadcapture.consent.models import LedgerEvent

T = TypeVar("T")

CHECKPOINT_EVERY = 1000  # events
_AT_ONCE = 500  # values in one IN (…)

_ledger: Any = LedgerEvent.__table__
_COLUMNS = [column.name for column in _ledger.columns]
_INSERT = f"INSERT INTO ledger ({', '.join(_COLUMNS)}) VALUES ({{}})"  # noqa: S608 made of our own words alone
_COPY = f"COPY ledger ({', '.join(_COLUMNS)}) FROM STDIN"


class Row(NamedTuple):
    """An event that is to be added; see LedgerEvent. `contact_id` is the internal id of the contact whose agreement to
    the purpose it makes (confirmed, imported) or ends (withdrawn). `body` may be a text that is in the canonical form
    already (rules.canonical)."""

    event: str
    subject: str
    body: Mapping[str, Any] | str
    submission: str = ""
    purpose: str = ""
    version: str = ""
    trace: Mapping[str, Any] | None = None
    contact_id: int | None = None


def append(
    session: Session,
    now: datetime,
    *,
    site_id: int,
    event: str,
    subject: str,
    submission: str = "",
    purpose: str = "",
    version: str = "",
    body: Mapping[str, Any],
    trace: Mapping[str, Any] | None = None,
    contact_id: int | None = None,
) -> int:
    """Add one event (one of rules.EVENTS) to the site's ledger; its number."""
    row = Row(event, subject, body, submission, purpose, version, trace, contact_id)
    return append_many(session, now, site_id, [row])[0]


def append_many(session: Session, now: datetime, site_id: int, rows: Iterable[Row]) -> tuple[int, int]:
    """Add these events in their order, any number of them; the numbers of the first and the last (which is less than
    the first where there are none)."""
    head = heads.lock(session, site_id)
    first, at, coming = head.seq + 1, rules.moment(now), iter(rows)
    while batch := list(islice(coming, CHECKPOINT_EVERY - head.seq % CHECKPOINT_EVERY)):
        begin = head.seq + 1
        _insert(session, [_chained(head, at, row) for row in batch])
        _hold(session, now, site_id, begin, batch)
        if head.seq % CHECKPOINT_EVERY == 0:
            heads.checkpoint(session, now, head)
    if head.seq >= first:
        heads.save(session, head)
    return first, head.seq


def erase(session: Session, now: datetime, site_id: int, people: Mapping[str, Sequence[int]], *, reason: str) -> None:
    """Erase body and trace of these rows and note it: of each person, known by a public id, these numbers."""
    for some in _portions([seq for rows in people.values() for seq in rows]):
        session.execute(
            update(_ledger)
            .where(_ledger.c.site_id == site_id, _ledger.c.seq.in_(some))
            .values(body=None, body_salt=None, trace=None, trace_salt=None)
        )
    noted = [
        Row("erased", subject, {"scope": "person", "rows": list(rows), "reason": reason})
        for subject, rows in people.items()
    ]
    append_many(session, now, site_id, noted)


def erasable(session: Session, site_id: int, subjects: Sequence[str]) -> list[tuple[int, str]]:
    """The events of these subjects (public ids) that still say something of a person: number and subject, in order."""
    found: list[tuple[int, str]] = []
    for some in _portions(subjects):
        rows = session.execute(
            select(_ledger.c.seq, _ledger.c.subject).where(
                _ledger.c.site_id == site_id,
                _ledger.c.subject.in_(some),
                _ledger.c.event != "erased",
                or_(_ledger.c.body.is_not(None), _ledger.c.trace.is_not(None)),
            )
        )
        found += [(row[0], row[1]) for row in rows]
    return sorted(found)


def erase_traces(session: Session, now: datetime, *, site_id: int, site: str, until: int, reason: str) -> int:
    """Erase the traces (IP address and browser) of every event up to that number, and note it; how many there were."""
    erased: Any = session.execute(
        update(_ledger)
        .where(_ledger.c.site_id == site_id, _ledger.c.seq <= until, _ledger.c.trace.is_not(None))
        .values(trace=None, trace_salt=None)
    )
    count: int = erased.rowcount
    if count:
        body = {"scope": "trace", "until": until, "reason": reason}
        append(session, now, site_id=site_id, event="erased", subject=site, body=body)
    return count


def _insert(session: Session, rows: list[tuple[Any, ...]]) -> None:
    # Said to the driver: SQLAlchemy's way takes longer than hashing and storing them.
    connection = session.connection()
    if connection.dialect.name == "postgresql" and len(rows) > 1:
        driver: Any = connection.connection.driver_connection
        with driver.cursor() as cursor, cursor.copy(_COPY) as copy:
            for row in rows:
                copy.write_row(row)
        return
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    connection.exec_driver_sql(_INSERT.format(", ".join([mark] * len(_COLUMNS))), rows if len(rows) > 1 else rows[0])


def _chained(head: Head, at: str, row: Row) -> tuple[Any, ...]:
    """The event as it is stored, in the order of the columns, after the head, which moves on to it."""
    if row.event not in rules.EVENTS:
        raise ValueError(f"no such event: {row.event!r}")
    seq, prev = head.seq + 1, head.hash
    body, body_salt, body_hash = _salted(row.body)
    trace, trace_salt, trace_hash = _salted(row.trace) if row.trace else (None, None, "")
    leaf = rules.leaf(
        site=head.site,
        seq=seq,
        at=at,
        event=row.event,
        subject=row.subject,
        submission=row.submission,
        purpose=row.purpose,
        version=row.version,
        body_hash=body_hash,
        trace_hash=trace_hash,
    )
    head.seq, head.hash = seq, rules.digest(prev, leaf)
    said = (head.site_id, seq, at, row.event, row.subject, row.submission, row.purpose, row.version)
    return (*said, body, body_salt, body_hash, trace, trace_salt, trace_hash, prev, head.hash)


def _salted(value: Mapping[str, Any] | str) -> tuple[str, str, str]:
    text = value if isinstance(value, str) else rules.canonical(value)
    salt = os.urandom(32).hex()
    return text, salt, rules.digest(salt, text)


def _hold(session: Session, now: datetime, site_id: int, begin: int, rows: Sequence[Row]) -> None:
    agreed: list[tuple[int, str, str, int]] = []
    for seq, row in enumerate(rows, begin):
        if row.contact_id is None:
            continue
        if row.event in rules.GIVEN:
            agreed.append((row.contact_id, row.purpose, row.version, seq))
        elif row.event == "withdrawn":
            agreed = [kept for kept in agreed if kept[:2] != (row.contact_id, row.purpose)]
            holding.ended(session, row.contact_id, row.purpose)
    if agreed:
        holding.given(session, now, site_id, agreed)


def _portions(values: Sequence[T]) -> Iterable[Sequence[T]]:
    for start in range(0, len(values), _AT_ONCE):
        yield values[start : start + _AT_ONCE]
