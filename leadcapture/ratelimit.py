"""Buckets: how often something may happen. In memory for one process, in Redis for several."""

from __future__ import annotations

import math
import time
from functools import cache
from typing import cast

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage, Storage, storage_from_string
from limits.strategies import FixedWindowRateLimiter, MovingWindowRateLimiter

from leadcapture.errors import BadSetting, RateLimited
from leadcapture.i18n import gettext as _
from leadcapture.i18n import ngettext
from leadcapture.settings import Settings

_limiter: MovingWindowRateLimiter | None = None
_here: FixedWindowRateLimiter | None = None
_redis_url: str | None = None
_limits: dict[str, str] = {}


def configure(settings: Settings) -> None:
    """Take the limits (each setting that begins with RATE_) and the place of the counts.

    Raises BadSetting for a limit that is none.
    """
    global _limiter, _here, _redis_url
    # The place is opened at its first use: memory's has a timer thread, which must not cross the fork into the workers.
    _limiter, _here, _redis_url = None, None, settings.redis_url
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
    item = _item(limit, times)
    if not _strategy().hit(item, limit, *key):
        reset = _strategy().get_window_stats(item, limit, *key)[0]
        raise refusal(_("Too many requests."), math.ceil(reset - time.time()))


def hit_here(limit: str, *key: str, times: int = 1) -> None:
    """As hit, for what only this process sees, such as one socket: quicker, for nobody else is asked."""
    global _here
    if _here is None:
        _here = FixedWindowRateLimiter(MemoryStorage())
    item = _item(limit, times)
    if not _here.hit(item, *key):
        raise refusal(_("Too many requests."), math.ceil(_here.get_window_stats(item, *key)[0] - time.time()))


def refusal(why: str, seconds: int) -> RateLimited:
    """The error that says why, and when to come back."""
    seconds = max(1, seconds)
    return RateLimited(f"{why} {_again(seconds)}", retry_after=seconds)


def allowed(limit: str, *key: str, times: int = 1) -> bool:
    """Whether one more would be let through; counts nothing."""
    return bool(_strategy().test(_item(limit, times), limit, *key))


def _again(seconds: int) -> str:
    if seconds < 90:
        return ngettext("Try again in %(num)d second.", "Try again in %(num)d seconds.", seconds)
    if seconds < 90 * 60:
        minutes = math.ceil(seconds / 60)
        return ngettext("Try again in %(num)d minute.", "Try again in %(num)d minutes.", minutes)
    hours = math.ceil(seconds / 3600)
    return ngettext("Try again in %(num)d hour.", "Try again in %(num)d hours.", hours)


def _item(limit: str, times: int) -> RateLimitItem:
    return _parsed(_limits[limit], times)


@cache
def _parsed(value: str, times: int) -> RateLimitItem:
    item = parse(value)
    return type(item)(item.amount * times, item.multiples)


def _strategy() -> MovingWindowRateLimiter:
    global _limiter
    if not _limits:
        raise RuntimeError("ratelimit.configure was not called")
    if _limiter is None:
        storage = cast(Storage, storage_from_string(_redis_url)) if _redis_url else MemoryStorage()
        _limiter = MovingWindowRateLimiter(storage)
    return _limiter
