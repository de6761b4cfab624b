"""Uploaded files that nothing refers to: what a process that was killed has left, or what a row forgot when it went."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import JSON, Column, String, Text, cast, literal, select
from sqlalchemy.orm import Session

from leadcapture import db, uploads
from leadcapture.db import Base

KEPT = timedelta(days=1)  # a file is there before the row that names it
AT_ONCE = 500
AT_ONE_RUN = 20
# The columns that name uploads; whatever else may name one is asked about the few that are left.
NAMING = frozenset({"stored", "thumb", "evidence", "report"})


def sweep_due(now: datetime) -> None:
    """The job: delete the files of the folder of uploads that have lain there for a day and are in no row."""
    names = sorted(uploads.lying(now - KEPT))
    for begin in range(0, len(names), AT_ONCE):
        with db.read() as session:
            orphans = found(session, names[begin : begin + AT_ONCE])
        for name in orphans:
            uploads.drop(name)


def found(session: Session, names: list[str]) -> list[str]:
    """Those of the names that stand in no row of any table."""
    left = set(names)
    for column in sorted(_texts(String), key=lambda column: column.name not in NAMING):
        if left:
            left -= set(session.scalars(select(column).where(column.in_(sorted(left)))))
    # A kind of form of one's own may keep a name wherever it likes. There are few left to look for, and in large tables
    # each takes a while: the next run takes the next.
    return [name for name in sorted(left)[:AT_ONE_RUN] if not any(_mentions(session, c, name) for c in _texts(JSON))]


def _mentions(session: Session, column: Column[Any], name: str) -> bool:
    return session.scalar(select(literal(1)).where(cast(column, Text).contains(name)).limit(1)) is not None


def _texts(kind: type[Any]) -> Iterator[Column[Any]]:
    """The columns of that type in all tables, but for texts too short to hold a name."""
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            if isinstance(column.type, kind) and (getattr(column.type, "length", None) or 32) >= 32:
                yield column
