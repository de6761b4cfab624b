"""What an owner sets: the fields, the tables, the results with their formulas."""

from __future__ import annotations

from typing import Any, ClassVar

from babel import Locale
from babel.numbers import list_currencies
from wtforms import BooleanField, IntegerField, SelectField, StringField, TextAreaField
from wtforms.validators import Length, NumberRange, Optional, ValidationError

from leadcapture import i18n
from leadcapture.forms.fields import DecimalField, Row, RowsField
from leadcapture.forms.kind import NewsletterOffering, notice_field
from leadcapture.forms.kinds.calculator import rules
from leadcapture.forms.kinds.calculator.sheet import CHOICES, draft
from leadcapture.forms.rules import clean_line, clean_text
from leadcapture.forms.rules import lines as lines_of
from leadcapture.i18n import gettext as _
from leadcapture.i18n import lazy_gettext

FIELD_TYPES = (
    ("number", lazy_gettext("Number")),
    ("slider", lazy_gettext("Number, by a slider")),
    ("select", lazy_gettext("One of several, in a list")),
    ("radio", lazy_gettext("One of several, all in sight")),
    ("checkbox", lazy_gettext("A box to tick")),
)
NUMBERS, LISTS = "type:number slider", "type:select radio"  # what a field's settings hang on
SHOWN = (
    ("money", lazy_gettext("as an amount of money")),
    ("number", lazy_gettext("as a number")),
    ("hidden", lazy_gettext("not shown, for other formulas only")),
)


def _name(help_: Any) -> StringField:
    return StringField(
        lazy_gettext("Name in formulas"),
        filters=[lambda text: clean_line(text).lower()],
        description=help_,
        render_kw={"dir": "ltr", "autocapitalize": "none", "spellcheck": "false", "maxlength": 30},
    )


def _line(label: Any, help_: Any = "", most: int = 160, when: str | None = None) -> StringField:
    return StringField(
        label, [Optional(), Length(max=most)], filters=[clean_line], description=help_, render_kw=_shown(when)
    )


def _number(label: Any, help_: Any = "", *, when: str) -> DecimalField:
    bounds = NumberRange(-1_000_000_000, 1_000_000_000)
    extra = {**_shown(when), "inputmode": "decimal"}
    return DecimalField(label, [Optional(), bounds, _not_too_fine], places=None, description=help_, render_kw=extra)


def _shown(when: str | None) -> dict[str, Any]:
    """The editor shows the field only for these values of another of its row."""
    return {"data-when": when} if when else {}


def _not_too_fine(form: Any, field: Any) -> None:
    if field.data is not None and field.data != round(field.data, 6):
        raise ValidationError(_("At most 6 decimals."))


class Input(Row):
    """One thing a visitor enters."""

    TEXTS: ClassVar[tuple[str, ...]] = ("label", "help", "unit", "choice_words")
    MARK = "name"

    name = _name(lazy_gettext("Short, without spaces: width, glass_2."))
    label = _line(lazy_gettext("What visitors read"))
    help = _line(lazy_gettext("Help under it"), most=300)
    type = SelectField(lazy_gettext("Kind of field"), choices=FIELD_TYPES, default="number")
    unit = _line(lazy_gettext("Unit"), lazy_gettext("cm, m², kg …"), 20, NUMBERS)
    min = _number(lazy_gettext("Smallest number"), lazy_gettext("Empty: 0."), when=NUMBERS)
    max = _number(lazy_gettext("Largest number"), when=NUMBERS)
    step = _number(
        lazy_gettext("In steps of"), lazy_gettext("1 takes whole numbers only; empty takes any."), when=NUMBERS
    )
    choices = TextAreaField(
        lazy_gettext("Choices, one a line, each with its price"),
        [Optional(), Length(max=6000)],
        filters=[clean_text],
        description=lazy_gettext(
            "Such as Oak = 120. In a formula the field's name is the price of what was chosen. It compares, too: "
            'wood = "Oak". Without prices it can only be compared and looked up.'
        ),
        render_kw={"rows": 4, "data-when": LISTS},
    )
    choice_words = TextAreaField(
        lazy_gettext("Choices as visitors read them"),
        [Optional(), Length(max=6000)],
        filters=[clean_text],
        description=lazy_gettext("Needed only for another language: one a line, in the same order. Empty: as above."),
        render_kw={"rows": 4, "data-when": LISTS},
    )
    price = _number(
        lazy_gettext("Price"),
        lazy_gettext("What its name is in a formula when it is ticked, else 0. Without a price: if(box, …, …)."),
        when="type:checkbox",
    )
    default = _line(
        lazy_gettext("Set beforehand"),
        lazy_gettext("A number, or one of the choices."),
        rules.TEXT_LENGTH,
        "type:number slider select radio",
    )
    optional = BooleanField(
        lazy_gettext("May be left empty and counts as 0 then"), render_kw={"data-when": "type:number"}
    )

    def validate_choice_words(self, field: Any) -> None:
        shown, called = lines_of(field.data), lines_of(self.choices.data)
        if self.type.data in CHOICES and shown and len(shown) != len(called):
            raise ValidationError(_("There must be as many lines here as there are choices."))


