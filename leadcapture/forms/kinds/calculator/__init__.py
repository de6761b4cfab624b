"""A calculator: visitors fill in the owner's fields, see at once what it comes to, and have the quote mailed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from leadcapture.contacts.models import Contact
from leadcapture.errors import Invalid
from leadcapture.forms import letters
from leadcapture.forms.kind import (
    NEWSLETTER_STATEMENT,
    Ask,
    Effects,
    Filled,
    FormKind,
    Outcome,
    Settings,
    newsletter_asks,
)
from leadcapture.forms.kinds.calculator.owner import Owner
from leadcapture.forms.kinds.calculator.presets import PRESETS
from leadcapture.forms.kinds.calculator.quote import browser_data, entered, outcome, quote
from leadcapture.forms.kinds.calculator.sheet import draft
from leadcapture.forms.kinds.calculator.visitor import Visitor
from leadcapture.forms.models import Form
from leadcapture.i18n import gettext as _
from leadcapture.i18n import lazy_gettext
from leadcapture.sites.models import Site


def asks(settings: Settings) -> Sequence[Ask]:
    return (Ask("quote", "notice", box=False), *newsletter_asks(settings))


def obstacles(site: Site, settings: Settings) -> Sequence[str]:
    made = draft(settings)
    if made.problems:
        return (_("A formula or a field has to be mended: save the settings to see which."),)
    if not made.sheet["fields"]:
        return (_("Visitors would have nothing to enter: add a field."),)
    if all(result["places"] is None for result in made.sheet["results"]):
        return (_("Nothing would be worked out: add a result that is shown."),)
    return ()


def on_saved(session: Session, now: datetime, form: Form, site: Site, before: Settings) -> None:
    problems = draft(form.settings).problems
    if problems:
        fields = {f"{one.rows}-{one.row}-{one.field}": [one.sentence] for one in problems}
        raise Invalid(problems[0].sentence, fields=fields)


def data(session: Session, now: datetime, form: Form, site: Site) -> Mapping[str, Any]:
    return browser_data(form.settings)


def compute(settings: Settings, given: Mapping[str, Any]) -> Outcome:
    rows, total = quote(settings, given)
    return Outcome(title=_("What it comes to"), rows=rows, total=total)


def on_accepted(session: Session, now: datetime, filled: Filled, effects: Effects) -> None:
    quote(filled.settings, filled.data)  # refuses what cannot be worked out


def on_confirmed(session: Session, now: datetime, filled: Filled, contact: Contact, effects: Effects) -> Outcome:
    """The quote, worked out here and now from what was entered, by the settings that the visitor saw."""
    made = _quote(filled, _("We have sent it to %(email)s as well.", email=filled.address.typed))
    letters.send(
        session,
        now,
        site=filled.site,
        to=filled.address,
        language=filled.language,
        outcome=_quote(filled, _("This is what you entered and what it comes to.")),
        subject=_("Your quote from %(site)s", site=filled.site.name),
        why=_("You get this mail because you asked for the result at %(site)s.", site=filled.site.name),
        contact=contact,
        purpose=KIND.purpose,
        name=filled.name,
        about=filled.public_id,
    )
    return made


def _quote(filled: Filled, text: str) -> Outcome:
    note = KIND.text("note", filled.settings, filled.site.name)
    return outcome(filled.settings, filled.data, title=_("Your quote"), text=text, note=note)


def summary(settings: Settings, given: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    lines, total = quote(settings, given)
    return [*entered(settings, given), *lines, *([total] if total else [])]


KIND = FormKind(
    name="calculator",
    title=lazy_gettext("Calculator"),
    description=lazy_gettext("Visitors work out a price by your formulas and have the quote sent to their address."),
    purpose="quote",
    texts={
        "title": lazy_gettext("What will it cost?"),
        "intro": lazy_gettext("Fill in a few figures and see the price at once."),
        "button": lazy_gettext("Send the result to my address"),
        "note": lazy_gettext("This is an estimate. The final price is in the offer we make you."),
        "notice": lazy_gettext(
            "By sending this you agree that %(site)s mails you the result and uses your details to make you an offer."
        ),
        "newsletter_statement": NEWSLETTER_STATEMENT,
    },
    asks=asks,
    on_accepted=on_accepted,
    on_confirmed=on_confirmed,
    on_saved=on_saved,
    obstacles=obstacles,
    data=data,
    compute=compute,
    summary=summary,
    visitor_form=Visitor,
    settings_form=Owner,
    defaults={"currency": "EUR", "inputs": [], "tables": [], "results": [], "newsletter": False, "ask_name": True},
    presets=PRESETS,
    example=PRESETS["kitchen"],
)
