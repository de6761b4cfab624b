"""kill -9 at any moment loses nothing acknowledged and repeats nothing (see killing.py). A few kills here; `make bench
NAME=kills` asks for a thousand."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.faults.killing import soak
from tests.faults.people import Shop

# A few by default, and fewer where each costs more.
KILLS = {which: int(os.environ.get("KILLS", few)) for which, few in (("sqlite", "4"), ("postgresql", "2"))}
SECONDS = float(os.environ.get("KILLS_SECONDS", "inf"))


@pytest.mark.timeout(120 + 6 * max(KILLS.values()))
@pytest.mark.parametrize("which", KILLS)
def test_what_was_acknowledged_is_there_once_whatever_is_killed(
    which: str, tmp_path: Path, migrated: Path, request: pytest.FixtureRequest
) -> None:
    settings = {}
    if which == "postgresql":
        request.getfixturevalue("postgresql")  # empties it
        settings["DATABASE_URL"] = request.getfixturevalue("migrated_postgresql")
    with Shop(tmp_path, **settings) as shop:
        shop.populate(migrated)
        outcome = soak(shop, KILLS[which], seed=KILLS[which], seconds=SECONDS)
    print(f"\n{which}: {outcome}")
    assert (outcome.lost, outcome.twice, outcome.wrong) == ([], [], [])
    assert outcome.told.messages
    assert outcome.told.submissions
    if KILLS[which] >= 20:
        assert outcome.told.confirmed
        assert outcome.told.left
