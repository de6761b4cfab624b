"""What people sent by a form: a list, and the same as a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from babel.numbers import format_decimal, format_percent
from flask import Blueprint, Response, render_template, request, url_for

from leadcapture import db, i18n, web
from leadcapture.forms import export, operations, queries
from leadcapture.i18n import gettext as _
from leadcapture.operators import session

blueprint = Blueprint("console_form_entries", __name__)


@dataclass(frozen=True)
class Entry:
    """One submission as the list shows it; `contact` is the public id of whom it led to."""

    sent: Any
    contact: str | None
    state: tuple[str, str]
    summary: list[tuple[str, str]]


@blueprint.app_template_filter("number")
def number_words(number: int) -> str:
    """A number as the reader's language writes it."""
    return str(format_decimal(number, locale=i18n.language()))


@blueprint.app_template_filter("percent")
def percent_words(share: float) -> str:
    """A share (1 is all) as the reader's language writes it, without decimals."""
    return str(format_percent(share, locale=i18n.language()))


@blueprint.get("/console/forms/<public_id>/entries")
@session.require("admin")
def entries(public_id: str) -> str:
    """The newest entries of the form, fifty a page."""
    before = request.args.get("before", type=int)
    with db.read() as reading:
        form = queries.by_public_id(reading, session.current_site().id, public_id)
        found, next_before = queries.submissions_of_form(reading, form.id, before_id=before)
        contacts = queries.contact_ids(reading, found)
        shown = [
            Entry(sent, contacts.get(sent.id), _state(sent.status), operations.summary(reading, sent)) for sent in found
        ]
    return render_template(
        "console/form_entries.html",
        form=form,
        entries=shown,
        newest=url_for(".entries", public_id=public_id) if before else None,
        older=url_for(".entries", public_id=public_id, before=next_before) if next_before else None,
    )


@blueprint.get("/console/forms/<public_id>/entries.csv")
@session.require("admin")
def download(public_id: str) -> Response:
    """Every entry of the form as CSV, as it is read from the database."""
    with db.read() as reading:
        form = queries.by_public_id(reading, session.current_site().id, public_id)
    return web.csv_download(form.slug, export.csv_rows, form)


def _state(status: str) -> tuple[str, str]:
    return {
        "confirmed": (_("Confirmed"), "good"),
        "pending": (_("Waits for confirmation"), "warn"),
        "expired": (_("Not confirmed in time"), "plain"),
        "held": (_("Held as spam"), "warn"),
    }.get(status, (status, "plain"))
