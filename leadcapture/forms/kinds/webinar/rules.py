"""Pure decisions about webinars: which sessions stand open, how many seats are free, which reminder is due, how times
are said."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from babel.dates import format_date, format_time, get_timezone_location

from leadcapture import i18n
from leadcapture.forms.fields import moment_of
from leadcapture.i18n import gettext as _
from leadcapture.i18n import ngettext

# From so long before the start until the end the join page leads into the room.
DOORS = timedelta(minutes=15)
# How many minutes before the start each reminder goes out.
REMINDERS = (1440, 60, 10)

# How long a session lasts unless the owner says so.
MINUTES = 60

ACTIVE = ("seated", "waiting")


def ends_at(starts_at: datetime, minutes: int) -> datetime:
    """When a session is over: its minutes are counted, whatever the clocks do meanwhile."""
    return starts_at + timedelta(minutes=minutes)


def phase(starts_at: datetime, minutes: int, now: datetime) -> str:
    """`early`, `open` (the room can be entered) or `over`."""
    if now < starts_at - DOORS:
        return "early"
    return "open" if now < ends_at(starts_at, minutes) else "over"


def takes_people(starts_at: datetime, *, cancelled: bool, now: datetime) -> bool:
    """Whether a session is offered: it takes place and has not begun."""
    return not cancelled and now < starts_at


def free_seats(capacity: int, seated: int) -> int | None:
    """How many seats are left; None where there is no limit (capacity 0)."""
    return max(0, capacity - seated) if capacity else None


def reminders_past(starts_at: datetime, now: datetime) -> int | None:
    """The last reminder whose time has come, in minutes before the start; None when all are still to come. Who learns
    of the session only now gets those that follow."""
    past = [minutes for minutes in REMINDERS if now >= starts_at - timedelta(minutes=minutes)]
    return min(past, default=None)


def planned(row: Mapping[str, Any], timezone: str = "UTC") -> dict[str, Any]:
    """An entry of the owner's list as the columns of a session; `timezone` is for one that names none."""
    timezone = row.get("timezone") or timezone
    return {
        "titles": row.get("title") or {},
        "starts_at": moment_of(row["starts"], timezone),
        "timezone": timezone,
        "minutes": int(row.get("minutes") or MINUTES),
        "capacity": int(row.get("capacity") or 0),
        "room_url": row.get("room_url") or "",
        "cancelled": bool(row.get("cancelled")),
    }


def city(timezone: str) -> str:
    """What people call the clocks of a zone, in the language of the moment: "Berlin", "New York", "UTC"."""
    # Babel's data lacks some places in some languages; it then answers with the English name.
    return (
        "UTC"
        if timezone in ("UTC", "Etc/UTC")
        else get_timezone_location(ZoneInfo(timezone), locale=i18n.language(), return_city=True)
    )


def offset(moment: datetime, timezone: str) -> str:
    """The zone's distance from UTC at that moment: "UTC+1", "UTC−3:30"; empty where there is none."""
    away = moment.astimezone(ZoneInfo(timezone)).utcoffset() or timedelta()
    hours, minutes = divmod(abs(away) // timedelta(minutes=1), 60)
    if not away:
        return ""
    return f"UTC{'−' if away < timedelta() else '+'}{hours}" + (f":{minutes:02d}" if minutes else "")


def day(starts_at: datetime, timezone: str) -> str:
    """The day on the zone's clocks, in the language of the moment: "Tuesday, December 1, 2026"."""
    return format_date(starts_at.astimezone(ZoneInfo(timezone)).date(), "full", locale=i18n.language())


def hour(starts_at: datetime, timezone: str) -> str:
    """The time on the zone's clocks, and which those are: "10:00 AM (Berlin, UTC+1)"."""
    local = starts_at.astimezone(ZoneInfo(timezone)).time()
    place = ", ".join(part for part in (city(timezone), offset(starts_at, timezone)) if part)
    return _("%(time)s (%(place)s)", time=format_time(local, "short", locale=i18n.language()), place=place)


def when(starts_at: datetime, timezone: str) -> str:
    """Day and time in one line: "Tuesday, December 1, 2026, 10:00 AM (Berlin, UTC+1)"."""
    return _("%(day)s, %(time)s", day=day(starts_at, timezone), time=hour(starts_at, timezone))


def length(minutes: int) -> str:
    """How long a session lasts, in words."""
    hours, rest = divmod(minutes, 60)
    parts = [ngettext("%(num)d hour", "%(num)d hours", hours)] if hours else []
    if rest or not hours:
        parts.append(ngettext("%(num)d minute", "%(num)d minutes", rest))
    return " ".join(parts)


def zones() -> list[str]:
    """The time zones an owner chooses from, by name."""
    return ["UTC", *sorted(name for name in available_timezones() if "/" in name and not name.startswith("Etc/"))]
