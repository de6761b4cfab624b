"""Form posts with the whole double opt-in behind them, unique addresses, against validation alone."""

from __future__ import annotations

from tests.bench import figures, rounds
from tests.bench.figures import Figure

CONNECTIONS = 8


def run() -> list[Figure]:
    rates: dict[str, list[float]] = {"bare form, validated only": [], "LeadCapture on SQLite, mail queued": []}
    reference, sqlite = rates.values()
    for _ in range(rounds.ROUNDS):
        with rounds.bare() as url:
            reference.append(rounds.load("forms", url, "/form", CONNECTIONS))
        with rounds.ours(SMTP_URL="") as service:
            path = f"/v1/{service.demo['site_key']}/forms/{service.demo['forms']['subscription']}"
            sqlite.append(rounds.load("forms", service.url, path, CONNECTIONS))
    return figures.rates(rates)
