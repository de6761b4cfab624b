"""What stands under an e-mail to a visitor: who writes, and the other ways to reach the shop, its hours in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import time
from itertools import groupby
from typing import Any

from babel.dates import format_time, get_day_names, get_timezone_location

from leadcapture import i18n
from leadcapture.i18n import gettext as _
from leadcapture.sites import chat_settings
from leadcapture.sites.models import Site
from leadcapture.sites.rules import DAYS


@dataclass(frozen=True)
class Signature:
    """`text` are the owner's own lines, `hours` lines such as "Monday to Friday: 9:00 AM – 5:00 PM"; each may be
    empty."""

    text: str
    phone: str
    hours: Sequence[str]
    place: str  # whose time the hours are in


def of(site: Site) -> Signature:
    """The site's signature in the language of the moment; the owner's words are those of the site's language where
    there are none of this one."""
    chat = chat_settings.of(site.chat)
    text = chat.signature.get(i18n.language()) or chat.signature.get(site.language) or ""
    place = get_timezone_location(site.timezone, locale=i18n.language(), return_city=True)
    return Signature(text, chat.phone, hours_in_words(site.hours), place)


def hours_in_words(hours: Mapping[str, Any] | None) -> list[str]:
    """The weekly hours in the language of the moment, days with the same hours in one line; nothing for a site that is
    always open or never."""
    week = [(hours or {}).get(day) or () for day in DAYS]
    lines = []
    for spans, days in groupby(range(len(DAYS)), key=lambda day: [tuple(span) for span in week[day]]):
        if spans:
            times = _(", ").join(_span(start, end) for start, end in spans)
            lines.append(_("%(days)s: %(times)s", days=_days(list(days)), times=times))
    return lines


def _days(days: Sequence[int]) -> str:
    names = get_day_names("wide", locale=i18n.language())
    if len(days) == len(DAYS):
        return _("Every day")
    if len(days) == 1:
        return str(names[days[0]])
    return _("%(first)s to %(last)s", first=names[days[0]], last=names[days[-1]])


def _span(start: str, end: str) -> str:
    return _("all day") if (start, end) == ("00:00", "24:00") else f"{_time(start)} – {_time(end)}"


def _time(text: str) -> str:
    # People write 24:00 for the end of a day; clocks show midnight.
    return format_time(time.fromisoformat("00:00" if text == "24:00" else text), "short", locale=i18n.language())
