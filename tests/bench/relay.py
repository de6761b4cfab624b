"""Chat messages of 50 visitors, each stored before it is acknowledged and told to the operator who has taken it; beside
the same service whose relay stores nothing, and stock handlers that store nothing.

Each variant runs a closed loop, which says how many it can do, and 500 messages a second whatever happens, which says
how long they take.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from leadcapture import clock, db, ids
from leadcapture.operators.models import Membership, Operator
from tests.bench import rounds
from tests.bench.figures import Figure
from tests.chat.talk import SECRET, ChatService
from tests.servers import ROOT, PostgreSQL, Redis, free_port, wait_for

PAIRS = 50
RATE = 500
SECONDS = 5.0
UNLIMITED = {"RATE_MESSAGE": "1000000/second", "RATE_CONNECT": "1000000/second"}


class Relay(NamedTuple):
    """A running relay: where visitors and operators connect, and the load's plan."""

    visitors: str
    operators: str
    plan: str


def run() -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="leadcapture-relay-") as folder, ExitStack() as servers:
        postgresql = servers.enter_context(PostgreSQL(durable=True))
        redis = servers.enter_context(Redis(Path(folder)))
        variants: dict[str, Callable[[Path], object]] = {
            "our relay, storing nothing": lambda where: service(where, module="tests.bench.unstored"),
            "stock Flask-SocketIO handlers, storing nothing": lambda _where: stock(),
            "stored, SQLite": service,
            "stored, PostgreSQL": lambda where: service(where, DATABASE_URL=postgresql.new_database()),
            "stored, PostgreSQL, 2 processes over Redis": lambda where: two_processes(
                where, DATABASE_URL=postgresql.new_database(), REDIS_URL=redis.url
            ),
        }
        closed: dict[str, list[float]] = {name: [] for name in variants}
        timed: dict[str, list[dict[str, float]]] = {name: [] for name in variants}
        for number in range(rounds.ROUNDS):
            for name, start in variants.items():
                with start(Path(folder) / f"{number} {name}") as relay:  # type: ignore[attr-defined]  # all are context managers
                    closed[name].append(load(relay, 0)["rate"])
                    timed[name].append(load(relay, RATE))
    return figures(closed, timed)


def figures(closed: dict[str, list[float]], timed: dict[str, list[dict[str, float]]]) -> list[Figure]:
    """The closed loops with their ratios, then the times at RATE."""
    ours, stock_handlers, sqlite, postgresql, two = closed
    against = {
        stock_handlers: (ours, ""),
        sqlite: (ours, "≥ .55"),
        postgresql: (ours, "≥ .50"),
        two: (postgresql, "≥ .55"),
    }
    found = [
        Figure(name, "per second", values, of=against.get(name, (None, ""))[0], reach=against.get(name, ("", ""))[1])
        for name, values in closed.items()
    ]
    found.append(Figure("the same, against stock handlers", "per second", closed[sqlite], of=stock_handlers))
    for name, p50 in ((sqlite, "≤ 1.5 ms"), (postgresql, "≤ 3 ms")):
        found += [
            Figure(f"{name}: acknowledged at {RATE}/s, p50", "ms", [one["ack_p50"] for one in timed[name]], reach=p50),
            Figure(
                f"{name}: acknowledged at {RATE}/s, p99", "ms", [one["ack_p99"] for one in timed[name]], reach="≤ 10 ms"
            ),
        ]
    lost = [sum(timed[name][number]["lost"] for name in timed) for number in range(len(timed[ours]))]
    return [*found, Figure("messages without an answer", "messages", lost, reach="0")]


@contextmanager
def service(folder: Path, *, module: str = "leadcapture", **settings: str) -> Iterator[Relay]:
    """The service as users run it, on a site with an operator for each pair."""
    with Measured(folder, **UNLIMITED, **settings) as service:
        service.module = module
        service.populate()
        cookies = team(service)
        service.start()
        yield Relay(service.url, service.url, json.dumps({"site": service.people.site.key, "cookies": cookies}))


@contextmanager
def two_processes(folder: Path, **settings: str) -> Iterator[Relay]:
    """Two services joined by Redis on one database: the visitors speak to one, the operators to the other."""
    with (
        Measured(folder / "a", **UNLIMITED, **settings) as one,
        Measured(folder / "b", **UNLIMITED, **settings) as two,
    ):
        one.populate()
        cookies = team(one)
        one.start()
        two.people = one.people
        two.start()
        yield Relay(one.url, two.url, json.dumps({"site": one.people.site.key, "cookies": cookies}))


@contextmanager
def stock() -> Iterator[Relay]:
    """What Flask-SocketIO's own handlers do, relaying in pairs."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "tests.bench.bare_relay", str(port)]
    process = subprocess.Popen(command, cwd=ROOT, start_new_session=True)
    try:
        wait_for(lambda: rounds._answers(url), "the stock relay to answer")
        yield Relay(url, url, json.dumps({"site": "none", "cookies": [""] * PAIRS}))
    finally:
        process.terminate()
        process.wait()


class Measured(ChatService):
    preloaded = False  # measured as users start it


def team(service: ChatService) -> list[str]:
    """The cookies of PAIRS operators, whom the service's site now has."""
    url = service.settings.get("DATABASE_URL") or f"sqlite:///{service.folder / 'instance' / 'leadcapture.db'}"
    database = db.Database(url)
    site = service.people.site

    def add(session: db.Session) -> list[Operator]:
        people = [
            Operator(
                public_id=ids.new("operator"),
                email=f"operator{number}@example.org",
                email_key=f"operator{number}@example.org",
                name=f"Operator {number}",
                password_hash="none",
                created_at=clock.now(),
            )
            for number in range(PAIRS)
        ]
        session.add_all(people)
        session.flush()
        session.add_all(Membership(operator_id=one.id, site_id=site.id, role="operator") for one in people)
        return people

    cookies = [service.cookie(one) for one in database.write(add)]
    database.close()
    assert SECRET
    return cookies


def load(relay: Relay, rate: float) -> dict[str, float]:
    """What the load measured; `rate` 0 is the closed loop."""
    command = [sys.executable, "-m", "tests.bench.load_relay", relay.visitors, relay.operators, str(SECONDS), str(rate)]
    done = subprocess.run(
        command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True, timeout=120, input=relay.plan
    )
    return dict(json.loads(done.stdout))
