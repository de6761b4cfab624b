"""The one place that asks what time it is. Decisions take a frozen `now` as an argument instead."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> datetime:
    """The current time, aware, in UTC."""
    return datetime.now(UTC)


def wire(moment: datetime) -> str:
    """The moment as it is written on the wire: ISO 8601 in UTC with milliseconds and a trailing Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def wire_or_none(moment: datetime | None) -> str | None:
    """As `wire`, and None where there is no moment."""
    return None if moment is None else wire(moment)
