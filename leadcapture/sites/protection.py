"""How a site protects its forms and its chat from who abuses them: what its owner sets, with the defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from leadcapture.i18n import gettext as _
from leadcapture.sites.kept import Kept

if TYPE_CHECKING:
    from leadcapture.sites.models import Site

DISPOSABLE = ("refuse", "hold", "allow")


@dataclass(frozen=True)
class Protection(Kept):
    """`blocked` and `allowed` name domains (`example.org`), all below one (`*.example.org`) and single addresses; what
    is allowed is allowed whatever else is said."""

    disposable: str = "refuse"  # what becomes of an address that lives for minutes
    blocked: list[str] = field(default_factory=list)
    allowed: list[str] = field(default_factory=list)
    check_mx: bool = True  # a domain that says it takes no mail is refused
    hold_spam: bool = True  # what looks like spam waits for a person's decision
    spam_threshold: float = 0.9  # how sure of that we must be, from 0.5 to 1
    min_seconds: int = 2  # whoever fills a form quicker is suspected; alone that holds nothing up
    ask_code: bool = True  # a program that presses the button of a mail is asked for the code


def of(site: Site) -> Protection:
    """How that site protects itself."""
    return Protection.read(site.protection)


def problems(values: Mapping[str, Any]) -> dict[str, list[str]]:
    """What an owner must mend in these settings: sentences by the setting's name; nothing when all will do."""
    given = Protection.read(values)
    found: dict[str, list[str]] = {}
    if given.disposable not in DISPOSABLE:
        found["disposable"] = [_("Choose one of these.")]
    if not 0.5 <= given.spam_threshold <= 1:
        found["spam_threshold"] = [_("Choose a number from %(least)s to %(most)s.", least="0.5", most="1")]
    if not 0 <= given.min_seconds <= 60:
        found["min_seconds"] = [_("Choose a number from %(least)d to %(most)d.", least=0, most=60)]
    for name in ("blocked", "allowed"):
        wrong = [entry for entry in getattr(given, name) if not _names_something(entry)]
        if wrong:
            found[name] = [_("“%(entry)s” is neither a domain nor an address.", entry=wrong[0])]
        elif len(getattr(given, name)) > 1000:
            found[name] = [_("At most %(most)d entries.", most=1000)]
    return found


def _names_something(entry: str) -> bool:
    local, _at, domain = entry.rpartition("@")
    name = domain.removeprefix("*.")
    return 3 <= len(entry) <= 320 and "." in name and not any(c.isspace() or c in "@/:," for c in local + name)
