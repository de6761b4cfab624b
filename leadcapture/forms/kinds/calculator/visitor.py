"""What a visitor fills in: a field for each of the owner's rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from wtforms import BooleanField, DecimalField, RadioField, SelectField
from wtforms.fields import DecimalRangeField
from wtforms.validators import InputRequired, Optional, ValidationError

from leadcapture.forms.fields import words
from leadcapture.forms.kind import NamedVisitorForm, Settings
from leadcapture.forms.kinds.calculator.evaluation import SheetField, fits, number_of
from leadcapture.forms.kinds.calculator.sheet import CHOICES, HIGHEST, choices_of, sheet_of
from leadcapture.forms.rules import lines as lines_of
from leadcapture.forms.rules import western_digits
from leadcapture.i18n import gettext as _
from leadcapture.i18n import lazy_gettext


class Measure(DecimalField):
    """A number within the bounds and steps of the owner; `hint` says which."""

    def __init__(
        self, label: Any = None, validators: Any = None, *, limits: SheetField, hint: str, **rest: Any
    ) -> None:
        super().__init__(label, validators, places=None, **rest)
        self.limits, self.hint = limits, hint

    def process_formdata(self, valuelist: list[str]) -> None:
        """Decimals with comma or point, in any script's digits."""
        text = western_digits(str(valuelist[0]).strip()).replace("\u066b", ".").replace(",", ".") if valuelist else ""
        if not text:
            self.data = None
            return
        if number_of(text) is None:
            self.data = None
            raise ValueError(self.hint)
        self.data = Decimal(text)

    def pre_validate(self, form: Any) -> None:  # noqa: ARG002 the signature is WTForms's
        if self.data is not None and not fits(Fraction(self.data), self.limits):
            raise ValidationError(self.hint)


class Slider(Measure, DecimalRangeField):
    """The same as a slider."""


class Visitor(NamedVisitorForm):
    """The owner's fields, then name and address."""

    @classmethod
    def made_of(cls, settings: Settings) -> Sequence[tuple[str, Any]]:
        """A field for each row."""
        return list(_made_of(settings))


def hint_of(row: Mapping[str, Any], limits: SheetField) -> str:
    """A sentence that says what may be entered, in the language of the moment."""
    low, high, step, unit = limits["min"], limits["max"], limits["step"], words(row.get("unit"))
    bounded = Fraction(high) < Fraction(HIGHEST)
    said = {"min": f"{low}", "max": f"{high} {unit}".strip(), "step": step, "low": f"{low} {unit}".strip()}
    if bounded and step == "1":
        return _("Enter a whole number from %(min)s to %(max)s.", **said)
    if bounded and step:
        return _("Enter a number from %(min)s to %(max)s in steps of %(step)s.", **said)
    if bounded:
        return _("Enter a number from %(min)s to %(max)s.", **said)
    if step and step != "1":
        return _("Enter a number, %(low)s or more, in steps of %(step)s.", **said)
    if step:
        return _("Enter a whole number, %(low)s or more.", **said)
    return _("Enter a number, %(low)s or more.", **said)


def choice_words(row: Mapping[str, Any]) -> dict[str, str]:
    """The choices as visitors read them in the language of the moment, by what they are called in formulas."""
    called = list(choices_of(row))
    shown = lines_of(words(row.get("choice_words")))
    return dict(zip(called, shown if len(shown) == len(called) else called, strict=True))


def _made_of(settings: Settings) -> Iterator[tuple[str, Any]]:
    fields = sheet_of(settings)["fields"]
    for row in settings.get("inputs") or ():
        if row["name"] in fields:
            yield row["name"], _field(row, fields[row["name"]])


def _field(row: Mapping[str, Any], limits: SheetField) -> Any:
    label = words(row.get("label")) or row["name"]
    more: dict[str, Any] = {"description": words(row.get("help")), "default": row.get("default") or None}
    if row["type"] == "checkbox":
        return BooleanField(label, description=more["description"])
    if row["type"] in CHOICES:
        class_ = RadioField if row["type"] == "radio" else SelectField
        empty = [("", "–")] if row["type"] == "select" else []
        choices = [*empty, *choice_words(row).items()]
        more["default"] = more["default"] or ""
        return class_(label, [InputRequired(lazy_gettext("Choose one."))], choices=choices, **more)
    hint = hint_of(row, limits)
    step = limits["step"] or "any"
    whole = step != "any" and Fraction(step).denominator == 1
    more["render_kw"] = {
        "min": limits["min"],
        "max": limits["max"],
        "step": step,
        "unit": words(row.get("unit")) or None,
        "inputmode": "numeric" if whole else "decimal",
        "autocomplete": "off",
    }
    if more["default"] is not None:
        more["default"] = Decimal(more["default"])
    if row["type"] == "slider":
        more["default"] = more["default"] if more["default"] is not None else Decimal(limits["min"])
        return Slider(label, [InputRequired(hint)], limits=limits, hint=hint, **more)
    given = Optional() if limits["optional"] else InputRequired(hint)
    return Measure(label, [given], limits=limits, hint=hint, **more)
