"""A thousand people confirm at once, for a hundred codes, on SQLite and on PostgreSQL. Speed is printed; that exactly a
hundred have a code is checked each time, whatever the speed."""

from __future__ import annotations

import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from leadcapture import db, tables
from tests.bench import figures, rounds
from tests.bench.figures import Figure
from tests.forms.kinds import coupon_race
from tests.servers import PostgreSQL, Service


def run() -> list[Figure]:
    rates: dict[str, list[float]] = {
        "bare form, validated only": [],
        "claims on SQLite": [],
        "claims on PostgreSQL": [],
    }
    reference, sqlite, postgresql = rates.values()
    with rounds.bare() as url:
        reference.append(rounds.load(url, "/form", coupon_race.WORKERS))
    sqlite.append(_claims())
    with PostgreSQL() as server:
        postgresql.append(_claims(server.new_database()))
    return figures.rates(rates)


def _claims(url: str | None = None) -> float:
    """Confirmations a second."""
    with tempfile.TemporaryDirectory(prefix="leadcapture-race-") as folder, ExitStack() as services:
        migrated = Path(folder) / "migrated.db"
        tables.upgrade(db.connect(url or f"sqlite:///{migrated}").engine)
        db.close()

        def make(**settings: str) -> Service:
            return services.enter_context(Service(Path(folder) / "service", **settings))

        race = coupon_race.prepare(make, url, migrated)
        begun = time.monotonic()
        pages = race.confirm_all()
        rate = race.people / (time.monotonic() - begun)
        coupon_race.judge(race, pages)
        db.close()
    return rate
