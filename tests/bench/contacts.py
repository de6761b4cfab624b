"""The console at a million contacts, and 100,000 conversations with two million messages: each page and each question
of the inbox, and the export beside a bare one. The same at 10,000 shows how each grows.

SQLite, and the main ones on PostgreSQL with a tenth of it. Filling takes minutes and 1.7 GB in the folder for temporary
files, which is given back. LEADCAPTURE_BENCH_CONTACTS is another size than a million, to try it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import create_engine, text

from tests.bench import crowd
from tests.bench.crowd import Crowd
from tests.bench.desk import Desk
from tests.bench.figures import Figure
from tests.bench.rounds import ROUNDS
from tests.servers import ROOT, PostgreSQL, Service

SMALL, LARGE = 10_000, int(os.environ.get("LEADCAPTURE_BENCH_CONTACTS", "1000000"))
REACH, DEEPER, EXPORT, MEMORY = "≤ 300 ms", "≤ 1.5", "≥ .8", "≤ 300 MiB"
MAIN = ("contacts", "contacts, at depth", "search: a name", "search: nobody", "one status", "a contact")  # PostgreSQL's


def run() -> list[Figure]:
    figures: list[Figure] = []
    for size in (SMALL, LARGE):
        with sqlite(size) as (service, url):
            figures += measured(service, url, f"{size:,}", only=None)
    tenth = LARGE // 10  # to fill PostgreSQL with all of them takes a quarter of an hour
    with PostgreSQL() as server, postgresql(server.new_database(), tenth) as (service, url):
        figures += measured(service, url, f"{tenth:,} on PostgreSQL", only=MAIN)
    return figures


@contextmanager
def sqlite(size: int) -> Iterator[tuple[Service, str]]:
    """The demo's site with that many contacts more."""
    with tempfile.TemporaryDirectory(prefix="leadcapture-contacts-") as folder, Service(Path(folder)) as service:
        service.preloaded = False  # measured as users start it
        service.seed_demo()
        url = f"sqlite:///{service.folder / 'instance' / 'leadcapture.db'}"
        filled(url, size)
        service.start()
        yield service, url


@contextmanager
def postgresql(url: str, size: int) -> Iterator[tuple[Service, str]]:
    """As `sqlite`, in that database."""
    with (
        tempfile.TemporaryDirectory(prefix="leadcapture-contacts-") as folder,
        Service(Path(folder), DATABASE_URL=url) as service,
    ):
        service.preloaded = False
        service.run("db", "upgrade")
        service.demo = json.loads(service.run("seed-demo", "--json").stdout)
        filled(url, size)
        service.start()
        yield service, url


