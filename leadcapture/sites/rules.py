"""Pure decisions about a site: which origins are its own, whether it is open, which colour text takes on its accent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, time
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def origin_allowed(allowed: Iterable[str], origin: str) -> bool:
    """Whether a page of `origin` (scheme://host[:port]) belongs to the site.

    An allowed entry is an origin; its host may begin with `*.` (any subdomain, not the domain itself) and its port may be
    `*` (any port), which is meant for development on one machine.
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
    """Whether an owner may enter this as an allowed origin: http or https, a host, no path, wildcards only as documented."""
    scheme, host, port = _parts(entry)
    if scheme not in ("http", "https") or not host or "/" in entry.split("://", 1)[-1].rstrip("/"):
        return False
    if port != "*" and not port.isdigit():
        return False
    bare = host.removeprefix("*.")
    return "*" not in bare and urlsplit(f"{scheme}://{bare}").hostname is not None and not any(c in bare for c in " @?#")


def is_open(hours: Mapping[str, Any] | None, timezone: str, now: datetime) -> bool:
    """Whether the site's business hours cover `now`; no hours at all means always open."""
    if hours is None:
        return True
    local = now.astimezone(ZoneInfo(timezone))
    return any(
        time.fromisoformat(start) <= local.time() < _end_of(end) for start, end in hours.get(DAYS[local.weekday()], ())
    )


def _end_of(text: str) -> time:
    # 24:00 is how people write the end of a day; time() knows no such moment.
    return time.max if text == "24:00" else time.fromisoformat(text)


def text_on(accent: str) -> str:
    """Black or white, whichever is easier to read on that colour (contrast ratio of WCAG 2.2, 1.4.3)."""
    luminance = _luminance(accent)
    on_white = 1.05 / (luminance + 0.05)
    on_black = (luminance + 0.05) / 0.05
    return "#ffffff" if on_white >= on_black else "#000000"


def _luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
