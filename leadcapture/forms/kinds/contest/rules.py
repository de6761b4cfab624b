"""Pure decisions about a contest: what counts as one address, what its terms are, how far it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time, get_datetime_format

from leadcapture import i18n
from leadcapture.forms import rules as form_rules
from leadcapture.forms.fields import moment_of

# Google's mail ignores dots, and has two names for one domain.
DOTLESS = ("gmail.com", "googlemail.com")
ONE_DOMAIN = {"googlemail.com": "gmail.com"}

PHASES = ("draft", "committed", "open", "closing", "closed", "drawn")


def entry_address(key: str, *, tags: bool, dotless: Sequence[str]) -> str:
    """What counts as one address, of a normalised one (addresses.Address.key): without the part after a `+` where
    `tags` is set, without dots at the providers named by `dotless`, for there they lead to the same mailbox."""
    local, _at, domain = key.rpartition("@")
    local, domain = local.casefold(), domain.casefold()
    if tags:
        local = local.split("+", 1)[0] or local
    if domain in dotless:
        local = local.replace(".", "") or local
        domain = ONE_DOMAIN.get(domain, domain)
    return f"{local}@{domain}"


def domains(text: str | None) -> list[str]:
    """The domains that an owner has listed, by lines, commas or blanks."""
    return sorted({word.strip("@").casefold() for word in (text or "").replace(",", " ").split()})


def terms_of(contest: str, settings: Mapping[str, Any], timezone: str) -> dict[str, Any]:
    """What a contest promises, as it is hashed and published. `timezone` is the one its times are meant in; `opens`
    is None for a contest that opens when it is published, `closes` while its owner has not said when."""
    return {
        "contest": contest,
        "timezone": timezone,
        "opens": _iso(settings.get("opens"), timezone),
        "closes": _iso(settings.get("closes"), timezone),
        "prizes": [
            {"name": prize["name"], "count": int(prize["count"] or 1)} for prize in settings.get("prizes") or ()
        ],
        "alternates": int(settings.get("alternates") or 0),
        "beacon": settings.get("beacon") or "",
        "one_entry": {"tags": bool(settings.get("tags")), "dotless": domains(settings.get("dotless"))},
        "names": bool(settings.get("names")),
    }


def _iso(text: str | None, timezone: str) -> str | None:
    return moment_of(text, timezone).isoformat().replace("+00:00", "Z") if text else None


def moment(text: str | None) -> datetime | None:
    """A moment of the terms."""
    return datetime.fromisoformat(text) if text else None


def phase(
    *, published: bool, state: str, opened: bool, opens: datetime | None, closes: datetime | None, now: datetime
) -> str:
    """How far a contest is, one of PHASES: closing is over but not frozen yet, closed is frozen and waits for the
    draw."""
    if state != "open":
        return state
    if closes is not None and now >= closes and (published or opened):
        return "closing"
    if opened or (published and (opens is None or now >= opens)):
        return "open"
    return "committed" if published else "draft"


def beacon_value(text: str) -> str:
    """A public value as it goes into the draw: single blanks, none around it."""
    return form_rules.clean_line(text)


def when(at: datetime, timezone: str) -> str:
    """The moment as people read it, on the clocks of that zone and naming it, in the language of the moment."""
    language, zone = i18n.language(), ZoneInfo(timezone)
    local = at.astimezone(zone)
    day, time = format_date(local, "long", locale=language), format_time(local, "short", locale=language)
    return f"{str(get_datetime_format('long', locale=language)).format(time, day)} ({timezone.replace('_', ' ')})"


def masked(name: str) -> str:
    """A winner's name as everybody may read it: the first name, of the last only its initial. Nothing of no name."""
    words = name.split()
    if len(words) < 2:
        return name[:1] + "…" if name else ""
    return f"{words[0]} {words[-1][0]}."


def hour_of(now: datetime) -> datetime:
    """The beginning of the hour."""
    return now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
