"""Computes a sheet: the results of checked formulas for what a visitor entered.

widget/src/kinds/calculator.ts is the same in TypeScript, rule by rule; tests/forms/kinds/calculator_vectors.json holds
both to the same answers. The numeric model is written down in `rules`.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any, TypedDict

Value = Fraction | bool | str
Tree = list[Any]

LARGEST = 10**15
FINEST = 10**30
# What a number field of a browser hands over.
NUMBER = re.compile(r"[+-]?([0-9]{1,20}(\.[0-9]{0,20})?|\.[0-9]{1,20})([eE][+-]?[0-9]{1,2})?")


class SheetField(TypedDict, total=False):
    """A field as it is computed with. `type` is number (min, max, step, optional: empty counts as 0), choice (prices by
    line) or box (price)."""

    type: str
    min: str
    max: str
    step: str
    optional: bool
    prices: dict[str, str | None]
    price: str | None


class SheetTable(TypedDict):
    """A table: by number (ascending; a line holds from its key up to the next) or by text (exactly)."""

    by: str
    lines: list[list[str]]


class SheetResult(TypedDict):
    """A result; with `places` it is shown and rounded to that many, without it stays exact and hidden."""

    name: str
    places: int | None
    tree: Tree


class Sheet(TypedDict):
    """All that computing needs; `results` stand in an order in which each needs only those before it."""

    fields: dict[str, SheetField]
    tables: dict[str, SheetTable]
    results: list[SheetResult]


class Failure(Exception):
    """Why a result cannot be told. `code`: missing or wrong_input (`name`: the field), division_by_zero, too_large,
    no_line (`name`: the table)."""

    def __init__(self, code: str, name: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.name = name


def evaluate(sheet: Sheet, inputs: Mapping[str, Any]) -> dict[str, Value | Failure]:
    """Every result by name: its value, or why there is none. A result fails only by what it really needs: the branch of
    an `if` that is not taken does not count.

    `inputs` are texts as a form sends them (numbers may be Decimals; a box that is ticked is anything but empty).
    """
    return _Computation(sheet, inputs).results()


def amount(value: Fraction, places: int) -> str:
    """A rounded number as a plain decimal with exactly so many places."""
    scaled = _half_up(abs(value) * 10**places)
    sign = "-" if value < 0 and scaled else ""
    whole, part = divmod(scaled, 10**places)
    return f"{sign}{whole}.{part:0{places}d}" if places else f"{sign}{whole}"


def rounded(value: Fraction, places: int, how: Callable[[Fraction], int] | None = None) -> Fraction:
    """The value with so many places (negative: tens, hundreds), half up: halves go away from zero."""
    scale = Fraction(10) ** places
    whole = (how or _half_up)(abs(value) * scale) / scale
    return _sane(-whole if value < 0 else whole)


def number_of(given: Any) -> Fraction | None:
    """A number as it is typed or kept; None when it is none or beyond all bounds."""
    text = str(given).strip()
    if not NUMBER.fullmatch(text):
        return None
    value = Fraction(text)
    return value if _is_sane(value) else None


def _half_up(value: Fraction) -> int:
    return (value + Fraction(1, 2)).__floor__()


def _is_sane(value: Fraction) -> bool:
    return abs(value) < LARGEST and value.denominator <= FINEST


def _sane(value: Fraction) -> Fraction:
    if not _is_sane(value):
        raise Failure("too_large")
    return value


COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
    "eq": operator.eq,
    "ne": operator.ne,
}
ARITHMETIC: dict[str, Callable[[Fraction, Fraction], Fraction]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
}
ROUNDINGS: dict[str, Callable[[Fraction], int]] = {
    "round": _half_up,
    "roundup": Fraction.__ceil__,
    "rounddown": Fraction.__floor__,
}


class _Computation:
    def __init__(self, sheet: Sheet, inputs: Mapping[str, Any]) -> None:
        self.sheet = sheet
        self.inputs = inputs
        self.found: dict[str, Value | Failure] = {}

    def results(self) -> dict[str, Value | Failure]:
        for result in self.sheet["results"]:
            try:
                value = self.value(result["tree"])
                places = result["places"]
                self.found[result["name"]] = rounded(value, places) if places is not None and _exact(value) else value
            except Failure as failure:
                self.found[result["name"]] = failure
        return self.found

    def value(self, tree: Tree) -> Any:
        op, *parts = tree
        match op:
            case "number":
                return Fraction(parts[0])
            case "text" | "truth":
                return parts[0]
            case "value" | "chosen" | "ticked":
                return self.field(op, parts[0])
            case "result":
                return self.result(parts[0])
            case "neg":
                return -self.value(parts[0])
            case "div":
                return self.quotient(parts)
            case "not":
                return not self.value(parts[0])
            case "and":
                return all(self.value(part) for part in parts)
            case "or":
                return any(self.value(part) for part in parts)
            case "if":
                return self.value(parts[1] if self.value(parts[0]) else parts[2])
            case "min" | "max":
                values = [self.value(part) for part in parts]
                return min(values) if op == "min" else max(values)
            case "lookup":
                return self.lookup(parts[0], self.value(parts[1]))
        if op in ROUNDINGS:
            return rounded(self.value(parts[0]), parts[1], ROUNDINGS[op])
        one, other = self.value(parts[0]), self.value(parts[1])
        return COMPARISONS[op](one, other) if op in COMPARISONS else _sane(ARITHMETIC[op](one, other))

    def quotient(self, parts: Sequence[Tree]) -> Fraction:
        dividend, divisor = self.value(parts[0]), self.value(parts[1])
        if not divisor:
            raise Failure("division_by_zero")
        return _sane(dividend / divisor)

    def result(self, name: str) -> Value:
        value = self.found[name]
        if isinstance(value, Failure):
            raise value
        return value

    def field(self, wanted: str, name: str) -> Value:
        field, given = self.sheet["fields"][name], self.inputs.get(name)
        if field["type"] == "box":
            ticked = given not in (None, "", False)
            return ticked if wanted == "ticked" else Fraction(field["price"] or 0) if ticked else Fraction(0)
        if field["type"] == "choice":
            line = self.chosen(name, field, given)
            return line if wanted == "chosen" else Fraction(field["prices"][line] or 0)
        return self.entered(name, field, given)

    def chosen(self, name: str, field: SheetField, given: Any) -> str:
        if given in (None, ""):
            raise Failure("missing", name)
        if given not in field["prices"]:
            raise Failure("wrong_input", name)
        return str(given)

    def entered(self, name: str, field: SheetField, given: Any) -> Fraction:
        if given is None or str(given).strip() == "":
            if field["optional"]:
                return Fraction(0)
            raise Failure("missing", name)
        value = number_of(given)
        if value is None or not fits(value, field):
            raise Failure("wrong_input", name)
        return value

    def lookup(self, name: str, key: Value) -> Fraction:
        table = self.sheet["tables"][name]
        if table["by"] == "text":
            fitting = [value for line, value in table["lines"] if line == key]
        else:
            fitting = [value for line, value in table["lines"] if Fraction(line) <= Fraction(key)]
        if not fitting:
            raise Failure("no_line", name)
        return Fraction(fitting[-1])


def fits(value: Fraction, field: SheetField) -> bool:
    """Whether a number field takes this value: its bounds, and its steps counted from the lower bound, as a browser
    counts them."""
    low, high, step = Fraction(field["min"]), Fraction(field["max"]), field["step"]
    return low <= value <= high and (not step or (value - low) % Fraction(step) == 0)


def _exact(value: Value) -> bool:
    return isinstance(value, Fraction)
