"""Pure decisions about a person's wishes: when they may be called, how long a pause is, what of an address may be
shown."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from leadcapture.errors import Invalid
from leadcapture.i18n import gettext as _

CHANNELS = ("mail", "phone", "none")
PAUSES = (30, 90)  # days
# An address waits so long for its confirmation.
CHANGE_HOLDS = timedelta(days=2)
TRIES = 5  # of the code of one change
CHANGES_A_DAY = 3
# The second press that erases everything comes soon after the first, or begins again.
SURE_FOR = timedelta(minutes=30)


@dataclass(frozen=True)
class Wishes:
    """What a person has chosen. `shown` are the purposes that stood there ticked, `keep` those that still are, `agree`
    the purposes newly ticked with the version of the words that stood beside them."""

    shown: frozenset[str]
    keep: frozenset[str]
    agree: frozenset[tuple[str, str]]
    channel: str | None = None
    call_hours: dict[str, str] | None = None
    name: str | None = None
    phone: str | None = None


def call_hours(begin: str, end: str) -> dict[str, str] | None:
    """The hours of the day in which somebody wants to be called; None when they said nothing. Raises Invalid."""
    if not begin.strip() and not end.strip():
        return None
    try:
        first, last = (time.fromisoformat(text.strip()) for text in (begin, end))
    except ValueError as error:
        raise _bad("hours", _("Say from when until when, such as 09:00 to 12:00.")) from error
    if first >= last:
        raise _bad("hours", _("The end must be later than the beginning."))
    return {"from": f"{first:%H:%M}", "to": f"{last:%H:%M}"}


def phone_number(text: str, channel: str) -> str:
    """A number to call, as it was typed. Raises Invalid for what is none, and where there is none to call."""
    number = " ".join(text.split())[:40]
    digits = sum(character.isdecimal() for character in number)
    if number and (digits < 5 or not re.fullmatch(r"[\d\s()+./\-]+", number)):
        raise _bad("phone", _("This does not look like a phone number."))
    if channel == "phone" and not number:
        raise _bad("phone", _("Write the number to call."))
    return number


def masked(address: str) -> str:
    """An address as it may be shown to whoever has a link: a•••@example.org."""
    local, _at, domain = address.rpartition("@")
    return f"{local[:1]}•••@{domain}"


def sure_value(contact: str, now: datetime) -> str:
    """What the page that asks whether somebody is sure signs: whose page it was, and when."""
    return f"{contact}.{int(now.timestamp())}"


def still_sure(value: str, contact: str, now: datetime) -> bool:
    """Whether such a mark is of this contact's page and fresh."""
    whose, _dot, seconds = value.rpartition(".")
    return whose == contact and seconds.isdecimal() and now.timestamp() - int(seconds) <= SURE_FOR.total_seconds()


def _bad(field: str, sentence: str) -> Invalid:
    return Invalid(sentence, fields={field: [sentence]})
