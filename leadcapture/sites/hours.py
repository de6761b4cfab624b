"""When a site is open: its weekly hours on the clocks of its zone, with its own exceptions and its public holidays.

An exception (a day with hours of its own, or none) goes before a public holiday, a holiday before the week. All of it
is about what clocks in the site's zone show, so that 9:00 is 9:00 on both sides of a change of clocks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from leadcapture.sites import chat_settings, rules
from leadcapture.sites.chat_settings import ChatSettings
from leadcapture.sites.models import Site

LOOKED_AHEAD = timedelta(days=400)  # beyond that nobody says when they are back
_WHOLE_DAY = (("00:00", "24:00"),)
_CLOCK_CHANGES_WITHIN = timedelta(hours=3)  # how far from midnight a change belongs to either day

Spans = Sequence[Sequence[str]]


@dataclass(frozen=True)
class Holiday:
    """A public holiday; its name in the language that was asked for, where the library knows it, else in its own."""

    day: date
    name: str


def is_open(site: Site, now: datetime) -> bool:
    """Whether the site's hours, exceptions and holidays let it answer at that moment."""
    local = now.astimezone(ZoneInfo(site.timezone))
    spans = _spans(site.hours, chat_settings.of(site.chat), local.date())
    return any(time.fromisoformat(start) <= local.time() < _end(end) for start, end in spans)


def next_opening(site: Site, now: datetime) -> datetime | None:
    """When the site opens again (UTC, to the second); None while it is open, and where it does not within a year."""
    zone = ZoneInfo(site.timezone)
    settings, day = chat_settings.of(site.chat), now.astimezone(zone).date()
    if is_open(site, now) or not _ever_open(site.hours, settings, day):
        return None
    # From the day before: where clocks turn back at midnight, its last hour comes twice.
    for ahead in range(-1, LOOKED_AHEAD.days):
        spans = _spans(site.hours, settings, day + timedelta(days=ahead))
        moments = _openings(zone, day + timedelta(days=ahead), spans)
        found = min((at for at in moments if at > now and is_open(site, at)), default=None)
        if found is not None:
            return found
    return None


def holidays_of(country: str, subdivision: str, year: int, language: str = "en") -> tuple[Holiday, ...]:
    """The public holidays of a country (ISO 3166-1, alpha-2) and, where it is said, of a part of it (ISO 3166-2), in
    order; none for a country nobody knows."""
    return _holidays(country, subdivision, year, language) if country else ()


def next_holidays(country: str, subdivision: str, today: date, language: str, most: int = 6) -> list[Holiday]:
    """The public holidays from a day on."""
    years = (today.year, today.year + 1)
    both = [each for year in years for each in holidays_of(country, subdivision, year, language)]
    return [each for each in both if each.day >= today][:most]


@lru_cache(maxsize=1)
def countries() -> frozenset[str]:
    """The countries whose public holidays are known (ISO 3166-1, alpha-2)."""
    from holidays.registry import COUNTRIES  # here, because it takes long and starting must not

    return frozenset(codes[1] for codes in COUNTRIES.values())


@lru_cache(maxsize=64)
def parts_of(country: str) -> dict[str, str]:
    """What the parts of a country (ISO 3166-2) are called, by their codes; nothing for a country that has none or
    nobody knows."""
    import holidays

    if country not in countries():
        return {}
    known = type(holidays.country_holidays(country))
    names = {code: name for name, code in known.subdivisions_aliases.items()}
    return {code: names.get(code, code) for code in known.subdivisions}


@lru_cache(maxsize=256)
def _holidays(country: str, subdivision: str, year: int, language: str) -> tuple[Holiday, ...]:
    import holidays

    try:
        known = type(holidays.country_holidays(country))
        # Without a language the library would take the machine's.
        spoken = next((code for code in known.supported_languages if code.split("_")[0] == language), None)
        spoken = spoken or known.default_language
        found = holidays.country_holidays(country, subdiv=subdivision or None, years=year, language=spoken)
    except NotImplementedError:  # no such country or part (any more)
        return ()
    return tuple(Holiday(day, name) for day, name in sorted(found.items()))


def _spans(hours: Mapping[str, Any] | None, settings: ChatSettings, day: date) -> Spans:
    """When the site is open on a day, as its clocks show it."""
    own = next((one for one in settings.exceptions if one["date"] == day.isoformat()), None)
    if own is not None:
        return list(own["spans"])
    if any(each.day == day for each in holidays_of(settings.country, settings.subdivision, day.year)):
        return ()
    return _WHOLE_DAY if hours is None else list(hours.get(rules.DAYS[day.weekday()], ()))


def _ever_open(hours: Mapping[str, Any] | None, settings: ChatSettings, today: date) -> bool:
    weekly = hours is None or any(hours.values())
    yesterday = (today - timedelta(days=1)).isoformat()
    return weekly or any(one["spans"] and one["date"] >= yesterday for one in settings.exceptions)


def _openings(zone: ZoneInfo, day: date, spans: Spans) -> Iterator[datetime]:
    """Every moment of the day at which the site may open: when a span begins (twice, where clocks show that time
    twice), and when clocks change, for they may skip the beginning or return into a span."""
    for start, _dash_end in spans:
        for fold in (0, 1):
            yield datetime.combine(day, time.fromisoformat(start), zone).replace(fold=fold).astimezone(UTC)
    if spans:
        yield from _change_of_clocks(zone, day)


def _change_of_clocks(zone: ZoneInfo, day: date) -> Iterator[datetime]:
    midnight = datetime.combine(day, time.min, zone)
    before = midnight.astimezone(UTC) - _CLOCK_CHANGES_WITHIN
    after = (midnight + timedelta(days=1)).astimezone(UTC) + _CLOCK_CHANGES_WITHIN
    if before.astimezone(zone).utcoffset() == after.astimezone(zone).utcoffset():
        return
    offset = before.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = (before + (after - before) / 2).replace(microsecond=0)
        if middle.astimezone(zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    yield after


def _end(text: str) -> time:
    # 24:00 is how people write the end of a day; time() knows no such moment.
    return time.max if text == "24:00" else time.fromisoformat(text)
