"""Pure decisions about downloads: which files may be given, and for how long."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_date

COUNTED_EVERY = timedelta(minutes=1)
# The endings of what may be given (filetypes.TYPES).
ENDINGS = (
    "pdf", "epub", "zip", "docx", "xlsx", "pptx", "odt", "ods", "odp", "jpg", "jpeg", "png", "gif", "webp", "mp3",
    "m4a", "ogg", "flac", "wav", "mp4",
)  # fmt: skip


def expires_at(confirmed: datetime, days: int) -> datetime:
    """When the links end."""
    return confirmed + timedelta(days=days)


def day_words(moment: datetime, timezone: str, language: str) -> str:
    """The day of a moment on the clocks of `timezone`, as people read it."""
    return str(format_date(moment.astimezone(ZoneInfo(timezone)), "long", locale=language))
