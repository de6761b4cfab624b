"""An import that is killed in the middle, twice, runs to its end: every row once, and the report right to the row."""

from __future__ import annotations

import csv
import sqlite3
from collections.abc import Callable

from tests.servers import Service, wait_for

ROWS = 5000
PROVENANCE = """
source = "the shop's former newsletter tool"
collected = 2024-06-01
proof = true
statement = "I agree to get the newsletter by mail."
purpose = "newsletter"
"""


def test_killed_twice_it_does_every_row_once(make_service: Callable[..., Service]) -> None:
    service = make_service()
    site_key = service.seed_demo()["site_key"]
    # Every tenth row has the address of the row nine before it.
    addresses = [f"person{n - 9 if n % 10 == 0 else n}@mail.example.org" for n in range(1, ROWS + 1)]
    (service.folder / "people.csv").write_text(
        "email,name,consent_at\n" + "".join(f"{to},Somebody,2024-05-31T10:00:00Z\n" for to in addresses)
    )
    (service.folder / "origin.toml").write_text(PROVENANCE)
    told = ("--site", site_key, "--provenance", "origin.toml")
    tables = sqlite3.connect(service.folder / "instance" / "leadcapture.db", timeout=30)

    def at(row: int) -> bool:
        found = tables.execute("SELECT row_no FROM imports").fetchone()
        return found is not None and found[0] >= row

    service.process = service.begin("contacts", "import", "people.csv", *told)
    wait_for(lambda: at(1), "the first rows", 60)
    service.kill()
    assert not at(ROWS)
    service.process = service.begin("jobs")
    wait_for(lambda: at(ROWS // 2), "half of the rows", 60)
    service.kill()
    service.process = service.begin("jobs")
    wait_for(lambda: tables.execute("SELECT 1 FROM imports WHERE state = 'done'").fetchone(), "the end", 60)

    counts, report, size = tables.execute("SELECT counts, report, report_bytes FROM imports").fetchone()
    lines = (service.folder / "instance" / "uploads" / report).read_bytes()
    assert len(lines) == size
    rows = list(csv.DictReader(lines.decode().splitlines()))
    assert [int(row["row"]) for row in rows] == list(range(1, ROWS + 1))
    assert [row["address"] for row in rows] == addresses
    assert [row["outcome"] for row in rows] == ["duplicate" if n % 10 == 0 else "new" for n in range(1, ROWS + 1)]
    new = ROWS - ROWS // 10
    assert f'"new": {new}' in counts
    made = tables.execute("SELECT count(*) FROM contacts WHERE import_id IS NOT NULL").fetchone()
    noted = tables.execute("SELECT count(*), count(DISTINCT subject) FROM ledger WHERE event = 'imported'").fetchone()
    assert (made[0], *noted) == (new, new, new)
    assert tables.execute("SELECT count(*) FROM emails WHERE to_key LIKE '%@mail.example.org'").fetchone()[0] == 0
    tables.close()
    assert service.run("consent", "verify", check=False).returncode == 0