class Table(Row):
    """A table to look up in."""

    name = _name(lazy_gettext("Used as lookup(name, key)."))
    lines = TextAreaField(
        lazy_gettext("Lines, one a line"),
        [Optional(), Length(max=8000)],
        filters=[clean_text],
        description=lazy_gettext(
            "With numbers a line holds from there up to the next: “0 = 45”, “10 = 40” is 45 below 10, 40 from 10 on. "
            "With texts, “North = 90”, a line holds for exactly that choice."
        ),
        render_kw={"rows": 4, "dir": "auto"},
    )


class Result(Row):
    """A result, or a step on the way to one."""

    TEXTS: ClassVar[tuple[str, ...]] = ("label", "unit")
    MARK = "name"

    name = _name(lazy_gettext("Other formulas can use it by this name."))
    label = _line(lazy_gettext("What visitors read"), when="show:!hidden")
    formula = TextAreaField(
        lazy_gettext("Formula"),
        [Length(max=1000)],
        filters=[clean_text],
        description=lazy_gettext("Such as width * height / 10000, or if(rooms > 3, 0.9, 1) * labour."),
        render_kw={"rows": 2, "dir": "ltr", "spellcheck": "false"},
    )
    show = SelectField(lazy_gettext("Shown"), choices=SHOWN, default="money")
    places = IntegerField(
        lazy_gettext("Decimals"),
        [Optional(), NumberRange(0, 6)],
        default=0,
        render_kw={"inputmode": "numeric", "data-when": "show:number"},
    )
    unit = _line(lazy_gettext("Unit"), most=20, when="show:number")
    main = BooleanField(
        lazy_gettext("This is what everything comes to (else the last one shown is)"),
        render_kw={"data-when": "show:!hidden"},
    )


def _currencies() -> list[tuple[str, str]]:
    locale = Locale.parse(i18n.language())
    return sorted((code, f"{code} – {locale.currencies.get(code, code)}") for code in list_currencies(locale))


class Owner(NewsletterOffering):
    """The calculator's settings."""

    currency = SelectField(lazy_gettext("Currency"), choices=_currencies, default="EUR")
    inputs = RowsField(
        Input,
        lazy_gettext("What visitors enter"),
        description=lazy_gettext("Five to nine fields are plenty."),
        max_entries=40,
    )
    tables = RowsField(
        Table,
        lazy_gettext("Tables"),
        description=lazy_gettext("For what no formula says: freight by weight, a discount by quantity."),
        max_entries=20,
    )
    results = RowsField(
        Result,
        lazy_gettext("What it comes to"),
        description=lazy_gettext(
            "Each is a line of the quote, or a step on the way. What is shown is rounded, half up, and other formulas "
            "use it as shown, so that the lines add up; what is not shown stays exact. Formulas have + - * / ( ), "
            "< <= > >= = !=, and, or, not, if(condition, then, otherwise), min, max, round(x, places), roundup, "
            "rounddown, lookup(table, key)."
        ),
        max_entries=40,
    )
    note = TextAreaField(
        lazy_gettext("Small print under the quote"), [Optional(), Length(max=600)], filters=[clean_text]
    )
    notice = notice_field(lazy_gettext("Stands near the button. Kept word for word with every request."))
    ask_name = BooleanField(lazy_gettext("Ask for a name (people may leave it empty)"), default=True)

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        rows: list[Any] = [*self.inputs, *self.results]
        names = ", ".join(row.form["name"].data for row in rows if row.form["name"].data)
        if names:
            usable = _("Names you can use: %(names)s.", names=names)
            self.results.description = f"{self.results.description} {usable}"

    def validate(self, extra_validators: Any = None) -> bool:
        """Whether all can be taken; what is wrong with a formula stands at that formula."""
        fine = super().validate(extra_validators)
        lists: dict[str, Any] = {name: self._fields[name] for name in ("inputs", "tables", "results")}
        if any(rows.errors for rows in lists.values()):
            return False
        problems = draft(self.data).problems
        for problem in problems:
            rows = lists[problem.rows]
            entry = rows[problem.row].form[problem.field]
            entry.errors = [*entry.errors, problem.sentence]
            rows.errors = [row.errors for row in rows]
        return fine and not problems
