"""Lists in an owner's form, edited without scripts: a row's button sends the whole form, nothing is saved, and the page
comes back with what was typed and the row added, taken away or moved."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Blueprint
from wtforms import Form, HiddenField, StringField, TextAreaField

from leadcapture.forms.fields import RowsField

BLANK = "__row__"  # stands for the number in the names of a row that is not there yet

blueprint = Blueprint("console_form_rows", __name__)


def press(editor: Form, button: str) -> None:
    """Do what one of a list's buttons says: `add:goods`, `remove:goods:2`, `up:goods:2`, `down:goods:2`, rows counted
    from 0. Nothing happens where there is no such list or row, or no room for more."""
    what, _colon, rest = button.partition(":")
    name, _colon, place = rest.partition(":")
    rows = next((rows for rows in _lists(editor) if rows.name == name), None)
    if rows is None:
        return
    if what == "add":
        if not rows.max_entries or len(rows) < rows.max_entries:
            rows.append_entry()
        return
    at = int(place) if place.isdecimal() and len(place) < 5 else len(rows)
    other = at + {"up": -1, "down": 1}.get(what, 0)
    if not (at < len(rows) and 0 <= other < len(rows)):
        return
    if what == "remove":
        rows.pop_entry(at)
    else:
        rows.entries[at], rows.entries[other] = rows.entries[other], rows.entries[at]
        rows._compact_indices()  # the names of the inputs follow their places; WTForms has no public word for it


@blueprint.app_template_filter("blank_row")
def blank_row(rows: Any) -> Any:
    """A row as new ones are, for scripts to copy: `__row__` stands where its number will."""
    options = {
        "name": f"{rows.name}-{BLANK}",
        "id": f"{rows.id}-{BLANK}",
        "_meta": rows.meta,
        "translations": rows._translations,
    }
    entry = rows.meta.bind_field(rows._form, rows.unbound_field, options)
    entry.short_name = BLANK
    entry.process(None)
    rows.prepare(entry)
    return entry


@blueprint.app_template_filter("row_titles")
def row_titles(rows: Any) -> list[str]:
    """The names of a row's fields that may say which one it is, the likeliest first."""
    lines = [field.short_name for field in blank_row(rows).form if isinstance(field, StringField) and _line(field)]
    return sorted(lines, key=lambda name: name not in rows.row.TEXTS)


@blueprint.app_template_filter("row_title")
def row_title(entry: Any, rows: Any) -> str:
    """What a row is called while it is folded: the first of its lines that says something."""
    said = (str(entry.form[name].data or "") for name in row_titles(rows))
    return next((text for text in said if text), "…")


@blueprint.app_template_filter("row_mark")
def row_mark(entry: Any, rows: Any) -> str:
    """What an owner knows the row by beside its title; nothing where that is the title already."""
    said = str(entry.form[rows.row.MARK].data or "") if rows.row.MARK else ""
    return "" if said == row_title(entry, rows) else said


def _line(field: Any) -> bool:
    return not isinstance(field, HiddenField | TextAreaField) and field.short_name != "id"


def _lists(form: Form) -> Iterator[Any]:
    """Every list of the form, also those inside rows."""
    for field in form:
        if isinstance(field, RowsField):
            yield field
            for entry in field:
                yield from _lists(entry.form)
