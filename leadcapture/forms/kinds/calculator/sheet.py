"""From an owner's rows to the checked sheet that is computed; whatever is wrong is said at its row."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from typing import Any, NamedTuple

from babel.numbers import get_currency_precision

from leadcapture.errors import Invalid
from leadcapture.forms.kind import VisitorForm
from leadcapture.forms.kinds.calculator import rules
from leadcapture.forms.kinds.calculator.evaluation import Sheet, SheetField, SheetResult, SheetTable, fits, number_of
from leadcapture.forms.questions import PREFIX
from leadcapture.forms.rules import lines as lines_of
from leadcapture.i18n import gettext as _

Row = Mapping[str, Any]
Rows = Mapping[int, Row]  # by their places, counted from 0

NUMBERS = ("number", "slider")
CHOICES = ("select", "radio")
HIGHEST = "1000000000"  # what a number may be where the owner sets no bound
MOST_LINES = 200

# Names of inputs that mean something else to the form, to the page it stands on or to its scripts.
# fmt: off
TAKEN = frozenset({
    "name", "phone", "message", "consent", "lang", "once", "form_version", "page_url", "altcha", "website_url",
    "conversation", "submission", "poll_token", "code", "act", "action", "method", "submit", "reset", "target",
    "elements", "children", "closest", "append", "remove", "dataset", "id", "dir", "title", "hidden", "style",
    "contains", "matches", "focus",
})
# fmt: on


class Problem(NamedTuple):
    """A sentence, and where it belongs: the list (inputs, tables, results), the row counted from 0, its field."""

    rows: str
    row: int
    field: str
    sentence: str


@dataclass
class Draft:
    """A sheet as far as it could be made, and what is wrong with the rest. Formulas it could not use are not in it."""

    sheet: Sheet = field(default_factory=lambda: Sheet(fields={}, tables={}, results=[]))
    problems: list[Problem] = field(default_factory=list)


def draft(settings: Mapping[str, Any]) -> Draft:
    """Make the sheet of a form's settings (or of what an owner has just entered)."""
    made = Draft()
    named = _named(settings, made.problems)
    for number, row in named["inputs"].items():
        with _told(made, "inputs", number):
            made.sheet["fields"][row["name"]] = _field(row)
    for number, row in named["tables"].items():
        with _told(made, "tables", number, "lines"):
            made.sheet["tables"][row["name"]] = _table(row)
    _Results(named["results"], settings.get("currency") or "EUR", made).add()
    return made


def sheet_of(settings: Mapping[str, Any]) -> Sheet:
    """The sheet of settings that were found right when they were saved."""
    own = {name: settings.get(name) for name in ("inputs", "tables", "results", "currency")}
    return _sheet(json.dumps(own, sort_keys=True))


@lru_cache(maxsize=64)
def _sheet(settings: str) -> Sheet:
    return draft(json.loads(settings)).sheet


def shown_of(settings: Mapping[str, Any]) -> tuple[list[tuple[Row, int]], Row | None]:
    """The results that visitors see, each with its places, in the owner's order; and which of them everything comes to:
    the one that is marked, else the last."""
    places = {result["name"]: result["places"] for result in sheet_of(settings)["results"]}
    rows = [(row, places[row["name"]]) for row in settings.get("results") or () if row["name"] in places]
    shown = [(row, number) for row, number in rows if number is not None]
    return shown, next((row for row, _places in shown if row.get("main")), shown[-1][0] if shown else None)


def choices_of(row: Mapping[str, Any]) -> dict[str, str | None]:
    """The choices of a field by what they are called in formulas, with their prices. Raises Invalid."""
    found: dict[str, str | None] = {}
    for line in lines_of(row.get("choices")):
        called, equals, price = line.rpartition("=")
        called, value = (called.strip(), _decimal(price)) if equals else (line, None)
        if equals and value is None:
            raise Invalid(_("“%(line)s” does not end in a price, as in Oak = 120.", line=line[:60]))
        if not called or len(called) > rules.TEXT_LENGTH:
            raise Invalid(_("“%(line)s” cannot be read: write Oak = 120.", line=line[:60]))
        if called in found:
            raise Invalid(_("“%(name)s” is there twice.", name=called))
        found[called] = value
    if len(found) > MOST_LINES:
        raise Invalid(_("At most %(most)d lines.", most=MOST_LINES))
    if len(found) < 2:
        raise Invalid(_("Write at least two choices, one a line."))
    if len({price is None for price in found.values()}) > 1:
        raise Invalid(_("Write a price behind every choice, 0 where it costs nothing, or behind none."))
    return found


