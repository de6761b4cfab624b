"""A visitor's form as the widget and the hosted page are told of it."""

from __future__ import annotations

from typing import Any

from wtforms import Form
from wtforms.fields import Field, SelectField

from leadcapture.errors import LeadCaptureError
from leadcapture.forms import questions

FIELD_TYPES = {
    "EmailField": "email",
    "TelField": "tel",
    "TextAreaField": "textarea",
    "BooleanField": "checkbox",
    "StarsField": "stars",
    "ChecksField": "checks",
    "RadioField": "radio",
    "SelectField": "select",
    "IntegerRangeField": "range",
    "DecimalRangeField": "range",
    "IntegerField": "number",
    "DecimalField": "number",
    "DateField": "date",
    "HiddenField": "hidden",
    "StringField": "text",
}
# What the loader can paint by itself; everything else is painted by what it fetches.
BASIC = frozenset({"text", "email", "tel", "textarea", "checkbox", "number", "hidden"})
MORE = ("min", "max", "step", "unit", "param", "show_if")


class NoControl(LeadCaptureError):
    """A field that visitors' forms have no control for."""

    code = "bad_kind"


def describe_fields(form: Form) -> list[dict[str, Any]]:
    """Every field in its order. Raises NoControl for one that the widget has no control for."""
    described = {shown.name: _described(shown) for shown in form}
    for one in described.values():
        condition = one["show_if"]
        one["show_if"] = (
            questions.conditions_of(described.get(condition["field"], {}), condition) if condition else None
        )
    return list(described.values())


def rich(described: dict[str, Any]) -> bool:
    """Whether the field asks for more than the loader can paint."""
    return described["type"] not in BASIC or any(described[name] is not None for name in MORE)


def _described(shown: Field) -> dict[str, Any]:
    type_ = next((FIELD_TYPES[c.__name__] for c in type(shown).__mro__ if c.__name__ in FIELD_TYPES), None)
    if type_ is None:
        raise NoControl(f"The field {shown.name!r} is a {type(shown).__name__}, which visitors' forms do not have.")
    extra = shown.render_kw or {}
    # A list begins with an empty choice by itself.
    choices = [c for c in shown.iter_choices() if c[0] != ""] if isinstance(shown, SelectField) else None
    return {
        "name": shown.name,
        "type": type_,
        "label": str(shown.label.text),
        "help": str(shown.description) or None,
        "required": bool(shown.flags.required),
        "unmarked": bool(extra.get("unmarked")),
        "autocomplete": extra.get("autocomplete"),
        "inputmode": extra.get("inputmode"),
        "maxlength": shown.flags.maxlength,
        "options": choices and [{"value": str(choice[0]), "label": str(choice[1])} for choice in choices],
        "value": _value(shown),
        "min": _text(extra.get("min", shown.flags.min)),
        "max": _text(extra.get("max", shown.flags.max)),
        "step": _text(extra.get("step")),
        "unit": _text(extra.get("unit")),
        "param": extra.get("param"),
        "show_if": extra.get("show_if"),
    }


def _value(shown: Field) -> Any:
    if isinstance(shown.data, list):
        return [str(one) for one in shown.data] or None
    return None if shown.data is None or shown.data is False or shown.data == "" else str(shown.data)


def _text(value: Any) -> str | None:
    return None if value in (None, "") else str(value)
