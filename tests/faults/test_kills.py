"""kill -9 at any moment loses nothing acknowledged and repeats nothing (see killing.py). A few kills here; `make bench
NAME=kills` asks for a thousand."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.faults.killing import soak
from tests.faults.people import Shop
from tests.servers import PostgreSQL

KILLS = int(os.environ.get("KILLS", "6"))
SECONDS = float(os.environ.get("KILLS_SECONDS", "inf"))


@pytest.mark.timeout(120 + 6 * KILLS)
@pytest.mark.parametrize("which", ["sqlite", "postgresql"])
def test_what_was_acknowledged_is_there_once_whatever_is_killed(
    which: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    settings = {}
    if which == "postgresql":
        server: PostgreSQL = request.getfixturevalue("postgresql_server")
        settings["DATABASE_URL"] = server.new_database()
    with Shop(tmp_path, **settings) as shop:
        outcome = soak(shop, KILLS, seed=KILLS, seconds=SECONDS)
    print(f"\n{which}: {outcome}")
    assert (outcome.lost, outcome.twice, outcome.wrong) == ([], [], [])
    assert outcome.told.messages
    assert outcome.told.submissions
    if KILLS >= 20:
        assert outcome.told.confirmed
        assert outcome.told.left
