"""How reviews read: to everybody, and to operators. Always in the language of the moment."""

from __future__ import annotations

from datetime import datetime

from babel.dates import format_date

from leadcapture import i18n
from leadcapture.forms.models import Form
from leadcapture.i18n import gettext as _
from leadcapture.i18n import ngettext
from leadcapture.sites.models import Site


def state(name: str) -> tuple[str, str]:
    """What a state is called, and its tone (see the macro `badge` of the console)."""
    return {
        "waiting": (_("Waiting"), "warn"),
        "approved": (_("Published"), "good"),
        "rejected": (_("Rejected"), "bad"),
        "withdrawn": (_("Withdrawn by its author"), "plain"),
    }.get(name, (name, "plain"))


def button(after: str) -> tuple[str, str]:
    """What the button says that leads to a state, and its look."""
    if after == "waiting":
        return _("Take back"), "quiet"
    return {"approved": (_("Approve"), "primary"), "rejected": (_("Reject"), "danger")}[after]


def stars(number: int) -> str:
    """A rating in words."""
    return ngettext("%(num)d star of 5", "%(num)d stars of 5", number)


def day(moment: datetime) -> str:
    """The day of a moment, without its time."""
    return str(format_date(moment.date(), "long", locale=i18n.language()))


def title(form: Form, site: Site) -> str:
    """The title of the list."""
    own = form.settings.get("texts", {}).get(i18n.language(), {}).get("list_title")
    return own or _("What people say about %(site)s", site=site.name)


def words(site: Site) -> dict[str, str]:
    """What stands around the reviews. `{number}` and `{stars}` are filled in where they are shown."""
    return {
        "of": _("{stars} of 5 stars"),
        "one": _("from one review"),
        "many": _("from {number} reviews"),
        "none": _("Nobody has written a review yet."),
        "answer": _("Answer of %(site)s", site=site.name),
        "more": _("Show more"),
        "failed": _("That did not work. Try again."),
        "write": _("Write a review"),
        "checked": _("Every review comes from a confirmed e-mail address."),
    }


def embed(form_url: str, slug: str) -> str:
    """What an owner pastes where the list shall stand."""
    return f'<div data-leadcapture-reviews="{slug}"></div>\n<script async src="{form_url}/reviews.js"></script>'
