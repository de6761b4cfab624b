"""The one place that asks what time it is. Decisions take a frozen `now` as an argument instead."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta


def now() -> datetime:
    """The current time, aware, in UTC."""
    return datetime.now(UTC)


def wire(moment: datetime) -> str:
    """The moment as it is written on the wire: ISO 8601 in UTC with milliseconds and a trailing Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def wire_or_none(moment: datetime | None) -> str | None:
    """As `wire`, and None where there is no moment."""
    return None if moment is None else wire(moment)


class Steps:
    """Notices when the clock is put back while a process runs, against the one that counts since the machine's start
    and is never put anywhere."""

    def __init__(self) -> None:
        self._apart: timedelta | None = None

    def back(self) -> timedelta:
        """How far the clock was put back since this was asked last; nothing where it was not, or for the first time."""
        apart = now() - datetime.fromtimestamp(time.monotonic(), UTC)
        before, self._apart = self._apart, apart
        return max(timedelta(), before - apart) if before is not None else timedelta()
