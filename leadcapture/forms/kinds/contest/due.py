"""What contests do by the clock: open, count, close, send proofs. Any number of workers may run it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from leadcapture import db
from leadcapture.forms.kinds.contest import operations, queries


def run(now: datetime) -> None:
    """Everything that is due by now, a transaction for each step of each contest."""
    for contest_id in _due(queries.to_open, now):
        db.write(operations.open_, now, contest_id=contest_id)
    for contest_id in _due(queries.to_tally, now):
        db.write(operations.tally, now, contest_id=contest_id)
    for contest_id in _due(queries.to_freeze, now):
        db.write(operations.freeze, now, contest_id=contest_id)
    for contest_id in _due(queries.to_prove, now):
        while db.write(operations.send_proofs, now, contest_id=contest_id):
            pass


def _due(find: Callable[[Session, datetime], Sequence[int]], now: datetime) -> Sequence[int]:
    with db.read() as session:
        return find(session, now)
