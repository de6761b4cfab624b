"""Limits hold in every stretch of time, in one process and over several, and no outage of Redis turns anybody away."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from leadcapture import ratelimit
from leadcapture import settings as settings_module
from leadcapture.errors import BadSetting, RateLimited
from leadcapture.ratelimit import Rate, Wanted
from tests.servers import Redis


@pytest.fixture
def limited(tmp_path: Path) -> Iterator[Callable[..., None]]:
    """Has limits counted by these settings; afterwards they are the process's own again."""

    def configure(**values: str) -> None:
        environ = {"LEADCAPTURE_INSTANCE": str(tmp_path)} | {f"LEADCAPTURE_{n}": v for n, v in values.items()}
        ratelimit.configure(settings_module.load(environ))

    yield configure
    configure()


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    """A Redis of one's own, for it is killed."""
    with Redis(tmp_path) as server:
        yield server


def let_through(limit: str, *key: str) -> bool:
    try:
        ratelimit.hit(limit, *key)
    except RateLimited:
        return False
    return True


@pytest.mark.parametrize(
    ("text", "amount", "seconds"),
    [("60/minute", 60, 60), ("1000/10 seconds", 1000, 10), ("10/15 minutes", 10, 900), ("1 per day", 1, 86_400)],
)
def test_limits_are_read_as_people_write_them(text: str, amount: int, seconds: int) -> None:
    assert ratelimit.parse(text) == Rate(amount, seconds)


@pytest.mark.parametrize("text", ["", "many", "60", "0/minute", "5/0 seconds", "-1/minute", "5/fortnight"])
def test_what_is_no_limit_stops_the_start(text: str, limited: Callable[..., None]) -> None:
    with pytest.raises(BadSetting):
        limited(RATE_FORM=text)


@hypothesis_settings(max_examples=40, deadline=None)
@given(
    amount=st.integers(1, 4),
    steps=st.lists(st.tuples(st.floats(0, 8), st.sampled_from(["erin", "dave"])), max_size=40),
)
def test_no_stretch_of_time_has_more_than_its_limit_and_none_is_refused_below_it(
    amount: int, steps: list[tuple[float, str]]
) -> None:
    clock = 1000.0
    counts, passed = ratelimit._Here(), {"erin": [], "dave": []}
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(ratelimit._limits, "RATE_FORM", f"{amount}/10 seconds")
        patch.setattr(time, "monotonic", lambda: clock)
        for pause, who in steps:
            clock += pause
            within = [moment for moment in passed[who] if moment > clock - 10]
            wait = counts.wait((Wanted("RATE_FORM", (who,)),), count=True)
            assert bool(wait) == (len(within) >= amount)
            if not wait:
                passed[who].append(clock)
            else:
                assert wait == pytest.approx(within[-amount] + 10 - clock)


def test_what_nobody_asks_for_any_more_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    counts, clock = ratelimit._Here(), [0.0]
    monkeypatch.setitem(ratelimit._limits, "RATE_FORM", "5/10 seconds")
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    for number in range(1000):
        counts.wait((Wanted("RATE_FORM", (str(number),)),), count=True)
    for clock[0] in (11.0, 22.0):
        counts.wait((Wanted("RATE_FORM", ("last",)),), count=True)
    (_since, young, old) = counts._ages[10]
    assert len(young) + len(old) == 1


@pytest.mark.parametrize("shared", [False, True])
def test_who_is_refused_by_a_narrow_limit_does_not_count_for_the_wide(
    shared: bool, limited: Callable[..., None], redis_server: Redis
) -> None:
    limited(RATE_FORM="2/minute", RATE_FORM_SITE="3/minute", **({"REDIS_URL": redis_server.url} if shared else {}))
    narrow, wide = Wanted("RATE_FORM", ("erin narrow",)), Wanted("RATE_FORM_SITE", ("one site",))
    for _ in range(2):
        ratelimit.hit_each(narrow, wide)
    for _ in range(5):
        with pytest.raises(RateLimited) as refused:
            ratelimit.hit_each(narrow, wide)
        assert 1 <= refused.value.retry_after <= 60
    assert let_through("RATE_FORM_SITE", "one site")
    assert not ratelimit.allowed("RATE_FORM_SITE", "one site")


def test_two_processes_count_together(limited: Callable[..., None], redis_server: Redis) -> None:
    answers = []
    for _ in range(2):  # as another process: nothing is kept but what lies in Redis
        limited(RATE_SIGN_IN="3/minute", REDIS_URL=redis_server.url)
        answers += [let_through("RATE_SIGN_IN", "both") for _ in range(2)]
    assert answers == [True, True, True, False]


def test_while_redis_is_away_each_process_counts_by_itself(
    limited: Callable[..., None], redis: Redis, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ratelimit, "ASKED_AGAIN_AFTER", 0.05)
    limited(RATE_SIGN_IN="2/minute", REDIS_URL=redis.url)
    assert let_through("RATE_SIGN_IN", "erin")
    redis.kill()
    with caplog.at_level(logging.WARNING, "leadcapture.ratelimit"):
        began = time.monotonic()
        assert [let_through("RATE_SIGN_IN", "dave") for _ in range(3)] == [True, True, False]
        assert time.monotonic() - began < 2 * ratelimit.ANSWERS_WITHIN + 1
        time.sleep(0.06)  # it is asked again, and still away
        let_through("RATE_SIGN_IN", "dave")
        assert len([record for record in caplog.records if "away" in record.message]) == 1
        redis.start()
        time.sleep(0.06)
        assert let_through("RATE_SIGN_IN", "frank")
    assert "back" in caplog.records[-1].message
    limited(RATE_SIGN_IN="2/minute", REDIS_URL=redis.url)
    assert [let_through("RATE_SIGN_IN", "frank") for _ in range(2)] == [True, False]
