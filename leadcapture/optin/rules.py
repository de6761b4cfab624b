"""Pure decisions about a confirmation: its code, its tries, its mails, its end."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from leadcapture.errors import LeadCaptureError

CODE_DIGITS = 6
TRIES = 5
MAILS = 3


class Expired(LeadCaptureError):
    """The confirmation was not used in its days, and cannot be any more."""

    status = 410
    code = "expired"


def new_code(below: Callable[[int], int]) -> str:
    """Six digits out of injected randomness: `below(n)` is a number from 0 to n - 1."""
    return f"{below(10**CODE_DIGITS):0{CODE_DIGITS}d}"


def typed_code(text: str) -> str:
    """What a person typed as the code, without the spaces and dashes people put in, digits of any script as ASCII."""
    return "".join(str(int(c)) if c.isdecimal() else c for c in text if not c.isspace() and c not in "-–\u200e\u200f")


def expires_at(now: datetime, days: int) -> datetime:
    """When a confirmation asked for now ends."""
    return now + timedelta(days=days)


def over(*, status: str, expires_at: datetime, now: datetime) -> bool:
    """Whether an unused confirmation can no longer be used."""
    return status == "expired" or (status == "pending" and expires_at <= now)