# ---- the parts of a sheet


class _told:
    """Turns what is found wrong inside the block into a problem of that row; the code of the Invalid names its field,
    where it is not the usual one."""

    def __init__(self, made: Draft, rows: str, row: int, usual: str = "name") -> None:
        self.made, self.rows, self.row, self.usual = made, rows, row, usual

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> bool:
        if not isinstance(error, Invalid):
            return False
        where = self.usual if error.code == Invalid.code else error.code
        self.made.problems.append(Problem(self.rows, self.row, where, error.message))
        return True


def _named(settings: Mapping[str, Any], problems: list[Problem]) -> dict[str, dict[int, Row]]:
    """The rows that have a name of their own, by their places in their lists."""
    seen: set[str] = set()
    named: dict[str, dict[int, Row]] = {"inputs": {}, "tables": {}, "results": {}}
    for rows, found in named.items():
        for number, row in enumerate(settings.get(rows) or ()):
            name = row["name"]
            if not rules.NAME.fullmatch(name):
                sentence = _("Only small letters, digits and _, a letter first, at most 30: width, glass_2.")
            elif name in rules.RESERVED:
                sentence = _("“%(name)s” means something in formulas: take another name.", name=name)
            elif rows == "inputs" and (name in TAKEN or hasattr(VisitorForm, name) or name.startswith(PREFIX)):
                sentence = _("“%(name)s” is taken by the form itself: take another name.", name=name)
            elif name in seen:
                sentence = _("“%(name)s” is there twice.", name=name)
            else:
                seen.add(name)
                found[number] = row
                continue
            problems.append(Problem(rows, number, "name", sentence))
    return named


def _field(row: Mapping[str, Any]) -> SheetField:
    if row["type"] in CHOICES:
        try:
            prices = choices_of(row)
        except Invalid as error:
            raise Invalid(error.message, code="choices") from error
        if row.get("default") and row["default"] not in prices:
            raise Invalid(_("This is none of the choices."), code="default")
        return {"type": "choice", "prices": prices}
    if row["type"] == "checkbox":
        price = _text(row.get("price"))
        return {"type": "box", "price": price}
    return _number(row)


def _number(row: Mapping[str, Any]) -> SheetField:
    low, high, step = _text(row.get("min")) or "0", _text(row.get("max")) or HIGHEST, _text(row.get("step")) or ""
    made: SheetField = {
        "type": "number",
        "min": low,
        "max": high,
        "step": step,
        "optional": bool(row.get("optional")) and row["type"] == "number",
    }
    if Fraction(high) < Fraction(low):
        raise Invalid(_("This is smaller than the smallest number."), code="max")
    if step and Fraction(step) <= 0:
        raise Invalid(_("A step is more than 0."), code="step")
    if row["type"] == "slider" and not row.get("max"):
        raise Invalid(_("A slider needs a largest number."), code="max")
    if row.get("default"):
        value = number_of(row["default"])
        if value is None or not fits(value, made):
            raise Invalid(_("Visitors could not enter this number."), code="default")
    return made


def _table(row: Mapping[str, Any]) -> SheetTable:
    lines: list[list[str]] = []
    for line in lines_of(row.get("lines")):
        key, equals, given = line.rpartition("=")
        value = _decimal(given)
        if not equals or not key.strip() or value is None:
            raise Invalid(_("“%(line)s” cannot be read: write 10 = 45 or Oak = 45.", line=line[:60]))
        lines.append([key.strip(), value])
    if not lines or len(lines) > MOST_LINES:
        raise Invalid(_("Write 1 to %(most)d lines.", most=MOST_LINES))
    numbers = [_decimal(key) for key, _value in lines]
    by = "text" if None in numbers else "number"
    if by == "number":
        lines = [[str(number), value] for number, (_key, value) in zip(numbers, lines, strict=True)]
        lines.sort(key=lambda line: Fraction(line[0]))
    keys = [Fraction(key) if by == "number" else key for key, _value in lines]
    twice = next((lines[at][0] for at, key in enumerate(keys) if key in keys[:at]), None)
    if twice is not None:
        raise Invalid(_("“%(name)s” is there twice.", name=twice))
    return {"by": by, "lines": lines}


