"""What no column holds is refused, whichever database says so, and nothing of it is written."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from leadcapture import clock, db
from leadcapture.guard.models import SpentChallenge
from leadcapture.mail.models import Email


def test_a_number_beyond_64_bits_is_named_for_what_it_is(either_database):
    def look(number: int) -> list[int]:
        with db.read() as session:
            return list(session.scalars(select(Email.id).where(Email.id + 0 < func.abs(number))))

    assert look(2**62) == []
    with pytest.raises(db.UNSTORABLE):
        look(2**70)


def test_a_text_that_is_too_long_is_not_cut_and_not_kept(postgresql):
    def keep(session) -> None:
        session.add(SpentChallenge(challenge="x" * 1_000, expires_at=clock.now()))

    with pytest.raises(db.UNSTORABLE):
        db.write(keep)
    with db.read() as session:
        assert session.scalar(select(func.count()).select_from(SpentChallenge)) == 0


def test_the_asker_is_told_and_nothing_is_lost(app, client, monkeypatch, caplog):
    def fail() -> str:
        raise OverflowError("Python int too large to convert to SQLite INTEGER")

    monkeypatch.setitem(app.view_functions, "health.alive", fail)
    answer = client.get("/healthz", headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json["error"]["code"]) == (422, "invalid")
    assert "does not fit" in caplog.text
