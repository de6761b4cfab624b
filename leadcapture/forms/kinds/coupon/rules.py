"""Pure decisions about coupons: how codes are made and compared, what a coupon is worth, how long it holds."""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time
from babel.numbers import format_currency, format_percent, get_currency_precision

# No 0 and O, no 1, I and L, and no vowels: nothing to mix up when it is read aloud, and no word by chance.
ALPHABET = "23456789BCDFGHJKMNPQRSTVWXYZ"
SHOWN = re.compile(r"[A-Z0-9](?:[A-Z0-9._-]{0,38}[A-Z0-9])?")
MOST_AT_ONCE = 10_000


@dataclass(frozen=True)
class Discount:
    """What a coupon takes off a price: `value` percent, or `value` of `currency`."""

    percent: bool
    value: Decimal
    currency: str = ""

    def wire(self) -> dict[str, str | int]:
        """As programs read it: {"type": "percent", "value": "10"}, or {"type": "amount", "value": "5.00", "minor": 500,
        "currency": "EUR"}."""
        if self.percent:
            return {"type": "percent", "value": f"{self.value.normalize():f}"}
        places = precision(self.currency)
        minor = _whole(self.value * 10**places)
        return {"type": "amount", "value": f"{self.value:.{places}f}", "minor": minor, "currency": self.currency}

    def words(self, language: str) -> str:
        """As people read it: 10%, €5.00."""
        if self.percent:
            return str(format_percent(self.value / 100, "#,##0.##%", locale=language))
        return str(format_currency(self.value, self.currency, locale=language))

    def off(self, basket: int) -> int:
        """What it takes off a basket, both in minor units: half a unit is rounded up, and it never takes more than the
        basket is worth."""
        if self.percent:
            return min(basket, _whole(basket * self.value / 100))
        return min(basket, _whole(self.value * 10 ** precision(self.currency)))


def discount_of(settings: Mapping[str, Any]) -> Discount:
    """The discount that an owner has set."""
    percent = settings.get("type", "percent") == "percent"
    return Discount(percent, Decimal(str(settings["value"])), "" if percent else settings.get("currency", "EUR"))


def precision(currency: str) -> int:
    """How many decimal places the currency has (ISO 4217): 2 for EUR, 0 for JPY, 3 for KWD."""
    return get_currency_precision(currency)


def _whole(number: Decimal) -> int:
    return int(number.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def made() -> str:
    """A code that nobody guesses, for example 7KQX2-MWR4T: ten characters, 48 bits."""
    digits = "".join(secrets.choice(ALPHABET) for _digit in range(10))
    return f"{digits[:5]}-{digits[5:]}"


def tidy(code: str) -> str:
    """A code as it is kept and shown: without blanks, in capitals."""
    return "".join(unicodedata.normalize("NFKC", code).split()).upper()


def key(code: str) -> str:
    """What two spellings of one code have in common: capitals and hyphens are no matter."""
    return re.sub(r"[._-]", "", tidy(code))


def usable(code: str) -> bool:
    """Whether a (tidied) code of the owner's own can be typed by everybody: letters and digits of ASCII, parted by
    hyphens, dots or underscores, at most 40 characters."""
    return SHOWN.fullmatch(code) is not None


def pasted(text: str) -> list[str]:
    """The codes of a pasted list, tidied, in their order: one a line, or parted by commas or semicolons."""
    return [tidy(code) for code in re.split(r"[\n,;]+", text) if code.strip()]


def repeated(codes: Iterable[str]) -> list[str]:
    """The codes that are there more than once, whatever their spelling, each once."""
    spelt: dict[str, list[str]] = {}
    for code in codes:
        spelt.setdefault(key(code), []).append(code)
    return [spellings[0] for spellings in spelt.values() if len(spellings) > 1]


def end_of_claim(claimed: datetime, days: int | None, timezone: str) -> datetime | None:
    """When a code that holds for some days after it was claimed ends: with the last of those days, on the clocks of
    `timezone`. None where the days are not limited."""
    if not days:
        return None
    last = (claimed.astimezone(ZoneInfo(timezone)) + timedelta(days=days)).date()
    midnight = datetime.combine(last + timedelta(days=1), time.min, ZoneInfo(timezone))
    return midnight.astimezone(claimed.tzinfo)


def earlier(*moments: datetime | None) -> datetime | None:
    """The first of the moments that there are."""
    return min((moment for moment in moments if moment is not None), default=None)


def beginning_words(local: datetime, language: str) -> str:
    """A moment on people's clocks, as they say it; a midnight is a day that begins."""
    day = str(format_date(local, "long", locale=language))
    return day if local.time() == time.min else f"{day}, {format_time(local, 'short', locale=language)}"


def end_words(local: datetime, language: str) -> str:
    """As `beginning_words`; a midnight is the end of the day before."""
    if local.time() == time.min:
        local -= timedelta(days=1)
    return beginning_words(local, language)
