"""Pure decisions about a site: which origins are its own, whether it is open, which colour text takes on its accent."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from leadcapture.i18n import LANGUAGES
from leadcapture.i18n import gettext as _
from leadcapture.sites import chat_settings, protection, retention_settings

# Columns that keep several settings, by what knows them.
KEPT = {"chat": chat_settings, "protection": protection, "retention": retention_settings}
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def origin_allowed(allowed: Iterable[str], origin: str) -> bool:
    """Whether a page of `origin` (scheme://host[:port]) belongs to the site.

    An allowed entry is an origin; its host may begin with `*.` (any subdomain, not the domain itself) and its port may
    be `*` (any port), which is meant for development on one machine.
    """
    return any(_matches(entry, origin) for entry in allowed)


def _matches(entry: str, origin: str) -> bool:
    wanted_scheme, wanted_host, wanted_port = _parts(entry)
    scheme, host, port = _parts(origin)
    if not host or scheme != wanted_scheme:
        return False
    if wanted_port not in ("*", port):
        return False
    if wanted_host.startswith("*."):
        return host.endswith(wanted_host[1:]) and len(host) > len(wanted_host) - 1
    return host == wanted_host


def _parts(origin: str) -> tuple[str, str, str]:
    scheme, _, rest = origin.strip().lower().rstrip("/").partition("://")
    host, colon, port = rest.rpartition(":") if not rest.endswith("]") and ":" in rest else (rest, "", "")
    if not colon:
        host, port = rest, {"https": "443", "http": "80"}.get(scheme, "")
    return scheme, host, port


def valid_origin(entry: str) -> bool:
    """Whether an owner may enter this as an allowed origin: http(s), a host, no path, wildcards only as documented."""
    scheme, host, port = _parts(entry)
    if scheme not in ("http", "https") or not host or "/" in entry.split("://", 1)[-1].rstrip("/"):
        return False
    if port != "*" and not port.isdigit():
        return False
    bare = host.removeprefix("*.")
    return (
        "*" not in bare and urlsplit(f"{scheme}://{bare}").hostname is not None and not any(c in bare for c in " @?#")
    )


def problems(settings: Mapping[str, Any]) -> dict[str, list[str]]:
    """What an owner must mend in these settings: sentences by the setting's name; nothing when all will do."""
    found: dict[str, list[str]] = {}
    for name, value in settings.items():
        if name in KEPT:
            found |= KEPT[name].problems(value or {})
        sentence = _problem(name, value)
        if sentence:
            found[name] = [sentence]
    return found


def _problem(name: str, value: Any) -> str | None:
    if name == "name" and not 1 <= len(value.strip()) <= 120:
        return _("Give the site a name of at most 120 characters.")
    if name == "allowed_origins":
        wrong = next((entry for entry in value if not valid_origin(entry)), None)
        return None if wrong is None else _("“%(entry)s” is not an address like https://shop.example.org.", entry=wrong)
    if name == "timezone" and value not in available_timezones():
        return _("Choose a time zone from the list.")
    if name == "hours" and value is not None:
        return _problem_of_hours(value)
    if name == "language" and value not in LANGUAGES:
        return _("Choose a language from the list.")
    if name == "accent" and not re.fullmatch("#[0-9a-f]{6}", value):
        return _("Write the colour as # and six digits, like #0b6b5d.")
    if name == "position" and value not in ("start", "end"):
        return _("Choose a side.")
    if name == "reply_time" and value not in ("minutes", "hours", "day"):
        return _("Choose one of these.")
    if name == "sender_name" and len(value) > 120:
        return _("Use at most 120 characters.")
    if name == "privacy_url" and value is not None and urlsplit(value).scheme not in ("http", "https"):
        return _("Write the whole address, beginning with https://.")
    return None


def _problem_of_hours(hours: Mapping[str, Any]) -> str | None:
    for spans in hours.values():
        end_before = ""
        for start, end in sorted(spans):
            if not (_is_time(start) and _is_time(end) and start != "24:00"):
                return _("Write times like 09:00-17:30.")
            if start >= end:
                return _("%(start)s-%(end)s ends before it begins.", start=start, end=end)
            if start < end_before:
                return _("%(start)s-%(end)s overlaps with the time before it.", start=start, end=end)
            end_before = end
    return None


def _is_time(text: str) -> bool:
    return bool(re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d|24:00", text))


def parse_spans(text: str) -> list[list[str]]:
    """The business hours of one day as people write them, "9-12, 13:00-17:30", as pairs of "HH:MM", in order.

    What is no time stays as it was written, for `problems` to name.
    """
    spans = []
    for part in re.split(r"[,;]", text):
        start, dash, end = part.strip().replace("–", "-").partition("-")
        if start or dash:
            spans.append([_padded(start), _padded(end)])
    return sorted(spans)


def _padded(text: str) -> str:
    hour, _colon, minute = text.strip().partition(":")
    return f"{hour.zfill(2)}:{minute or '00'}"


def text_on(accent: str) -> str:
    """Black or white, whichever is easier to read on that colour (contrast ratio of WCAG 2.2, 1.4.3)."""
    return max(("#ffffff", "#000000"), key=lambda text: contrast(accent, text))


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, from 1 to 21 (WCAG 2.2); text wants 4.5."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
