"""Form posts with the whole double opt-in behind them (proof of consent, confirmation, mail), unique addresses; beside
a bare program of the same stack that checks two fields and inserts one row. Then the buttons of the mailed links."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import select

from leadcapture import db
from leadcapture.mail.models import Email
from tests.bench import rounds
from tests.bench.figures import Figure
from tests.servers import ROOT, PostgreSQL, Redis, Service, free_port, wait_for

SECONDS = "4"
MANY = "1000000/second"
SETTINGS = {f"RATE_FORM{end}": MANY for end in ("", "_PLAIN", "_NETWORK", "_SITE")} | {"SMTP_URL": ""}

BARE, OURS = "bare: WTForms + Core insert", "LeadCapture"
SENDING = f"{OURS}, SQLite, its mails sent to a sink meanwhile"
TWO = f"{OURS}, PostgreSQL, 2 processes"


def run() -> list[Figure]:
    """A value of each round for every variant."""
    found: dict[str, list[dict[str, float]]] = defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="leadcapture-forms-") as folder, ExitStack() as servers:
        postgresql = servers.enter_context(PostgreSQL(durable=True))
        redis = servers.enter_context(Redis(Path(folder)))
        for number in range(rounds.ROUNDS):
            where = Path(folder) / str(number)
            _measure_both(found, "SQLite", where, f"sqlite:///{where}.db")
            _measure_both(found, "PostgreSQL", where, postgresql.new_database(), postgresql.new_database())
            with sink() as port, ours(where / "sending", SMTP_URL=f"smtp://127.0.0.1:{port}") as (url, path, _url):
                found[SENDING].append(load(url, 8, path))
            several = {"DATABASE_URL": postgresql.new_database(), "REDIS_URL": redis.url, "WORKERS": "2"}
            with ours(where / "two", **several) as (url, path, _url):
                found[TWO].append(load(url, 8, path))
    return figures(found)


def _measure_both(
    found: dict[str, list[dict[str, float]]], kind: str, where: Path, bare_url: str, ours_url: str = ""
) -> None:
    with bare(bare_url) as url:
        for connections in (8, 32):
            found[f"{BARE}, {kind}, {connections}"].append(load(url, connections, "/form"))
    settings = {"DATABASE_URL": ours_url} if ours_url else {}
    with ours(where / kind, **settings) as (url, path, database):
        for connections in (8, 32):
            found[f"{OURS}, {kind}, {connections}"].append(load(url, connections, path))
        found[f"confirmed by POST, {kind}"].append(press(url, 8, links(database)))


def figures(found: dict[str, list[dict[str, float]]]) -> list[Figure]:
    """What was found as a reader sees it."""

    def values(name: str, what: str) -> list[float]:
        return [one[what] for one in found[name]]

    told = []
    for kind, reach in (("SQLite", "≥ .70, ≥ 1,000/s"), ("PostgreSQL", "≥ .70")):
        for connections in (8, 32):
            reference, name = (f"{who}, {kind}, {connections}" for who in (BARE, OURS))
            against = f"{reference} connections"
            told += [
                Figure(against, "per second", values(reference, "rate")),
                Figure(f"{name} connections", "per second", values(name, "rate"), against, reach),
                Figure(f"{name} connections, p50", "ms", values(name, "p50")),
                Figure(
                    f"{name} connections, p99", "ms", values(name, "p99"), reach="≤ 60 ms" if connections == 32 else ""
                ),
            ]
            reach = ""
        confirmed = f"confirmed by POST, {kind}"
        told += [
            Figure(f"{confirmed}, 8 connections", "per second", values(confirmed, "rate")),
            Figure(f"{confirmed}, p99", "ms", values(confirmed, "p99")),
        ]
    for name, of in ((SENDING, f"{OURS}, SQLite, 8 connections"), (TWO, f"{OURS}, PostgreSQL, 8 connections")):
        told.append(Figure(name, "per second", values(name, "rate"), of))
    return told


@contextmanager
def bare(database_url: str) -> Iterator[str]:
    """The bare reference on that database, answering; its address."""
    port = free_port()
    with _running("tests.bench.bare_forms", str(port), database_url):
        url = f"http://127.0.0.1:{port}"
        wait_for(lambda: rounds._answers(url), "the bare reference to answer")
        yield url


@contextmanager
def ours(folder: Path, **settings: str) -> Iterator[tuple[str, str, str]]:
    """The service as users run it, with demo data, but for limits that one loopback client would hit: its address, the
    path that a form is posted to, and the URL of its database."""
    with Service(folder, command=("serve",), **{**SETTINGS, **settings}) as service:
        service.preloaded = False  # measured as users start it
        if "DATABASE_URL" in settings:
            service.run("db", "upgrade")
        demo: dict[str, Any] = json.loads(service.run("seed-demo", "--json").stdout)
        service.start()
        database = settings.get("DATABASE_URL") or f"sqlite:///{folder / 'instance' / 'leadcapture.db'}"
        yield service.url, f"/v1/{demo['site_key']}/forms/{demo['forms']['subscription']}", database


@contextmanager
def sink() -> Iterator[int]:
    """A mail server that takes everything and keeps nothing; its port."""
    port = free_port()
    with _running("tests.bench.sink", str(port)):
        yield port


@contextmanager
def _running(module: str, *arguments: str) -> Iterator[None]:
    process = subprocess.Popen(
        [sys.executable, "-m", module, *arguments], cwd=ROOT, start_new_session=True, stdout=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def links(database_url: str, most: int = 2000) -> list[str]:
    """The paths of the newest confirmations that were mailed."""
    database = db.Database(database_url)
    wanted = select(Email.text).where(Email.name == "confirmation", Email.status == "queued")
    with database.read() as session:
        texts = session.scalars(wanted.order_by(Email.id.desc()).limit(most)).all()
    database.close()
    return [found[1] for text in texts if (found := re.search(r"http://\S+?(/confirm/\S+)", text))]


def load(url: str, connections: int, path: str) -> dict[str, float]:
    """What so many connections measured, posting forms there for SECONDS."""
    return _loaded(url, str(connections), SECONDS, path)


def press(url: str, connections: int, paths: list[str]) -> dict[str, float]:
    """What so many connections measured, pressing the button of each of these paths."""
    return _loaded(url, str(connections), stdin="\n".join(paths))


def _loaded(*arguments: str, stdin: str = "") -> dict[str, float]:
    command = [sys.executable, "-m", "tests.bench.load_forms", *arguments]
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True, timeout=120, input=stdin)
    return dict(json.loads(done.stdout))
