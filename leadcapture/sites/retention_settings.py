"""How long a site keeps what: days by kind of data, 0 for ever, with the defaults (GDPR art. 5(1)(e))."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from leadcapture.i18n import gettext as _
from leadcapture.sites.kept import Kept

if TYPE_CHECKING:
    from leadcapture.sites.models import Site

LONGEST = 3650


@dataclass(frozen=True)
class Retention(Kept):
    """Whole days; 0 keeps that kind for ever."""

    pending: int = 7  # submissions nobody confirmed; a confirmation that ends sooner takes its submission along
    held: int = 30  # what was held as spam and not released
    ips: int = 365  # addresses and programs that submissions and consents came from
    messages: int = 0  # what was written in conversations, and their files, after the conversation was closed
    conversations_closed: int = 0  # closed conversations as a whole
    contacts_inactive: int = 0  # people of whom nothing was heard
    emails: int = 90  # texts of mails that were sent
    imports: int = 90  # files that were imported, and their reports
    visits: int = 30  # which pages visitors of the chat looked at


def of(site: Site) -> Retention:
    """How long that site keeps what."""
    return Retention.read(site.retention)


def problems(values: Mapping[str, Any]) -> dict[str, list[str]]:
    """What an owner must mend in these settings: sentences by the setting's name; nothing when all will do."""
    given = Retention.read(values)
    return {
        one.name: [_("Choose a number from %(least)d to %(most)d.", least=0, most=LONGEST)]
        for one in fields(Retention)
        if not 0 <= getattr(given, one.name) <= LONGEST
    }
