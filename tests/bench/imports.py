"""A million people with a proof of consent into a fresh SQLite, by the command; beside it the bare driver with the same
rows. Speed is printed; that the report is right to the row is checked each time.

Another process writes all the while, as a live service would: how long it waited at most is printed too.
"""

from __future__ import annotations

import csv
import os
import sqlite3
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench import figures
from tests.bench.figures import Figure
from tests.servers import Service

ROWS = 1_000_000
PROVENANCE = """
source = "the shop's former newsletter tool"
collected = 2024-06-01
proof = true
statement = "I agree to get the newsletter of the Demo shop by mail. I can withdraw this at any time."
purpose = "newsletter"
"""
Line = tuple[str, str, str, str, str, str]


def run(rows: int = ROWS) -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="leadcapture-imports-") as folder:
        file = Path(folder) / "people.csv"
        with file.open("w", newline="", encoding="utf-8") as out:
            writer = csv.writer(out)
            writer.writerow(("email", "name", "phone", "language", "consent_at", "town"))
            writer.writerows(line for line, _outcome in people(rows))
        bare = rows / _bare(Path(folder) / "bare.db", rows)
        imported = rows / _imported(Path(folder), file, rows)
    return figures.rates({"executemany of the same rows, nothing checked": [bare], "contacts import": [imported]})


def people(rows: int) -> Iterator[tuple[Line, str]]:
    """What stands in each row, in no order of addresses, and what must become of it."""
    for n in range(1, rows + 1):
        outcome, address = "new", f"person{n * 7919 % 10_000_019}@mail{n % 400}.example.org"
        if n % 1000 == 0:
            outcome, address = "invalid", f"person{n}@"
        elif n % 100 == 0:
            outcome, address = "duplicate", f"person{(n - 1) * 7919 % 10_000_019}@mail{(n - 1) % 400}.example.org"
        line = (
            address,
            f"Person {n}",
            f"+49 30 {n:07}",
            "de" if n % 2 else "ar",
            "2024-05-31T10:00:00Z",
            f"Town {n % 99}",
        )
        yield line, outcome


def _bare(path: Path, rows: int) -> float:
    """Seconds that the driver alone takes."""
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("CREATE TABLE people (id INTEGER PRIMARY KEY, email UNIQUE, name, phone, language, at, town)")
        begun = time.monotonic()
        database.executemany(
            "INSERT OR IGNORE INTO people (email, name, phone, language, at, town) VALUES (?, ?, ?, ?, ?, ?)",
            (line for line, _outcome in people(rows)),
        )
        database.commit()
    return time.monotonic() - begun


def _imported(folder: Path, file: Path, rows: int) -> float:
    """Seconds that the command takes."""
    with Service(folder / "service") as service:
        site_key = service.run("site", "add", "--name", "Shop", "--origin", "https://shop.example.org").stdout.split()[
            0
        ]
        origin, report = folder / "origin.toml", folder / "report.csv"
        origin.write_text(PROVENANCE)
        told = ("--provenance", str(origin), "--report", str(report), "--mapping", "email=email,name=name,phone=phone")
        more = ("--mapping", "language=language,consent_at=consent_at,attribute:town=town")
        arguments = ["contacts", "import", str(file), "--site", site_key, *told, *more]
        others = _Writer(folder / "service" / "instance" / "leadcapture.db")
        begun = time.monotonic()
        child = os.posix_spawn(sys.executable, [sys.executable, "-m", "leadcapture", *arguments], service.environ)
        others.start()
        _pid, status, used = os.wait4(child, 0)
        seconds = time.monotonic() - begun
        others.end()
        assert status == 0
        _judge(report, rows)
    core, load = used.ru_utime + used.ru_stime, os.getloadavg()[0]
    print(
        f"{rows:,} rows in {seconds:.0f} s ({rows / seconds:,.0f} a second; {core:.0f} s of a core), at most "
        f"{used.ru_maxrss / 1024:.0f} MB; another writer waited at most {others.longest:.2f} s (median "
        f"{others.median:.3f} s); load of the machine {load:.1f} on {os.cpu_count()} cores"
    )
    return seconds


def _judge(report: Path, rows: int) -> None:
    """The report has a line for each row, with its address and what became of it."""
    with report.open(encoding="utf-8", newline="") as file:
        lines = csv.DictReader(file)
        for number, (expected, line) in enumerate(zip(people(rows), lines, strict=True), 1):
            (address, *_rest), outcome = expected
            assert (line["row"], line["address"], line["outcome"]) == (str(number), address, outcome), line


class _Writer(threading.Thread):
    """Writes a little, twenty times a second, as somebody who chats does."""

    def __init__(self, path: Path) -> None:
        super().__init__(daemon=True)
        self._path, self._ending, self._waits = path, threading.Event(), [0.0]

    def run(self) -> None:
        with sqlite3.connect(self._path, timeout=60, isolation_level=None) as database:
            while not self._ending.wait(0.05):
                begun = time.monotonic()
                database.execute("BEGIN IMMEDIATE")
                self._waits.append(time.monotonic() - begun)
                database.execute("UPDATE sites SET name = name")
                database.execute("COMMIT")

    def end(self) -> None:
        self._ending.set()
        self.join()

    @property
    def longest(self) -> float:
        return max(self._waits)

    @property
    def median(self) -> float:
        return sorted(self._waits)[len(self._waits) // 2]
