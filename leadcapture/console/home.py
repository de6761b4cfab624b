"""The first page of the console, changing the site, and what all console pages share."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from leadcapture import clock, i18n
from leadcapture.operators import session

blueprint = Blueprint("console", __name__)


@blueprint.app_context_processor
def _shared() -> dict[str, Callable[..., Any]]:
    """What the base template asks for; asked only when a page shows it."""
    return {
        "me": session.signed_in,
        "membership": session.current_membership,
        "memberships": session.memberships,
        "may": session.may,
    }


@blueprint.app_template_filter("moment")
def _moment(at: datetime | None) -> str:
    """The moment in words of the reader's language, in the time zone of the site."""
    if at is None:
        return "–"
    zone = ZoneInfo(session.current_site().timezone) if session.memberships() else ZoneInfo("UTC")
    return format_datetime(at, "medium", tzinfo=zone, locale=i18n.language())


@blueprint.app_template_filter("iso")
def _iso(at: datetime | None) -> str:
    return "" if at is None else clock.wire(at)


@blueprint.get("/console/")
@session.require()
def home() -> str | Response:
    return render_template("console/home.html")


@blueprint.post("/console/switch")
@session.require()
def switch() -> Response:
    """Show another of the operator's sites."""
    session.choose_site(request.form.get("site", ""))
    return redirect(url_for("console.home"))
