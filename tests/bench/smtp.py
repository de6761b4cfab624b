"""The soak of mail servers at their worst, for minutes: workers as processes, several at once and killed now and then,
and a server that changes its mood every second or two or is gone; on SQLite and on PostgreSQL.

LEADCAPTURE_SOAK_MINUTES says how long on each (3); a short form with a moved clock is part of the suite.
"""

from __future__ import annotations

import os
import random
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from leadcapture import clock, db, tables
from leadcapture import settings as settings_module
from tests.conftest import add_people, configure_slices, configured
from tests.faults.mailing import check, now_of, queue, waiting
from tests.faults.moody import MOODS, Moody
from tests.servers import PostgreSQL, Process, Service, wait_for

WORKERS = 3
TOGETHER = 40  # mails put into the outbox at once


def run() -> int:
    """0 when nothing was lost and nobody was mailed twice; raises AssertionError when not."""
    seconds = 60 * float(os.environ.get("LEADCAPTURE_SOAK_MINUTES", "3"))
    with tempfile.TemporaryDirectory() as folder:
        _soak("SQLite", Path(folder), seconds)
    with tempfile.TemporaryDirectory() as folder, PostgreSQL() as postgresql:
        _soak("PostgreSQL", Path(folder), seconds, DATABASE_URL=postgresql.new_database())
    return 0


def _soak(name: str, folder: Path, seconds: float, **more: str) -> None:
    chance = random.Random(name)
    environ = configured(folder / "instance") | {f"LEADCAPTURE_{key}": value for key, value in more.items()}
    with Moody(folder, seed=7) as server, _database(environ), _workers(folder, environ, server) as workers:
        site = db.write(add_people, clock.now()).site
        addressed, killed, until = 0, 0, time.monotonic() + seconds
        while time.monotonic() < until:
            mood = chance.choice([*MOODS, "gone"])
            if mood == "gone":
                server.kill()
            else:
                server.be(mood)
            people = [f"soak{addressed + number}@example.org" for number in range(TOGETHER)]
            db.write(queue, clock.now(), site, people)
            addressed += TOGETHER
            if chance.random() < 0.4:
                # Wherever it is; another takes its place.
                victim = workers.pop(chance.randrange(WORKERS))
                victim.send_signal(signal.SIGKILL)
                victim.wait()
                workers.append(_worker(folder, environ, server))
                killed += 1
            time.sleep(chance.uniform(0.5, 2.5))
            if mood == "gone":
                server.start()
            assert max(server.taken().values(), default=0) <= 1, "somebody was mailed twice"
        server.be("fine")
        began = time.monotonic()
        # Who was told to come back later, several times, does that after a quarter of an hour at most.
        wait_for(lambda: not waiting(), "every mail to be settled", 1200)
        check(server.taken())
        Console().print(
            f"{name}: {addressed} mails, {killed} workers killed, settled {time.monotonic() - began:.0f} s after the "
            f"server was well again: {now_of(db.current())}"
        )


@contextmanager
def _database(environ: dict[str, str]) -> Iterator[None]:
    settings = settings_module.load(environ)
    configure_slices(settings)
    tables.upgrade(db.connect(settings.database_url).engine)
    try:
        yield
    finally:
        db.close()


@contextmanager
def _workers(folder: Path, environ: dict[str, str], server: Moody) -> Iterator[list[Process]]:
    workers = [_worker(folder, environ, server) for _ in range(WORKERS)]
    try:
        yield workers
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()


def _worker(folder: Path, environ: dict[str, str], server: Moody) -> Process:
    settings = {name.removeprefix("LEADCAPTURE_"): value for name, value in environ.items()}
    return Service(folder, **settings | {"SMTP_URL": server.url}).begin("jobs")
