"""How long somebody had a form before sending it: the moment it was opened goes with the page, signed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from leadcapture import signing
from leadcapture.errors import BadToken


def sign(now: datetime, about: str) -> str:
    """A mark that says that the form with that public id was opened at that moment, for a hidden field."""
    return signing.sign("opened", f"{about}.{int(now.timestamp())}")


def at(about: str, mark: str | None) -> datetime | None:
    """The moment, to the second, that such a mark names; None for one that is not ours or of another form."""
    try:
        form, _dot, seconds = signing.verify("opened", mark or "").rpartition(".")
    except BadToken:
        return None
    return datetime.fromtimestamp(int(seconds), UTC) if form == about else None


def fast(now: datetime, opened_at: datetime | None, seconds: int) -> bool:
    """Whether less than so many seconds lie between. Where nobody knows when a form was opened, nobody was fast."""
    return opened_at is not None and now - opened_at < timedelta(seconds=seconds)
