"""What customers fill in to order, and what the shop sets up."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Any, ClassVar

from babel import Locale
from babel.core import get_global
from wtforms import BooleanField, IntegerField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, Optional, ValidationError

from leadcapture import i18n
from leadcapture.forms.fields import MoneyField, PhoneField, Row, RowsField, words
from leadcapture.forms.kind import NewsletterOffering, Settings, VisitorForm, email_field, name_field, notice_field
from leadcapture.forms.kinds.order import rules, wording
from leadcapture.forms.rules import clean_line, clean_text
from leadcapture.i18n import gettext as _
from leadcapture.i18n import lazy_gettext

ADDRESS = ("street", "postcode", "city", "country")


class Visitor(VisitorForm):
    """How many of each of the goods, how they come to the customer, and who the customer is."""

    delivery = RadioField(
        lazy_gettext("Delivery"), [DataRequired(lazy_gettext("Choose how you get it."))], validate_choice=True
    )
    name = name_field(required=True)
    email = email_field()
    phone = PhoneField(lazy_gettext("Phone"), [DataRequired(lazy_gettext("Enter your phone number."))])
    street = StringField(
        lazy_gettext("Street and number"),
        [DataRequired(lazy_gettext("Enter the street and number.")), Length(max=200)],
        filters=[clean_line],
        render_kw={"autocomplete": "street-address"},
    )
    postcode = StringField(
        lazy_gettext("Postcode"),
        [DataRequired(lazy_gettext("Enter the postcode.")), Length(max=20)],
        filters=[clean_line],
        render_kw={"autocomplete": "postal-code"},
    )
    city = StringField(
        lazy_gettext("Town"),
        [DataRequired(lazy_gettext("Enter the town.")), Length(max=120)],
        filters=[clean_line],
        render_kw={"autocomplete": "address-level2"},
    )
    country = SelectField(
        lazy_gettext("Country"),
        [DataRequired(lazy_gettext("Choose the country."))],
        render_kw={"autocomplete": "country"},
    )
    note = TextAreaField(lazy_gettext("Anything we should know?"), [Optional(), Length(max=1000)], filters=[clean_text])

    @classmethod
    def made_of(cls, settings: Settings) -> Sequence[tuple[str, Any]]:
        """How many of each of the goods, then how they come."""
        return [(rules.field_of(good), _quantity(good, settings["currency"])) for good in rules.offered(settings)]

    def adapt(self, settings: Settings) -> None:
        self._settings = settings
        self.phone.region = settings.get("phone_region") or ""
        if not settings.get("phone_required", True):
            self.phone.validators, self.phone.flags.required = (Optional(),), False
        self._offer_deliveries(settings)
        self._offer_countries(_countries(settings.get("countries")))

    def validate(self, extra_validators: Any = None) -> bool:
        """Each field by itself, then whether there is anything to order, and enough of it."""
        right = super().validate(extra_validators)
        first = next((field for field in self if field.name.startswith(rules.PREFIX)), None)
        if first is None or any(field.errors for field in self if field.name.startswith(rules.PREFIX)):
            return right
        asked = rules.bill(self._settings, self.data)
        if not asked.lines:
            first.errors = [_("Say how many you want of at least one.")]
        elif rules.below_minimum(self._settings, asked):
            least = wording.money(rules.least(self._settings), self._settings["currency"])
            first.errors = [_("We take orders from %(amount)s on, without delivery.", amount=least)]
        return right and not first.errors

    def _offer_deliveries(self, settings: Settings) -> None:
        offered = rules.deliveries(settings)
        if not offered:
            for name in ("delivery", *ADDRESS):
                del self[name]
            return
        self.delivery.choices = [(row["id"], _priced(row, settings["currency"])) for row in offered]
        if len(offered) == 1 and not self.delivery.data:
            self.delivery.data = offered[0]["id"]
        brought = [row["id"] for row in offered if not row.get("pickup")]
        for name in ADDRESS:
            shown = {"show_if": {"field": "delivery", "values": brought}}
            self[name].render_kw = {**(self[name].render_kw or {}), **shown}

    def _offer_countries(self, codes: Sequence[str]) -> None:
        if "country" not in self:
            return
        if not codes:
            del self.country
            return
        names = sorted((wording.country(code), code) for code in codes)
        self.country.choices = [("", "–"), *((code, name) for name, code in names)]
        if len(codes) == 1 and not self.country.data:
            self.country.data = codes[0]


class Good(Row):
    """One thing that can be ordered."""

    TEXTS: ClassVar[tuple[str, ...]] = ("label", "about")

    label = StringField(lazy_gettext("What it is"), [Optional(), Length(max=160)], filters=[clean_line])
    about = StringField(lazy_gettext("A line about it"), [Optional(), Length(max=300)], filters=[clean_line])
    price = MoneyField(lazy_gettext("Price of one"), [InputRequired(lazy_gettext("Enter a price."))])
    most = IntegerField(
        lazy_gettext("At most in one order"),
        [InputRequired(lazy_gettext("Enter a number.")), NumberRange(1, 9999)],
        default=20,
        render_kw={"inputmode": "numeric"},
    )
    available = BooleanField(lazy_gettext("Can be ordered now"), default=True)


class Delivery(Row):
    """One way the goods come to the customer."""

    TEXTS: ClassVar[tuple[str, ...]] = ("label",)

    label = StringField(lazy_gettext("What it is called"), [Optional(), Length(max=160)], filters=[clean_line])
    price = MoneyField(lazy_gettext("Price"), [InputRequired(lazy_gettext("Enter a price; 0 when it is free."))])
    pickup = BooleanField(lazy_gettext("The customer comes for it: no address is asked"))


def _currencies() -> list[tuple[str, str]]:
    names = Locale.parse(i18n.language()).currencies
    return [(code, f"{code} – {names.get(code, code)}") for code in _tender()]


class Owner(NewsletterOffering):
    """What the shop sells and how it delivers."""

    currency = SelectField(lazy_gettext("Currency"), choices=_currencies, default="EUR")
    goods = RowsField(
        Good,
        lazy_gettext("Goods"),
        description=lazy_gettext("What people can order. What is not available now is not shown."),
        max_entries=100,
    )
    deliveries = RowsField(
        Delivery,
        lazy_gettext("Delivery"),
        description=lazy_gettext("How the goods come to the customer. Without any, no address is asked."),
        max_entries=20,
    )
    minimum = MoneyField(
        lazy_gettext("Smallest order"), [Optional()], description=lazy_gettext("What the goods must come to at least.")
    )
    countries = StringField(
        lazy_gettext("Countries you deliver to"),
        [Optional(), Length(max=1000)],
        filters=[clean_line],
        description=lazy_gettext("Their two letters, such as DE, AT, CH. Left empty, the country is not asked."),
    )
    phone_required = BooleanField(lazy_gettext("A phone number must be given"), default=True)
    mail_accepted = BooleanField(lazy_gettext("Mail the customer when an order is accepted"), default=True)
    mail_declined = BooleanField(lazy_gettext("Mail the customer when an order is declined"), default=True)
    mail_done = BooleanField(lazy_gettext("Mail the customer when an order is done"), default=True)
    notice = notice_field(lazy_gettext("Stands near the button. Kept word for word with every order."))

    def validate_countries(self, field: Any) -> None:
        known = Locale("en").territories
        unknown = [code for code in _countries(field.data) if not re.fullmatch("[A-Z]{2}", code) or code not in known]
        if unknown:
            raise ValidationError(_("There is no such country: %(codes)s.", codes=", ".join(unknown)))

    def validate(self, extra_validators: Any = None) -> bool:
        """Each field by itself, then whether the currency has coins for every price."""
        right = super().validate(extra_validators)
        prices = [entry.form.price for rows in (self.goods, self.deliveries) for entry in rows]
        for price in [*prices, self.minimum]:
            if not rules.fits(price.data, self.currency.data):
                price.errors = [_("There is no such amount in this currency.")]
                right = False
        return right


@cache
def _tender() -> Sequence[str]:
    """The currencies that are paid with somewhere now (CLDR)."""
    used = get_global("territory_currencies").values()
    return sorted({code for of_one in used for code, _start, end, tender in of_one if tender and end is None})


def _countries(text: str | None) -> Sequence[str]:
    return list(dict.fromkeys(re.findall(r"[^\s,;]+", (text or "").upper())))


def _quantity(good: Settings, currency: str) -> Any:
    most = good.get("most") or 9999
    return IntegerField(
        words(good.get("label")),
        [Optional(), NumberRange(0, most)],
        description=words(good.get("about")),
        render_kw={
            "inputmode": "numeric",
            "min": 0,
            "max": most,
            "step": 1,
            "unmarked": True,  # each may be left empty: saying it at each would only stand in the way
            "unit": f"× {wording.money(rules.amount_of(good), currency)}",
        },
    )


def _priced(row: Settings, currency: str) -> str:
    price = rules.amount_of(row)
    said = wording.money(price, currency) if price else _("free")
    return f"{words(row.get('label'))} · {said}"
