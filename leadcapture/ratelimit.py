"""Limits: how often something may happen. Counted in this process, or in Redis for all of them.

A limit holds in every stretch of time as long as its period: what is kept of a key are the moments of what was let
through in the last one. Where Redis is away, each process goes on with counts of its own until it is back: whoever
comes meanwhile is let in or refused as by a single process, never answered with an error.
"""

from __future__ import annotations

import logging
import math
import re
import time
from collections import deque
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, Protocol

from leadcapture.errors import BadSetting, RateLimited
from leadcapture.i18n import gettext as _
from leadcapture.i18n import ngettext
from leadcapture.settings import Settings

if TYPE_CHECKING:
    import redis

log = logging.getLogger("leadcapture.ratelimit")

SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400, "month": 30 * 86_400, "year": 360 * 86_400}
_RATE = re.compile(rf"(\d+)\s*(?:/|per)\s*(\d*)\s*({'|'.join(SECONDS)})s?", re.IGNORECASE)

ANSWERS_WITHIN = 0.5  # seconds that Redis has, each time, before it counts as away
ASKED_AGAIN_AFTER = 1.0  # seconds

# The moments of each key lie in a list, newest first, by the clock of Redis: machines need not agree on the time. The
# first limit that is used up ends it, so that whoever is refused by a narrow one does not count for the wider.
_COUNT = """
local clock = redis.call('TIME')
local now = clock[1] + clock[2] / 1000000
for number, key in ipairs(KEYS) do
    local amount, seconds = tonumber(ARGV[2 * number]), tonumber(ARGV[2 * number + 1])
    local first = redis.call('LINDEX', key, amount - 1)
    if first and tonumber(first) > now - seconds then
        return tostring(first + seconds - now)
    end
    if ARGV[1] == '1' then
        redis.call('LPUSH', key, string.format('%.6f', now))
        redis.call('LTRIM', key, 0, amount - 1)
        redis.call('EXPIRE', key, seconds)
    end
end
return '0'
"""


@dataclass(frozen=True, slots=True)
class Rate:
    """So many in any stretch of time that long."""

    amount: int
    seconds: int


def parse(text: str) -> Rate:
    """Read a limit such as `60/minute` or `1000/10 seconds`. Raises ValueError for what is none."""
    found = _RATE.fullmatch(text.strip())
    if not found or not int(found[1]) or found[2] == "0":
        raise ValueError(f"{text!r} is no limit")
    return Rate(int(found[1]), int(found[2] or 1) * SECONDS[found[3].lower()])


class Wanted(NamedTuple):
    """One more of `limit` (a setting's name, such as "RATE_FORM") for a key; `times` widens it for a wider key."""

    limit: str
    key: tuple[str, ...]
    times: int = 1


class _Counts(Protocol):
    def wait(self, wanted: tuple[Wanted, ...], *, count: bool) -> float: ...


_limits: dict[str, str] = {}
_everywhere: _Counts | None = None
_redis_url: str | None = None


class _Here:
    """Counts in the memory of this process. A key that nobody asked for during a whole period is forgotten."""

    def __init__(self) -> None:
        # By the seconds of the period: when the young were the old the last time, the young and the old.
        self._ages: dict[int, tuple[float, dict[Wanted, deque[float]], dict[Wanted, deque[float]]]] = {}

    def wait(self, wanted: tuple[Wanted, ...], *, count: bool) -> float:
        """Seconds until one more of each would be let through. 0: it is, and with `count` counts from now on."""
        now = time.monotonic()
        for one in wanted:
            rate = _rate(one.limit, one.times)
            passed = self._passed(one, rate.seconds, now)
            while passed and passed[0] <= now - rate.seconds:
                passed.popleft()
            if len(passed) >= rate.amount:
                return passed[-rate.amount] + rate.seconds - now
            if count:
                passed.append(now)
        return 0

    def _passed(self, one: Wanted, seconds: int, now: float) -> deque[float]:
        since, young, old = self._ages.get(seconds) or (now, {}, {})
        if now - since > seconds:
            since, young, old = now, {}, young if now - since < 2 * seconds else {}
        self._ages[seconds] = since, young, old
        if one not in young:
            young[one] = old.pop(one) if one in old else deque()
        return young[one]


