"""The stock holds under a rush, on SQLite and on PostgreSQL. `make bench NAME=coupons` sends a thousand to both."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from leadcapture import db, tables
from tests.forms.kinds import coupon_race
from tests.servers import Service


@pytest.fixture(params=["sqlite", "postgresql"])
def race(
    make_service: Callable[..., Service], request: pytest.FixtureRequest, migrated: Path
) -> Iterator[coupon_race.Race]:
    """A hundred and twenty people and twelve codes; `make bench NAME=coupons` has a thousand and a hundred."""
    url = None
    if request.param == "postgresql":
        url = request.getfixturevalue("postgresql_url")
        tables.upgrade(db.connect(url).engine)
        db.close()
    yield coupon_race.prepare(make_service, url, migrated, people=120, codes=12)
    db.close()


def test_claims_at_the_same_moment_give_exactly_the_codes_there_are(race: coupon_race.Race) -> None:
    codes = coupon_race.judge(race, race.confirm_all())

    answers = race.redeem(codes[0], orders=50)
    assert sum(answer.get("redeemed") is True for answer in answers) == 1
    assert sum(answer.get("error", {}).get("code") == "used_up" for answer in answers) == 49
