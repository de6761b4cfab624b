"""Adding many events to the ledger of consents, and verifying them; beside it the bare driver with as many bytes."""

from __future__ import annotations

import secrets
import sqlite3
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from leadcapture import clock, db, signing, tables
from leadcapture.consent import ledger, verifying
from leadcapture.sites.models import Site
from tests.bench import figures, rounds
from tests.bench.figures import Figure

ROWS = 100_000
AT_ONCE = 5_000  # in one transaction, as an import does
BODY = {
    "statement": "I agree to get the newsletter of the Demo shop by mail. " * 4,
    "method": "import",
    "source": "x" * 40,
}


def run() -> list[Figure]:
    rates: dict[str, list[float]] = {"bare driver, rows of the same size": [], "added": [], "verified": []}
    bare, added, verified = rates.values()
    signing.configure(["of the benchmark"])
    for _ in range(rounds.ROUNDS):
        with tempfile.TemporaryDirectory(prefix="leadcapture-ledger-") as folder:
            bare.append(ROWS / _bare(Path(folder) / "bare.db"))
            tables.upgrade(db.connect(f"sqlite:///{folder}/leadcapture.db").engine)
            site_id = db.write(_site)
            added.append(ROWS / _timed(lambda site=site_id: _add(site)))
            verified.append(ROWS / _timed(lambda site=site_id: _verify(site)))
            db.close()
    return figures.rates(rates)


def _timed(work: Callable[[], None]) -> float:
    begun = time.monotonic()
    work()
    return time.monotonic() - begun


def _site(session: Session) -> int:
    now = clock.now()
    site = Site(key="site_bench", name="Bench", allowed_origins=[], sender_name="", created_at=now, updated_at=now)
    session.add(site)
    session.flush()
    return site.id


def _add(site_id: int) -> None:
    rows = (
        ledger.Row("imported", f"con_{secrets.token_hex(10)}", BODY, purpose="news", version="1-a") for _ in range(ROWS)
    )
    for _ in range(ROWS // AT_ONCE):
        some = [next(rows) for _ in range(AT_ONCE)]
        db.write(ledger.append_many, clock.now(), site_id, some)


def _verify(site_id: int) -> None:
    with db.read() as session:
        assert verifying.structure(session) == []
    with db.read() as session:
        assert verifying.verify(session, site_id) == []


def _bare(path: Path) -> float:
    """Seconds that the driver alone takes for rows of that size with the same keys, nothing hashed."""
    with sqlite3.connect(path, isolation_level=None) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=FULL")
        database.execute("CREATE TABLE ledger (site, seq, subject, body, rest, PRIMARY KEY (site, seq))")
        database.execute("CREATE INDEX of_subject ON ledger (site, subject, seq)")
        rows: list[tuple[Any, ...]] = [
            (1, seq, f"con_{secrets.token_hex(10)}", "x" * len(str(BODY)), "x" * 360) for seq in range(ROWS)
        ]
        begun = time.monotonic()
        for start in range(0, ROWS, AT_ONCE):
            database.execute("BEGIN")
            database.executemany("INSERT INTO ledger VALUES (?, ?, ?, ?, ?)", rows[start : start + AT_ONCE])
            database.execute("COMMIT")
        took = time.monotonic() - begun
    database.close()
    return took
