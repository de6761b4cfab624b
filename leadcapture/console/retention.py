"""How long the site keeps what: the days of each kind of data, beside what would go by them now."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from leadcapture import clock, db
from leadcapture.errors import Invalid
from leadcapture.i18n import gettext as _
from leadcapture.operators import session
from leadcapture.privacy import retaining
from leadcapture.sites import operations, retention_settings
from leadcapture.sites.retention_settings import Retention

blueprint = Blueprint("console_retention", __name__)


@blueprint.get("/console/retention")
@session.require("admin")
def settings() -> str:
    """The days as they are set, and what is over them."""
    return _page(retention_settings.of(session.current_site()))


@blueprint.post("/console/retention")
@session.require("admin")
def save() -> str | tuple[str, int] | Response:
    """Take over the days; the button "See what would go" only shows it."""
    given = {one.name: _number(request.form.get(one.name, "")) for one in fields(Retention)}
    problems = retention_settings.problems({name: -1 if days is None else days for name, days in given.items()})
    if problems:
        return _page(retention_settings.of(session.current_site()), request.form, problems), 422
    wanted = Retention(**{name: days for name, days in given.items() if days is not None})
    if request.form.get("act") == "look":
        return _page(wanted, tried=wanted != retention_settings.of(session.current_site()))
    try:
        db.write(operations.change_retention, clock.now(), site_id=session.current_site().id, **wanted.__dict__)
    except Invalid as error:
        return _page(wanted, request.form, error.fields), 422
    flash(_("Saved. What is over its days goes within ten minutes."), "good")
    return redirect(url_for(".settings"))


def _page(kept: Retention, given: Any = None, problems: Any = None, *, tried: bool = False) -> str:
    with db.read() as reading:
        over = retaining.dry_run(reading, clock.now(), session.current_site(), kept)
    return render_template(
        "console/retention.html",
        over=over,
        most=retaining.MOST_COUNTED,
        values=given or kept.__dict__,
        problems=problems or {},
        tried=tried,
        longest=retention_settings.LONGEST,
    )


def _number(typed: str) -> int | None:
    typed = typed.strip()
    return int(typed) if typed.isdecimal() and len(typed) < 6 else None
