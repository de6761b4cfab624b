"""How a site's chat works: one table of what its owner sets, with the defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from leadcapture.i18n import gettext as _
from leadcapture.sites.kept import Kept

ROUTINGS = ("pick", "auto")


@dataclass(frozen=True)
class ChatSettings(Kept):
    """Times are whole seconds unless their name says otherwise; texts by language are `{"en": …}`."""

    routing: str = "pick"  # operators pick from the queue, or auto: each conversation is given to somebody
    capacity: int = 5  # conversations that one operator is given at once
    idle_minutes: int = 10  # after which an operator who touches nothing counts as away; 0: never
    tell_after: int = 20  # a visitor waits so long until everybody is told
    mail_after: int = 40  # … until operators get an e-mail
    preview_typing: bool = False  # operators see what visitors type before it is sent; the panel says so
    masking: bool = True  # card numbers and obvious secrets are never stored
    visitor_files: bool = True
    file_mb: int = 10
    see_visitors: bool = False  # operators see who is on the site and agreed to it, before anybody writes
    pre_chat: list[dict[str, Any]] = field(default_factory=list)  # asked before the first message
    phone: str = ""
    signature: dict[str, str] = field(default_factory=dict)  # by language, under replies by e-mail
    country: str = ""  # whose public holidays are kept, ISO 3166
    subdivision: str = ""
    exceptions: list[dict[str, Any]] = field(default_factory=list)  # days with hours of their own
    invitations: list[dict[str, Any]] = field(default_factory=list)  # bubbles that offer the chat


DEFAULTS = ChatSettings()


def of(chat: Mapping[str, Any] | None) -> ChatSettings:
    """The settings kept in a site's `chat` column."""
    return ChatSettings.read(chat)


def problems(chat: Mapping[str, Any]) -> dict[str, list[str]]:
    """What an owner must mend in these settings: sentences by the setting's name; nothing when all will do."""
    given = of(chat)
    found: dict[str, list[str]] = {}
    if given.routing not in ROUTINGS:
        found["routing"] = [_("Choose one of these.")]
    for name, least, most in (
        ("capacity", 1, 100),
        ("idle_minutes", 0, 240),
        ("tell_after", 5, 60),
        ("mail_after", 5, 60),
        ("file_mb", 1, 100),
    ):
        if not least <= getattr(given, name) <= most:
            found[name] = [_("Choose a number from %(least)d to %(most)d.", least=least, most=most)]
    if "mail_after" not in found and given.mail_after < given.tell_after:
        found["mail_after"] = [_("The e-mail comes after everybody was told: choose at least as many seconds.")]
    return found
