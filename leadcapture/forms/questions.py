"""Custom fields: what an owner asks beside what the kind asks, and what an answer reads like."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, ClassVar

from wtforms import (
    BooleanField,
    DateField,
    EmailField,
    HiddenField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, Optional, ValidationError

from leadcapture import addresses
from leadcapture.errors import Invalid
from leadcapture.forms import rules
from leadcapture.forms.fields import ChecksField, DecimalField, PhoneField, Row, words
from leadcapture.i18n import gettext as _
from leadcapture.i18n import lazy_gettext

PREFIX = "field_"
TYPES = (
    ("text", lazy_gettext("Text")),
    ("textarea", lazy_gettext("Long text")),
    ("email", lazy_gettext("E-mail address")),
    ("tel", lazy_gettext("Phone number")),
    ("number", lazy_gettext("Number")),
    ("date", lazy_gettext("Date")),
    ("radio", lazy_gettext("One of several, all in sight")),
    ("select", lazy_gettext("One of several, in a list")),
    ("checks", lazy_gettext("Any of several")),
    ("checkbox", lazy_gettext("A box to tick")),
    ("hidden", lazy_gettext("Hidden: taken from the page's address")),
)
CHOOSING = ("radio", "select", "checks")
PARAMETER = re.compile(r"[A-Za-z0-9_.-]{1,60}")


class Question(Row):
    """One custom field, as the owner sets it up."""

    TEXTS: ClassVar[tuple[str, ...]] = ("label", "help", "options")

    type = SelectField(lazy_gettext("Kind of answer"), choices=TYPES, default="text")
    label = StringField(
        lazy_gettext("Question"),
        [DataRequired(lazy_gettext("Write what is asked.")), Length(max=200)],
        filters=[rules.clean_line],
    )
    # `data_when`: what matters only for some kinds of answer is out of sight for the others (widget/src/console).
    help = StringField(
        lazy_gettext("Help under it"),
        [Optional(), Length(max=300)],
        filters=[rules.clean_line],
        render_kw={"data_when": "type:!hidden"},
    )
    options = TextAreaField(
        lazy_gettext("Choices, one a line"),
        [Length(max=4000)],
        filters=[rules.clean_text],
        render_kw={"data_when": f"type:{' '.join(CHOOSING)}", "rows": 3},
    )
    param = StringField(
        lazy_gettext("Name in the page's address, such as utm_source"),
        [Length(max=60)],
        filters=[rules.clean_line],
        render_kw={"data_when": "type:hidden", "dir": "ltr"},
    )
    least = DecimalField(
        lazy_gettext("Smallest number"), [Optional()], places=None, render_kw={"data_when": "type:number"}
    )
    most = DecimalField(
        lazy_gettext("Largest number"), [Optional()], places=None, render_kw={"data_when": "type:number"}
    )
    required = BooleanField(lazy_gettext("Must be answered"), render_kw={"data_when": "type:!hidden"})
    show_if = SelectField(lazy_gettext("Shown"), choices=[("", lazy_gettext("always"))], validate_choice=False)
    show_value = StringField(
        lazy_gettext("… when the answer there is (empty: any answer)"),
        [Optional(), Length(max=200)],
        filters=[rules.clean_line],
        render_kw={"data_when": "show_if:"},
    )

    def validate_options(self, field: Any) -> None:
        if self.type.data in CHOOSING and len(rules.lines(field.data)) < 2:
            raise ValidationError(_("Write at least two choices, one a line."))

    def validate_param(self, field: Any) -> None:
        if self.type.data == "hidden" and not PARAMETER.fullmatch(field.data or ""):
            raise ValidationError(_("Write the name of a parameter, such as utm_source."))

    def validate_most(self, field: Any) -> None:
        if None not in (self.least.data, field.data) and field.data < self.least.data:
            raise ValidationError(_("This is smaller than the smallest number."))


def made_of(settings: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The visitor's field for each of the owner's questions: its name and the field, not yet bound."""
    for question in settings.get("fields") or ():
        yield PREFIX + question["id"], _field(question, settings.get("phone_region") or "")


