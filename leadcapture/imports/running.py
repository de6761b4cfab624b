"""Works on imports: tries their files and runs them, batch by batch. Any number of workers may do it, and any may be
killed at any moment: another one, or the same after a restart, goes on at the row that was committed last.

The file is read and its rows are checked on a native thread, so that a million of them hold up nobody's chat.
"""

from __future__ import annotations

import hashlib
import logging
import sqlite3
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime

from sqlalchemy.exc import InterfaceError, OperationalError

from leadcapture import clock, db, i18n, uploads
from leadcapture.errors import Unavailable
from leadcapture.i18n import gettext as _
from leadcapture.imports import batches, operations, queries, reading, rules
from leadcapture.imports.batches import Batch
from leadcapture.imports.models import Import
from leadcapture.imports.taking import apart
from leadcapture.mail.delivery import worker_name

log = logging.getLogger("leadcapture.imports")

BATCH = 1000  # rows in one transaction
BREATHS = 1.0  # seconds between two signs of life while nothing is written

Told = Callable[[int, int], None]  # bytes done, bytes of all


def due(now: datetime) -> None:
    """Work on every import that waits, one after the other."""
    with db.read() as session:
        if not queries.waiting(session):
            return
    while (taken := db.write(operations.claim, clock.now(), worker_name())) is not None:
        work(taken)


def work(found: Import, told: Told = lambda _done, _all: None) -> None:
    """Try the file, or run the import, that this worker has claimed; comes back when there is nothing left to do or it
    was taken away (paused, cancelled)."""
    try:
        if found.state == "checking":
            _check(found, told)
        else:
            _run(found, told)
    except (Unavailable, OperationalError, InterfaceError):
        raise  # the database is away: what is committed is committed, and the rest is done when it is back
    except Exception as error:
        # Not the error itself: what it says may be somebody's address.
        steps = [f"{step.name}:{step.lineno}" for step in traceback.extract_tb(error.__traceback__)]
        log.error("import %s stopped: %s in %s", found.public_id, type(error).__name__, " > ".join(steps[-6:]))
        _fail(found, error)


def _check(found: Import, told: Told) -> None:
    """Count what would become of the rows; nothing is written of them."""
    counts: Counter[str] = Counter()
    source, breath = _Source(found, row_no=0, offset=None), time.monotonic()
    while (batch := apart(source.batch)) is not None:
        with db.read() as session:
            counts.update(batches.counted(batches.judged(session, found, batch)))
        told(batch.offset, found.size)
        if time.monotonic() - breath > BREATHS:
            breath = time.monotonic()
            if not _still_mine(found, batch.offset):
                return
    db.write(operations.checked, clock.now(), import_id=found.id, worker=worker_name(), counts={"rows": 0, **counts})


def _run(found: Import, told: Told) -> None:
    # Where the trial found no address twice, none has to be remembered, and reading begins where it was left.
    unique = found.dry_run is not None and not found.dry_run.get("duplicate", 0)
    source = _Source(found, row_no=found.row_no, offset=found.offset if unique and found.row_no else None)
    while not apart(source.catch_up):
        if not _still_mine(found):
            return
    while (batch := apart(source.batch)) is not None:
        if not db.write(batches.carry_out, clock.now(), import_id=found.id, worker=worker_name(), batch=batch):
            return
        told(batch.offset, found.size)
    db.write(operations.finish, clock.now(), import_id=found.id, worker=worker_name())


def _still_mine(found: Import, offset: int | None = None) -> bool:
    return db.write(operations.heard, clock.now(), import_id=found.id, worker=worker_name(), offset=offset)


def _fail(found: Import, error: Exception) -> None:
    with i18n.speaking(found.provenance.get("language", "en")):
        if isinstance(error, FileNotFoundError):
            said = _("The file is not there any more. Upload it again.")
        else:
            said = _("Something went wrong on our side. What is done so far stays; the report says which rows that is.")
    db.write(operations.fail, clock.now(), import_id=found.id, worker=worker_name(), error=said)


class _Source:
    """The rows of an import's file as people, a batch at a time."""

    def __init__(self, found: Import, *, row_no: int, offset: int | None) -> None:
        """Begin after `row_no` rows, which end at byte `offset`; without it those rows are read once more, for the
        addresses that stand in them."""
        path, shape = uploads.path_of(found.stored or ""), operations.shape_of(found)
        self._done = 0 if offset is None else row_no
        self._wanted = row_no
        self._rows = (
            reading.table(path, shape) if offset is None else reading.rows(path, shape, offset=offset, number=row_no)
        )
        self._reader = rules.Reader(operations.mapping_of(found), len(found.header or ()), clock.now())
        self._seen = _Seen()

    def catch_up(self) -> bool:
        """Read some of the rows again that are done; whether that was all."""
        for row in self._some(min(10 * BATCH, self._wanted - self._done)):
            self._about(row)
            self._done = row.number
        return self._done >= self._wanted

    def batch(self) -> Batch | None:
        """The next rows; None when there are none left."""
        begin, offset, people, repeated = self._done, 0, [], []
        for row in self._some(BATCH):
            person, again = self._about(row)
            people.append(person)
            if again:
                repeated.append(row.number)
            self._done, offset = row.number, row.end
        return Batch(begin, self._done, offset, people, frozenset(repeated)) if people else None

    def _about(self, row: reading.Row) -> tuple[rules.Person | rules.Refused, bool]:
        """Whom the row is about, and whether they were there before."""
        person = self._reader.read(row.number, row.cells, row.too_long)
        return person, isinstance(person, rules.Person) and self._seen.repeats(person.key)

    def _some(self, number: int) -> Iterator[reading.Row]:
        for _count, row in zip(range(number), self._rows, strict=False):
            yield row


class _Seen:
    """Which addresses a file had so far: in a temporary database that goes to the disk when it grows, and away with
    its connection."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("", check_same_thread=False, isolation_level=None)
        self._database.executescript(
            "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-16000; "
            "CREATE TABLE seen (hash INTEGER PRIMARY KEY); BEGIN"
        )

    def repeats(self, key: str) -> bool:
        """Whether the address was there before; from now on it was. Of 64 bits: one in 36 million files of a million
        addresses would take two for the same."""
        hashed = int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest(), "little", signed=True)
        return self._database.execute("INSERT OR IGNORE INTO seen VALUES (?)", (hashed,)).rowcount == 0
