"""A coupon: a code for the shop's checkout, given after the address is confirmed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from babel.numbers import list_currencies
from sqlalchemy.orm import Session
from wtforms import BooleanField, IntegerField, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, Optional

from leadcapture import i18n
from leadcapture.contacts.models import Contact
from leadcapture.forms import letters
from leadcapture.forms import rules as form_rules
from leadcapture.forms.fields import LocalDateTimeField, MoneyField, local_of
from leadcapture.forms.kind import (
    NEWSLETTER_STATEMENT,
    Ask,
    Effects,
    Filled,
    FormKind,
    NamedVisitorForm,
    NewsletterOffering,
    Outcome,
    Preset,
    Settings,
    newsletter_asks,
    notice_field,
)
from leadcapture.forms.kinds.coupon import operations, queries, rules
from leadcapture.forms.models import Form
from leadcapture.i18n import gettext as _
from leadcapture.i18n import lazy_gettext
from leadcapture.sites.models import Site

STOCK_OF_A_START = 100


class Owner(NewsletterOffering):
    type = SelectField(
        lazy_gettext("The discount is"),
        choices=[("percent", lazy_gettext("a part of the price (percent)")), ("amount", lazy_gettext("an amount"))],
    )
    value = MoneyField(
        lazy_gettext("How much"),
        [InputRequired(lazy_gettext("Write how much the code is worth."))],
        render_kw={"unit": ""},  # percent or money, as the field above says
    )
    currency = StringField(
        lazy_gettext("Currency"),
        [Optional(), Length(min=3, max=3, message=lazy_gettext("Three letters, like EUR."))],
        filters=[lambda text: rules.tidy(text or "")],
        description=lazy_gettext("Three letters, like EUR. Of an amount only."),
    )
    supply = SelectField(
        lazy_gettext("People get"),
        choices=[
            ("shared", lazy_gettext("all the same code")),
            ("unique", lazy_gettext("each a code of their own (add them under Codes)")),
        ],
    )
    shared_code = StringField(
        lazy_gettext("The code that all get"),
        [Optional(), Length(max=40)],
        filters=[lambda text: rules.tidy(text or "")],
        description=lazy_gettext("Like WELCOME10. Another one later leaves those good that people have."),
    )
    stock = IntegerField(
        lazy_gettext("How many people may get it"),
        [Optional(), NumberRange(1, 10_000_000)],
        description=lazy_gettext("Of the code that all get. Empty: everybody."),
    )
    most_uses = IntegerField(
        lazy_gettext("How many orders it may be used in"),
        [Optional(), NumberRange(1, 10_000_000)],
        description=lazy_gettext(
            "Of the code that all get. Empty: any number. A code of one's own is good for one order."
        ),
    )
    per_contact = IntegerField(
        lazy_gettext("Codes for one person at most"), [DataRequired(), NumberRange(1, 100)], default=1
    )
    valid_from = LocalDateTimeField(lazy_gettext("Can be used from"), [Optional()])
    valid_until = LocalDateTimeField(
        lazy_gettext("Can be used until"), [Optional()], description=lazy_gettext("On the clocks of your site's zone.")
    )
    valid_days = IntegerField(
        lazy_gettext("Days it holds after somebody got it"),
        [Optional(), NumberRange(1, 3650)],
        description=lazy_gettext("For codes of people's own; it ends with the last of these days. Empty: no limit."),
    )
    how = TextAreaField(
        lazy_gettext("How the code is used"),
        [Optional(), Length(max=600)],
        filters=[form_rules.clean_text],
        description=lazy_gettext("People read it beside their code."),
    )
    ask_name = BooleanField(lazy_gettext("Ask for a name (people may leave it empty)"), default=False)
    notice = notice_field(lazy_gettext("Stands near the button. Kept word for word with every consent."))

    def validate(self, extra_validators: Any = None) -> bool:
        """The fields one by one, then what they say together."""
        valid = super().validate(extra_validators)
        for name, sentence in self._contradictions():
            self[name].errors = [*self[name].errors, sentence]
            valid = False
        return valid

    def _contradictions(self) -> list[tuple[str, str]]:
        found = []
        value: Decimal | None = self.value.data
        if value is not None and value <= 0:
            found.append(("value", _("It must be worth something.")))
        if value is not None and self.type.data == "percent" and value > 100:
            found.append(("value", _("At most 100 percent.")))
        if self.type.data == "amount" and self.currency.data not in list_currencies():
            found.append(("currency", _("There is no such currency. Three letters, like EUR.")))
        code = self.shared_code.data
        if self.supply.data == "shared":
            if not code:
                found.append(("shared_code", _("Write the code that people get.")))
            if self.valid_days.data:
                sentence = _("A code that all share cannot tell who got it when. Give each person a code of their own.")
                found.append(("valid_days", sentence))
        if code and not rules.usable(code):
            found.append(("shared_code", _("Only letters, digits and hyphens, 40 at most.")))
        begins, ends = self.valid_from.data, self.valid_until.data
        if begins and ends and ends <= begins:
            found.append(("valid_until", _("It must end after it begins.")))
        return found


def asks(settings: Settings) -> Sequence[Ask]:
    return (Ask("coupon", "notice", box=False), *newsletter_asks(settings))


def obstacles(site: Site, settings: Settings) -> Sequence[str]:
    if settings.get("supply") == "shared" and not settings.get("shared_code"):
        return (_("There is no code to give: write the one that people get."),)
    return ()


def on_saved(session: Session, now: datetime, form: Form, site: Site, before: Settings) -> None:
    if form.settings.get("supply") == "shared":
        operations.keep_shared(session, now, form=form, before=before)
    elif not before:
        number = STOCK_OF_A_START
        operations.make_codes(session, now, site_id=form.site_id, form_public_id=form.public_id, number=number)


def closed(session: Session, now: datetime, form: Form, site: Site) -> str:
    _begins, ends = operations.window(form.settings, site.timezone)
    if ends and ends <= now:
        return _("This offer has ended.")
    if queries.has_any(session, form):
        return ""
    if form.settings.get("supply") == "shared":
        belongs = queries.form_of_shared(session, form)
        if belongs is None or (belongs != form.id and not form.published):
            return ""  # nothing was given out yet: the owner is still about it
        if belongs != form.id:
            return _("This offer has not begun.")
    return _("All codes have been given out. Thank you for your interest.")


def on_confirmed(session: Session, now: datetime, filled: Filled, contact: Contact, effects: Effects) -> Outcome:
    form = session.get_one(Form, filled.form_id)
    given = operations.give(session, now, form=form, site=filled.site, contact_id=contact.id)
    if given is None:
        return Outcome(
            title=_("Sorry, there is no code left"),
            text=_("Others were faster: the last one went while your address was being confirmed. You got no code."),
            note=_("You need not do anything more. Your address is confirmed, and is used only as you agreed."),
        )
    outcome = _reward(form, filled, given)
    letters.send(
        session,
        now,
        site=filled.site,
        to=filled.address,
        language=filled.language,
        outcome=outcome,
        subject=_("Your code from %(site)s", site=filled.site.name),
        why=_("You get this mail because you asked for a code and confirmed your address."),
        contact=contact,
        purpose=KIND.purpose,
        name=filled.name,
        about=filled.public_id,
    )
    return outcome


def _reward(form: Form, filled: Filled, given: operations.Given) -> Outcome:
    language, zone = i18n.language(), filled.site.timezone
    rows = [(_("Discount"), rules.discount_of(form.settings).words(language))]
    if given.valid_from:
        rows.append((_("Good from"), rules.beginning_words(local_of(given.valid_from, zone), language)))
    if given.valid_until:
        rows.append((_("Good until"), rules.end_words(local_of(given.valid_until, zone), language)))
    return Outcome(
        title=_("Here is your code"),
        text=KIND.text("how", form.settings, filled.site.name),
        rows=rows,
        code=given.code,
        note="" if given.first else _("You have had this code before: it is the same one."),
    )


KIND = FormKind(
    name="coupon",
    title=lazy_gettext("Coupon"),
    description=lazy_gettext("A code for your checkout, for a confirmed address: one for all, or each their own."),
    purpose="coupon",
    texts={
        "title": lazy_gettext("A discount for you"),
        "intro": lazy_gettext("Leave your e-mail address and get a code for your next order."),
        "button": lazy_gettext("Get the code"),
        "how": lazy_gettext("Enter it when you pay for your order."),
        "notice": lazy_gettext(
            "By sending this you agree that %(site)s uses your e-mail address to send you the code you ask for."
        ),
        "newsletter_statement": NEWSLETTER_STATEMENT,
    },
    asks=asks,
    on_confirmed=on_confirmed,
    on_saved=on_saved,
    closed=closed,
    forget=operations.forget,
    held=queries.told_of,
    obstacles=obstacles,
    visitor_form=NamedVisitorForm,
    settings_form=Owner,
    defaults={
        "ask_name": False,
        "newsletter": False,
        "type": "percent",
        "value": "10",
        "currency": "EUR",
        "supply": "shared",
        "shared_code": "",
        "per_contact": 1,
    },
    presets={
        "shared": Preset(
            lazy_gettext("Ten percent off, one code for all"),
            lazy_gettext("Everybody gets WELCOME10. Quick to set up; the code may travel on."),
            {"supply": "shared", "shared_code": "WELCOME10"},
        ),
        "unique": Preset(
            lazy_gettext("Ten percent off, each person a code of their own"),
            lazy_gettext("We make 100 codes, each good for one order within 30 days."),
            {"supply": "unique", "valid_days": 30},
        ),
    },
    example=Preset(
        lazy_gettext("Ten percent off, each person a code of their own"),
        settings={"supply": "unique", "valid_days": 30, "newsletter": True},
    ),
    manage="console_coupon.codes",
    manage_label=lazy_gettext("Codes"),
)