def _field(question: Mapping[str, Any], region: str) -> Any:
    type_, label = question["type"], words(question.get("label"))
    extra: dict[str, Any] = {"show_if": _condition(question)} if question.get("show_if") else {}
    more: dict[str, Any] = {"description": words(question.get("help")), "render_kw": extra}
    must = [DataRequired(lazy_gettext("Fill this in."))] if question.get("required") else [Optional()]
    line = {**more, "filters": [rules.clean_line]}
    options = _options(question)
    if type_ == "textarea":
        return TextAreaField(label, [*must, Length(max=4000)], filters=[rules.clean_text], **more)
    if type_ == "email":
        extra.update(autocomplete="email", inputmode="email")
        return EmailField(label, [*must, _address], **line)
    if type_ == "tel":
        return PhoneField(label, must, region=region, **more)
    if type_ == "number":
        least, most = _number(question.get("least")), _number(question.get("most"))
        extra.update(inputmode="decimal", step="any", min=question.get("least"), max=question.get("most"))
        given = [InputRequired(lazy_gettext("Fill this in."))] if question.get("required") else [Optional()]
        return DecimalField(label, [*given, NumberRange(least, most)], places=None, **more)
    if type_ == "date":
        return DateField(label, must, **more)
    if type_ in ("radio", "select"):
        choose = [DataRequired(lazy_gettext("Choose one."))] if question.get("required") else [Optional()]
        class_ = RadioField if type_ == "radio" else SelectField
        empty = [("", "–")] if type_ == "select" else []
        return class_(label, choose, choices=[*empty, *options], default="", **more)
    if type_ == "checks":
        some = [DataRequired(lazy_gettext("Choose at least one."))] if question.get("required") else [Optional()]
        return ChecksField(label, some, choices=options, **more)
    if type_ == "checkbox":
        tick = [DataRequired(lazy_gettext("Tick this box to go on."))] if question.get("required") else []
        return BooleanField(label, tick, **more)
    if type_ == "hidden":
        extra["param"] = question["param"]
        return HiddenField(label, [Optional(), Length(max=500)], filters=[rules.clean_line], render_kw=extra)
    return StringField(label, [*must, Length(max=300)], **line)


def _options(question: Mapping[str, Any]) -> list[tuple[str, str]]:
    # A choice is known by its number, so that it means the same in every language.
    return [(str(number), text) for number, text in enumerate(rules.lines(words(question.get("options"))), 1)]


def _condition(question: Mapping[str, Any]) -> dict[str, Any]:
    return {"field": question["show_if"], "value": question.get("show_value") or ""}


def conditions_of(shown: Mapping[str, Any], raw: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """A condition as the widget is told of it: `values` are what the other field's value may be, None means any.

    `shown` is the description of the other field. Owners write the words of a choice, in whatever language.
    """
    if raw is None:
        return None
    if "values" in raw:  # a kind's own fields name the values themselves
        return {"field": raw["field"], "values": list(raw["values"])}
    wanted = raw["value"]
    if not wanted:
        return {"field": raw["field"], "values": None}
    options = shown.get("options") or []
    named = [option["value"] for option in options if option["label"].casefold() == wanted.casefold()]
    return {"field": raw["field"], "values": named or [wanted]}


def holds(condition: Mapping[str, Any] | None, value: Any) -> bool:
    """Whether a field with this condition is shown, given the value of the field it depends on."""
    if condition is None:
        return True
    given = [str(one) for one in value] if isinstance(value, list) else ([] if value in (None, "", False) else [value])
    said = ["on" if one is True else str(one) for one in given]
    return bool(said) if condition["values"] is None else any(one in condition["values"] for one in said)


def answer_text(described: Mapping[str, Any], value: Any) -> str:
    """What was answered, in words: the labels of what was chosen, yes or no for a box."""
    labels = {option["value"]: option["label"] for option in described.get("options") or ()}
    if isinstance(value, list):
        return ", ".join(labels.get(str(one), str(one)) for one in value)
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return str(labels.get(str(value), value))


def _address(form: Any, field: Any) -> None:  # noqa: ARG001 the signature is WTForms's
    try:
        addresses.parse(field.data)
    except Invalid as error:
        raise ValidationError(error.message) from error


def _number(text: Any) -> Any:
    return None if text in (None, "") else Decimal(str(text))