class _Redis:
    """Counts in Redis; in the memory of this process as long as it is away."""

    def __init__(self, url: str) -> None:
        self._count = _script(url)
        self._here = _Here()
        self._away_until: float | None = None

    def wait(self, wanted: tuple[Wanted, ...], *, count: bool) -> float:
        """As _Here.wait, over all processes."""
        import redis  # here, because a service of one process starts without

        if self._away_until is not None:
            if time.monotonic() < self._away_until:
                return self._here.wait(wanted, count=count)
            # This one asks; those who come meanwhile do not wait for the answer.
            self._away_until = time.monotonic() + ANSWERS_WITHIN + ASKED_AGAIN_AFTER
        arguments: list[str | int] = [int(count)]
        for one in wanted:
            rate = _rate(one.limit, one.times)
            arguments += [rate.amount, rate.seconds]
        try:
            wait = float(self._count(keys=["/".join(("rate", one.limit, *one.key)) for one in wanted], args=arguments))
        except redis.RedisError as error:
            if self._away_until is None:
                log.warning("Redis is away (%s): each process counts by itself until it is back.", type(error).__name__)
            self._away_until = time.monotonic() + ASKED_AGAIN_AFTER
            return self._here.wait(wanted, count=count)
        if self._away_until is not None:
            log.warning("Redis is back: what is counted is counted for all processes again.")
            self._away_until = None
        return wait


def _script(url: str) -> redis.commands.core.Script:
    import redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    pool = redis.BlockingConnectionPool.from_url(
        url,
        max_connections=16,
        timeout=ANSWERS_WITHIN,
        socket_timeout=ANSWERS_WITHIN,
        socket_connect_timeout=ANSWERS_WITHIN,
        # Once more at once: a connection may be one to the Redis before a restart.
        retry=Retry(NoBackoff(), 1),
    )
    return redis.Redis(connection_pool=pool).register_script(_COUNT)


_here = _Here()


def configure(settings: Settings) -> None:
    """Take the limits (each setting that begins with RATE_) and the place of the counts, which begin anew.

    Raises BadSetting for a limit that is none.
    """
    global _everywhere, _here, _redis_url
    # The place is opened at its first use: connections must not cross the fork into the workers.
    _everywhere, _here, _redis_url = None, _Here(), settings.redis_url
    for name, value in settings.values.items():
        if name.startswith("RATE_"):
            try:
                parse(value)
            except ValueError as error:
                raise BadSetting(f"LEADCAPTURE_{name}: {value!r} is not like 60/minute.") from error
            _limits[name] = value


def hit(limit: str, *key: str, times: int = 1) -> None:
    """Count one more of `limit` (a setting's name, such as "RATE_FORM") for this key.

    `times` widens the limit for a wider key. Raises RateLimited, with the seconds to wait, when it is used up.
    """
    hit_each(Wanted(limit, key, times))


def hit_each(*wanted: Wanted) -> None:
    """As several hits, one after the other, but at the cost of one where Redis counts. Whoever is refused by one counts
    for none that follow it."""
    wait = _counts().wait(wanted, count=True)
    if wait:
        raise refusal(_("Too many requests."), math.ceil(wait))


def hit_here(limit: str, *key: str, times: int = 1) -> None:
    """As hit, for what only this process sees, such as one socket: quicker, for nobody else is asked."""
    wait = _here.wait((Wanted(limit, key, times),), count=True)
    if wait:
        raise refusal(_("Too many requests."), math.ceil(wait))


def refusal(why: str, seconds: int) -> RateLimited:
    """The error that says why, and when to come back."""
    seconds = max(1, seconds)
    return RateLimited(f"{why} {_again(seconds)}", retry_after=seconds)


def allowed(limit: str, *key: str, times: int = 1) -> bool:
    """Whether one more would be let through; counts nothing."""
    return not _counts().wait((Wanted(limit, key, times),), count=False)


def _again(seconds: int) -> str:
    if seconds < 90:
        return ngettext("Try again in %(num)d second.", "Try again in %(num)d seconds.", seconds)
    if seconds < 90 * 60:
        minutes = math.ceil(seconds / 60)
        return ngettext("Try again in %(num)d minute.", "Try again in %(num)d minutes.", minutes)
    hours = math.ceil(seconds / 3600)
    return ngettext("Try again in %(num)d hour.", "Try again in %(num)d hours.", hours)


def _rate(limit: str, times: int) -> Rate:
    return _widened(_limits[limit], times)


@lru_cache(maxsize=256)
def _widened(text: str, times: int) -> Rate:
    rate = parse(text)
    return Rate(rate.amount * times, rate.seconds)


def _counts() -> _Counts:
    global _everywhere
    if not _limits:
        raise RuntimeError("ratelimit.configure was not called")
    if _everywhere is None:
        _everywhere = _Redis(_redis_url) if _redis_url else _Here()
    return _everywhere
