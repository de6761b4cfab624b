"""What is said of the ledger to people, on paper and by mail."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from babel.dates import format_datetime

from leadcapture import i18n
from leadcapture.i18n import gettext as _


def event(name: str) -> str:
    """What an event of the ledger is called."""
    return {
        "requested": _("Asked for"),
        "mailed": _("Mail handed over"),
        "confirmed": _("Confirmed"),
        "changed": _("Changed"),
        "withdrawn": _("Withdrawn"),
        "re-permission": _("Asked again"),
        "imported": _("Imported"),
        "erased": _("Erased"),
    }.get(name, name)


def method(name: str) -> str:
    """By what act it was done."""
    return {
        "button": _("by the button on the page that the mail leads to"),
        "code": _("by the code from the mail"),
        "unsubscribe_link": _("by the link in a mail"),
        "one_click": _("by the button of the mail program"),
        "preferences": _("on the preferences page"),
        "operator": _("by an operator, on request"),
        "import": _("by an import"),
        "re_permission": _("by the answer to the mail that asked again"),
        "no_answer": _("because the mail that asked again stayed unanswered"),
    }.get(name, name)


def moment(text: Any) -> str:
    """A moment of the ledger to the second, as people read it; nothing for none."""
    if not text:
        return ""
    return f"{format_datetime(moment_of(text), 'd MMMM y, HH:mm:ss', locale=i18n.language())} UTC"


def moment_of(text: Any) -> datetime:
    """The moment that the ledger wrote. Raises ValueError."""
    return datetime.fromisoformat(str(text).replace("Z", "+00:00"))