def filled(url: str, size: int) -> None:
    begun = time.monotonic()
    crowd.fill(url, Crowd(size, size // 10, size * 2))
    print(f"filled with {size:,} contacts in {time.monotonic() - begun:.0f} s", flush=True)


def measured(service: Service, url: str, size: str, *, only: tuple[str, ...] | None) -> list[Figure]:
    with create_engine(url).connect() as database:
        site, first = database.execute(
            text("SELECT site_id, min(id) FROM contacts WHERE public_id LIKE 'con_bench%' GROUP BY site_id")
        ).one()
        form, mail, sent = (
            database.execute(text(query)).scalar_one()
            for query in (
                "SELECT public_id FROM forms WHERE kind = 'subscription' ORDER BY id LIMIT 1",
                "SELECT min(id) FROM emails WHERE public_id LIKE 'eml_bench%'",
                "SELECT min(id) FROM submissions WHERE public_id LIKE 'sub_bench%'",
            )
        )
    figures = []
    desk = Desk(service)
    for name, path in pages(first + 100, form, mail + 100, sent + 100).items():
        if only is None or name in only:
            base, _comma, depth = name.rpartition(", ")
            deeper = depth == "at depth"
            took = desk.milliseconds(path)
            figures.append(
                Figure(
                    f"{size}: {name}",
                    "ms",
                    took,
                    of=f"{size}: {base}" if deeper else None,
                    reach=DEEPER if deeper else REACH,
                )
            )
    for name, (event, payload) in questions().items():
        if only is None or name in ("inbox", "inbox, search"):
            figures.append(Figure(f"{size}: {name}", "ms", desk.call_milliseconds(event, **payload), reach=REACH))
    desk.close()
    return figures + exported(service, url, site, size)


def pages(contact: int, form: str, mail: int, sent: int) -> dict[str, str]:
    """The console's pages that show much; the numbers are where a page at depth begins."""
    listed, entries = "/console/contacts", f"/console/forms/{form}/entries"
    return {
        "contacts": listed,
        "contacts, at depth": f"{listed}?before={contact}",
        "search: an address": f"{listed}?search={crowd.email(77)}",
        "search: a name": f"{listed}?search={quote('zoe weiß')}",
        "search: a name, at depth": f"{listed}?search={quote('zoe weiß')}&before={contact + 10_000}",
        "search: what all have": f"{listed}?search=example",
        "search: nobody": f"{listed}?search=hedgehog",
        "search: two letters": f"{listed}?search=zq",
        "one status": f"{listed}?status=suppressed",
        "one status, at depth": f"{listed}?status=suppressed&before={contact + 10_000}",
        "one status and a search": f"{listed}?status=suppressed&search=hedgehog",
        "who agrees": f"{listed}?purpose={crowd.PURPOSE}",
        "who agrees, at depth": f"{listed}?purpose={crowd.PURPOSE}&before={contact}",
        "who agrees, and a search": f"{listed}?purpose={crowd.PURPOSE}&search={crowd.email(77)}",
        "a contact": f"/console/contacts/con_bench{11:015}",
        "inbox, plain": "/console/inbox?plain",
        "outbox": "/console/outbox",
        "outbox, at depth": f"/console/outbox?before={mail}",
        "outbox: failed": "/console/outbox?status=failed",
        "forms": "/console/forms",
        "entries of a form": entries,
        "entries of a form, at depth": f"{entries}?before={sent}",
        "held": "/console/held",
        "imports": "/console/imports",
        "quarantine": "/console/quarantine",
        "statements": "/console/statements",
        "retention": "/console/retention",
        "team": "/console/team",
    }


def questions() -> dict[str, tuple[str, dict[str, object]]]:
    """What the inbox asks by its socket."""
    return {
        "inbox": ("list", {}),
        "inbox, closed": ("list", {"filter": {"where": "closed"}}),
        "inbox, closed, at depth": (
            "list",
            {"filter": {"where": "closed"}, "before": "2024-02-01T00:00:00+00:00|1"},
        ),
        "inbox, one tag": ("list", {"filter": {"where": "all", "tag": "tag 10"}}),
        "inbox, a language nobody speaks": ("list", {"filter": {"where": "all", "language": "de"}}),
        "inbox, how many": ("counts", {}),
        "inbox, search": ("search", {"text": "hedgehog"}),
        "inbox, search: what many said": ("search", {"text": "kettle"}),
        "inbox, search: who": ("search", {"text": "zoe"}),
    }


def exported(service: Service, url: str, site: int, size: str) -> list[Figure]:
    """The export by the command beside the bare one: lines a second, and the most memory it took."""
    key = service.demo["site_key"]
    file = service.folder / "contacts.csv"
    bare: list[float] = []
    ours: list[float] = []
    memory: list[float] = []
    for _round in range(ROUNDS):
        seconds, _most = _process(["-m", "tests.bench.bare_export", url, str(site), str(file)], service, None)
        lines = file.read_bytes().count(b"\n")
        bare.append(lines / seconds)
        seconds, most = _process(["-m", "leadcapture", "contacts", "export", "--site", key], service, file)
        assert file.read_bytes().count(b"\n") == lines + 1  # and the names of the columns
        ours.append(lines / seconds)
        memory.append(most)
    reference = f"{size}: bare export"
    return [
        Figure(reference, "per second", bare),
        Figure(f"{size}: contacts export", "per second", ours, of=reference, reach=EXPORT),
        Figure(f"{size}: memory of contacts export", "MiB", memory, reach=MEMORY),
    ]


def _process(arguments: list[str], service: Service, out: Path | None) -> tuple[float, float]:
    """Run it to its end: how many seconds it took, and MiB at most."""
    begun = time.monotonic()
    with (out or Path(os.devnull)).open("wb") as written:
        child = subprocess.Popen([sys.executable, *arguments], cwd=ROOT, env=service.environ, stdout=written)
        most = 0.0
        while (status := child.poll()) is None:
            most = max(most, _most_so_far(child.pid))
            time.sleep(0.02)
    assert status == 0, arguments
    return time.monotonic() - begun, most


def _most_so_far(pid: int) -> float:
    """MiB; what the system says of a child that ended would be ours, if that was more."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:")), 0.0)
