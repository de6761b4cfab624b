"""What members read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from leadcapture.forms.fields import words
from leadcapture.forms.kinds.registration.queries import Held
from leadcapture.forms.models import Form
from leadcapture.forms.outcome import Outcome
from leadcapture.forms.rules import clean_url
from leadcapture.i18n import gettext as _
from leadcapture.i18n import lazy_gettext

TEXTS = {
    "title": lazy_gettext("Become a member"),
    "intro": lazy_gettext("Register at %(site)s. After you have confirmed your address your member page is ready."),
    "button": lazy_gettext("Register"),
    "statement": lazy_gettext("By registering I agree that %(site)s keeps my details to run my membership."),
}


@dataclass(frozen=True)
class Perk:
    """Something members get, as they read it."""

    title: str
    text: str
    link: str
    code: str


def perks(form: Form) -> Sequence[Perk]:
    """What members get, in the language of the moment."""
    return [
        Perk(words(row.get("title")), words(row.get("text")), clean_url(row.get("link")), row.get("code") or "")
        for row in form.settings.get("perks") or ()
    ]


def facts(held: Held) -> list[tuple[str, str]]:
    """What is known of a membership, as labels and values."""
    return [(_("Member number"), str(held.member.number))] if held.form.settings.get("numbered") else []


def welcome(held: Held, page_url: str, *, first: bool) -> Outcome:
    """What a member is mailed: `first` after registering, else because the link was asked for again."""
    if held.against:
        return Outcome(
            title=_("Your address is confirmed"),
            text=_(
                "But %(site)s has ended your membership. If you think that this is a mistake, write to them.",
                site=held.site.name,
            ),
        )
    return Outcome(
        title=_("You are a member") if first else _("Your member page"),
        text=_("What you get at %(site)s stands on your member page.", site=held.site.name),
        rows=facts(held),
        links=[(_("Open my member page"), page_url)],
        note=_("The address of that page is your key: do not pass it on."),
    )


def subject(held: Held, *, first: bool) -> str:
    """The subject of that mail."""
    if held.against or not first:
        return _("Your membership at %(site)s", site=held.site.name)
    return _("Welcome to %(site)s: your member page", site=held.site.name)


def why(held: Held, *, first: bool) -> str:
    """Why somebody gets that mail."""
    if first:
        return _("You get this mail because you registered at %(site)s.", site=held.site.name)
    return _(
        "You get this mail because somebody, probably you, asked %(site)s to send you the link again.",
        site=held.site.name,
    )
