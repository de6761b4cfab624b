"""Chat messages of 50 visitors, each acknowledged after it is stored, against the same relay storing nothing."""

from __future__ import annotations

from tests.bench import figures, rounds
from tests.bench.figures import Figure

VISITORS = 50


def run() -> list[Figure]:
    rates: dict[str, list[float]] = {
        "bare relay, storing nothing": [],
        "LeadCapture on SQLite, stored before the ack": [],
    }
    reference, sqlite = rates.values()
    for _ in range(rounds.ROUNDS):
        with rounds.bare() as url:
            reference.append(rounds.load("relay", url, "none", VISITORS))
        with rounds.ours() as service:
            sqlite.append(rounds.load("relay", service.url, service.demo["site_key"], VISITORS))
    return figures.rates(rates)
