"""What is worked out, in words: the lines of a quote and what a visitor has entered."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from babel.numbers import format_currency, format_decimal

from leadcapture import i18n
from leadcapture.errors import Invalid
from leadcapture.forms.fields import words
from leadcapture.forms.kind import Outcome, Settings
from leadcapture.forms.kinds.calculator.evaluation import Failure, amount, evaluate
from leadcapture.forms.kinds.calculator.sheet import CHOICES, sheet_of, shown_of
from leadcapture.forms.kinds.calculator.visitor import choice_words, hint_of
from leadcapture.i18n import gettext as _

Pairs = list[tuple[str, str]]


def quote(settings: Settings, data: Mapping[str, Any], *, nothing: bool = True) -> tuple[Pairs, tuple[str, str] | None]:
    """The lines that the owner shows, and the main one, as (label, amount) in the language of the moment; without
    those that come to `nothing`, if so wished.

    Raises Invalid with a sentence, at the field where one is the reason.
    """
    found, (shown, main) = evaluate(sheet_of(settings), data), shown_of(settings)
    lines: Pairs = []
    total = None
    for row, places in shown:
        value = found[row["name"]]
        if isinstance(value, Failure):
            raise _refusal(value, settings)
        line = (label_of(row), _said(Fraction(value), places, row, settings["currency"]))
        if row is main:
            total = line
        elif value or nothing:
            lines.append(line)
    return lines, total


def entered(settings: Settings, data: Mapping[str, Any]) -> Pairs:
    """What a visitor has entered, as (label, answer) in the language of the moment; boxes only where ticked."""
    given = {name: value for name, value in data.items() if value is not None and value is not False}
    rows = [row for row in settings.get("inputs") or () if row["name"] in given]
    return [(label_of(row), _answer(row, given[row["name"]])) for row in rows]


def outcome(settings: Settings, data: Mapping[str, Any], *, title: str, text: str = "", note: str = "") -> Outcome:
    """The itemised quote: what was entered, the lines, the total. Raises Invalid as `quote` does."""
    lines, total = quote(settings, data, nothing=False)
    return Outcome(title=title, text=text, rows=[*entered(settings, data), *lines], total=total, note=note)


def browser_data(settings: Settings) -> dict[str, Any]:
    """What the browser needs to compute and show by itself, in the language of the moment."""
    sheet, (shown, main) = sheet_of(settings), shown_of(settings)
    inputs = [row for row in settings.get("inputs") or () if row["name"] in sheet["fields"]]
    numbers = [row for row in inputs if sheet["fields"][row["name"]]["type"] == "number"]
    return {
        "sheet": sheet,
        "currency": settings["currency"],
        "lines": [
            {
                "name": row["name"],
                "label": label_of(row),
                "money": row["show"] == "money",
                "places": places,
                "unit": words(row.get("unit")),
                "main": row is main,
            }
            for row, places in shown
        ],
        "labels": {row["name"]: label_of(row) for row in inputs},
        "hints": {row["name"]: hint_of(row, sheet["fields"][row["name"]]) for row in numbers},
        "words": {"title": _("What it comes to"), **{code: sentence(code, "{name}") for code in CODES}},
    }


CODES = ("missing", "division_by_zero", "too_large", "no_line")


def sentence(code: str, name: str = "") -> str:
    """Why there is no result; `name` is the label of the field that is missing."""
    if code == "missing":
        return _("Still to fill in: %(name)s.", name=name)
    if code == "division_by_zero":
        return _("With these figures something would be divided by zero. Change one of them.")
    if code == "too_large":
        return _("With these figures the result is too large to work out.")
    return _("There is no price for these figures. Change one of them, or ask us.")


def label_of(row: Mapping[str, Any]) -> str:
    """How visitors read a row; its name when the owner has given it no words."""
    return words(row.get("label")) or str(row["name"])


def _refusal(failure: Failure, settings: Settings) -> Invalid:
    rows = {row["name"]: row for row in settings.get("inputs") or ()}
    if failure.code not in ("missing", "wrong_input"):
        return Invalid(sentence(failure.code), code=failure.code)
    row = rows[failure.name]
    field = sheet_of(settings)["fields"][failure.name]
    said = hint_of(row, field) if field["type"] == "number" else _("Choose one.")
    return Invalid(_("Check the marked fields."), fields={failure.name: [said]})


def _answer(row: Mapping[str, Any], given: Any) -> str:
    if row["type"] == "checkbox":
        return _("yes")
    if row["type"] in CHOICES:
        return choice_words(row).get(str(given), str(given))
    unit = words(row.get("unit"))
    text = format_decimal(Decimal(str(given)), locale=i18n.language(), decimal_quantization=False)
    return f"{text} {unit}" if unit else text


def _said(value: Fraction, places: int, row: Mapping[str, Any], currency: str) -> str:
    exact = Decimal(amount(value, places))
    if row["show"] == "money":
        return format_currency(exact, currency, locale=i18n.language())
    pattern = "#,##0" + ("." + "0" * places if places else "")
    text, unit = format_decimal(exact, format=pattern, locale=i18n.language()), words(row.get("unit"))
    return f"{text} {unit}" if unit else text
