"""A review: shown to everybody once its author's address is confirmed and an operator has approved it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session
from wtforms import BooleanField, IntegerField, SelectField, StringField, TextAreaField
from wtforms.validators import URL, DataRequired, InputRequired, Length, NumberRange, Optional, ValidationError

from leadcapture.contacts.models import Contact
from leadcapture.forms import letters
from leadcapture.forms.fields import StarsField
from leadcapture.forms.kind import (
    NEWSLETTER_STATEMENT,
    Ask,
    Effects,
    Filled,
    FormKind,
    NewsletterOffering,
    Preset,
    Settings,
    VisitorForm,
    email_field,
    name_field,
    newsletter_asks,
    statement_field,
)
from leadcapture.forms.kinds.review import operations, queries, rules
from leadcapture.forms.models import Form
from leadcapture.forms.outcome import Outcome
from leadcapture.forms.rules import clean_line, clean_text
from leadcapture.i18n import gettext as _
from leadcapture.i18n import lazy_gettext, ngettext
from leadcapture.sites.models import Site

LONGEST = 4000


class Visitor(VisitorForm):
    """Stars and words, and whose they are."""

    stars = StarsField(lazy_gettext("Your rating"), [DataRequired(lazy_gettext("Choose how many stars."))])
    about = StringField(lazy_gettext("What is it about?"), [Optional(), Length(max=160)], filters=[clean_line])
    text = TextAreaField(
        lazy_gettext("Your review"), [DataRequired(lazy_gettext("Write a few words."))], filters=[clean_text]
    )
    name = name_field(required=True)
    email = email_field()

    def adapt(self, settings: Settings) -> None:
        least, most = settings.get("least") or 0, settings.get("most") or LONGEST
        self.text.validators = (*self.text.validators, _length(least, most))
        self.text.flags.maxlength = most
        self.name.description = _("Stands publicly beside your review. A first name will do.")
        self.email.description = _("Never shown. We ask there whether the review is yours.")
        if not settings.get("ask_about"):
            del self.about


class Owner(NewsletterOffering):
    """What is reviewed, and how the list of reviews presents itself."""

    item_type = SelectField(
        lazy_gettext("What is reviewed"),
        choices=[
            ("LocalBusiness", lazy_gettext("A shop, practice or other business")),
            ("Product", lazy_gettext("A product")),
            ("Service", lazy_gettext("A service")),
            ("Organization", lazy_gettext("An organisation")),
        ],
        description=lazy_gettext("Search engines are told so. Many show no stars for a business that lists its own."),
    )
    item_name = StringField(
        lazy_gettext("Its name"),
        [Optional(), Length(max=160)],
        filters=[clean_line],
        description=lazy_gettext("Left empty, it is the name of the site."),
    )
    item_url = StringField(
        lazy_gettext("The page about it"),
        [Optional(), Length(max=500), URL(require_tld=False)],
        filters=[clean_line],
    )
    list_title = StringField(
        lazy_gettext("Title of the list of reviews"), [Optional(), Length(max=160)], filters=[clean_line]
    )
    ask_about = BooleanField(lazy_gettext("Ask what exactly the review is about"))
    least = IntegerField(
        lazy_gettext("Characters a review has at least"), [InputRequired(), NumberRange(0, 500)], default=10
    )
    most = IntegerField(
        lazy_gettext("Characters a review has at most"), [InputRequired(), NumberRange(100, LONGEST)], default=2000
    )
    tell_published = BooleanField(lazy_gettext("Mail the author when the review is published"), default=True)
    statement = statement_field()


def _length(least: int, most: int) -> Any:
    def check(form: Any, field: Any) -> None:
        length = len(field.data or "")
        if length < least:
            raise ValidationError(ngettext("At least %(num)d character.", "At least %(num)d characters.", least))
        if length > most:
            raise ValidationError(ngettext("At most %(num)d character.", "At most %(num)d characters.", most))

    return check


def asks(settings: Settings) -> Sequence[Ask]:
    return (Ask("review", "statement"), *newsletter_asks(settings))


def on_confirmed(session: Session, now: datetime, filled: Filled, contact: Contact, effects: Effects) -> Outcome:
    operations.receive(session, now, filled=filled, contact=contact)
    site, link = filled.site, letters.console_url(filled.form_public_id, "/reviews")
    letters.tell_owner(
        session,
        now,
        site=site,
        subject=lambda: _("A review waits for you"),
        outcome=lambda: Outcome(
            title=_("A review waits for you"),
            text=_("Nobody sees it before you approve it."),
            rows=_rows(filled),
            links=[(_("Read and approve"), link)],
        ),
        about=filled.public_id,
    )
    told = filled.settings.get("tell_published", True)
    return Outcome(
        title=_("Thank you for your review"),
        text=_("%(site)s reads it before it is published. You get an e-mail then.", site=site.name)
        if told
        else _("%(site)s reads it before it is published.", site=site.name),
        rows=_rows(filled),
        note=_("A review you wrote here before is replaced by this one."),
    )


def summary(settings: Settings, data: Settings) -> Sequence[tuple[str, str]]:
    rows = [
        (_("Rating"), _stars(data.get("stars"))),
        (_("About"), data.get("about", "")),
        (_("Review"), data.get("text", "")),
    ]
    return [(label, value) for label, value in rows if value]


def _rows(filled: Filled) -> list[tuple[str, str]]:
    return [(_("Name"), filled.name), *summary(filled.settings, filled.data)]


def _stars(number: Any) -> str:
    return ngettext("%(num)d star of 5", "%(num)d stars of 5", int(number)) if number else ""


def waiting(session: Session, form: Form) -> str:
    new = queries.counts(session, form.id)["waiting"]
    return ngettext("%(num)d review to approve", "%(num)d reviews to approve", new) if new else ""


def on_example_entries(session: Session, now: datetime, form: Form, site: Site) -> None:
    """One review of the demo is approved and answered; the other waits."""
    waiting, _older = queries.page(session, form.id, state="waiting")
    first = next(review for review, _agreed in waiting if review.name == EXAMPLES[0]["name"])
    which: dict[str, Any] = {"site_id": site.id, "form_public_id": form.public_id, "public_id": first.public_id}
    operations.judge(session, now, **which, revision=1, state="approved")
    answer = "Thank you, Ingrid! The next jar has this summer's lime blossom in it."
    operations.answer(session, now, **which, revision=2, text=answer)


EXAMPLES = (
    {
        "stars": "5",
        "text": "The honey arrived well packed after two days. Will order again.",
        "name": "Ingrid",
        "email": "ingrid@example.org",
        "consent": "review",
    },
    {
        "stars": "4",
        "text": "Lovely candles. The parcel took a day longer than promised.",
        "name": "Oskar",
        "email": "oskar@example.net",
        "consent": "review",
    },
)

KIND = FormKind(
    name="review",
    title=lazy_gettext("Review"),
    description=lazy_gettext("People rate you in their words. You approve, answer, and show the list on your pages."),
    purpose="review",
    texts={
        "title": lazy_gettext("Write a review"),
        "intro": lazy_gettext("Tell others how it was with %(site)s."),
        "button": lazy_gettext("Send the review"),
        "list_title": lazy_gettext("What people say about %(site)s"),
        "statement": lazy_gettext(
            "I agree that %(site)s publishes my name, my rating and my words. I can withdraw this at any time."
        ),
        "newsletter_statement": NEWSLETTER_STATEMENT,
    },
    asks=asks,
    on_confirmed=on_confirmed,
    on_example_entries=on_example_entries,
    summary=summary,
    forget=operations.forget,
    held=queries.told_of,
    visitor_form=Visitor,
    settings_form=Owner,
    defaults={
        "item_type": rules.ITEM_TYPES[0],
        "item_name": "",
        "item_url": "",
        "ask_about": False,
        "least": 10,
        "most": 2000,
        "tell_published": True,
        "newsletter": False,
    },
    example=Preset(title=lazy_gettext("Reviews"), settings={"newsletter": True}),
    example_entries=EXAMPLES,
    manage="review_console.reviews",
    manage_label=lazy_gettext("Reviews"),
    manage_role="operator",
    waiting=waiting,
)