def _places_of(row: Row, currency: str) -> int | None:
    """How many decimals a result is shown with; None when it is hidden."""
    if row["show"] == "hidden":
        return None
    return int(get_currency_precision(currency)) if row["show"] == "money" else int(row.get("places") or 0)


class _Results:
    """The formulas, in an order in which each needs only those before it."""

    def __init__(self, rows: Rows, currency: str, made: Draft) -> None:
        self.rows, self.currency, self.made = rows, currency, made
        self.numbers = {row["name"]: number for number, row in rows.items()}
        self.read: dict[str, rules.Formula] = {}
        self.bad: set[str] = set()  # named, but of no use
        self.types: dict[str, str] = {}

    def add(self) -> None:
        for number, row in self.rows.items():
            with _told(self.made, "results", number, "formula"):
                self.bad.add(row["name"])
                self.read[row["name"]] = rules.read(row.get("formula") or "")
                self.bad.discard(row["name"])
        for name in list(self.read):
            self._add(name, [])
        self._one_main()

    def _add(self, name: str, way: list[str]) -> None:
        if name in self.types or name in self.bad:
            return
        with _told(self.made, "results", self.numbers[name], "formula"):
            self.bad.add(name)
            formula, chain = self.read[name], [*way, name]
            for needed in sorted(formula.names & self.read.keys(), key=self.numbers.__getitem__):
                if needed in chain:
                    circle = " → ".join([*chain[chain.index(needed) :], needed])
                    raise Invalid(_("This goes round in a circle: %(circle)s.", circle=circle))
                self._add(needed, chain)
            self._check(name, formula)
            self.bad.discard(name)

    def _check(self, name: str, formula: rules.Formula) -> None:
        row = self.rows[self.numbers[name]]
        broken = sorted(formula.names & (self.bad - {name}))
        if broken:
            raise Invalid(_("“%(name)s” has to be mended first.", name=broken[0]))
        type_, tree = rules.check(formula, self._scope())
        places = _places_of(row, self.currency)
        if places is not None and type_ != "number":
            raise Invalid(_("This gives no number, and only numbers can be shown: hide it, or compute a number."))
        self.types[name] = type_
        self.made.sheet["results"].append(SheetResult(name=name, places=places, tree=tree))

    def _scope(self) -> rules.Scope:
        fields, tables = self.made.sheet["fields"], self.made.sheet["tables"]
        return rules.Scope(
            fields={name: one["type"] for name, one in fields.items()},
            choices={name: one["prices"] for name, one in fields.items() if one["type"] == "choice"},
            prices={name: one["price"] for name, one in fields.items() if one["type"] == "box"},
            tables={
                name: None if table["by"] == "number" else [key for key, _value in table["lines"]]
                for name, table in tables.items()
            },
            results=self.types,
        )

    def _one_main(self) -> None:
        marked = [number for number, row in self.rows.items() if row.get("main")]
        for number in marked:
            if self.rows[number]["show"] == "hidden":
                self.made.problems.append(Problem("results", number, "main", _("The main result must be shown.")))
        for number in marked[1:]:
            self.made.problems.append(Problem("results", number, "main", _("There can be one main result only.")))


def _text(given: Any) -> str | None:
    return None if given in (None, "") else str(given)


def _decimal(text: str) -> str | None:
    """A number of a line as it is kept; a decimal comma is as good as a point."""
    plain = text.strip().replace(",", ".").removesuffix(".-").strip()
    short = len(plain) <= 24 and "e" not in plain.lower()
    return plain if short and number_of(plain) is not None else None
