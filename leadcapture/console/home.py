"""The first page of the console, changing the site, and what all console pages share."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_datetime, format_skeleton, format_time, get_datetime_format
from flask import Blueprint, current_app, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from leadcapture import clock, db, i18n
from leadcapture.chat import queries as chat
from leadcapture.mail import queries as mail
from leadcapture.mail import transports
from leadcapture.operators import session
from leadcapture.snippet.rules import snippet_line

blueprint = Blueprint("console", __name__)

TROUBLE_IS_NEWS_FOR = timedelta(days=7)


@blueprint.app_context_processor
def _shared() -> dict[str, Callable[..., Any]]:
    """What the base template asks for; asked only when a page shows it."""
    return {
        "me": session.signed_in,
        "membership": session.current_membership,
        "memberships": session.memberships,
        "may": session.may,
        "mail_trouble": mail_trouble,
    }


@blueprint.app_template_filter("moment")
def moment(at: datetime | None) -> str:
    """The moment to the minute in the reader's language, in the time zone of the site."""
    if at is None:
        return "–"
    language = i18n.language()
    date = format_skeleton("yMMMd", at, tzinfo=_zone(), locale=language)
    time = format_time(at, "short", tzinfo=_zone(), locale=language)
    return str(get_datetime_format("medium", locale=language)).format(time, date)


@blueprint.app_template_filter("exact_moment")
def exact_moment(at: datetime | None) -> str:
    """As `moment`, with the seconds and the zone: for what is to be proven."""
    return "–" if at is None else format_datetime(at, "long", tzinfo=_zone(), locale=i18n.language())


@blueprint.app_template_filter("iso")
def iso(at: datetime | None) -> str:
    """The moment as <time datetime=…> wants it."""
    return "" if at is None else clock.wire(at)


@blueprint.app_template_filter("language_name")
def language_name(code: str) -> str:
    """What a language calls itself."""
    return Locale.parse(i18n.best(code)).get_display_name() or code


@blueprint.get("/console/")
@session.require()
def home() -> str | Response:
    """The inbox; on a site that nobody has written to yet, what to do so that somebody can."""
    with db.read() as reading:
        if chat.any_conversation(reading, session.current_site().id):
            return redirect("/console/inbox")
    return render_template("console/home.html", snippet=snippet())


@blueprint.post("/console/switch")
@session.require()
def switch() -> Response:
    """Show another of the operator's sites."""
    session.choose_site(request.form.get("site", ""))
    return redirect(url_for("console.home"))


def snippet() -> str:
    """The line that the owner of the current site pastes into the pages."""
    return snippet_line(current_app.config["LEADCAPTURE"].public_url, session.current_site().key)


def _zone() -> ZoneInfo:
    return ZoneInfo(session.current_site().timezone if session.memberships() else "UTC")


def mail_trouble() -> str:
    """What is wrong with the current site's mail: "held" (mails wait and no server is set), "unsent", or nothing."""
    if "mail_trouble" not in g:
        site_id = session.current_site().id
        with db.read() as reading:
            if transports.server() is None and mail.waiting(reading, site_id):
                g.mail_trouble = "held"
            elif mail.unsent(reading, site_id, clock.now() - TROUBLE_IS_NEWS_FOR):
                g.mail_trouble = "unsent"
            else:
                g.mail_trouble = ""
    return str(g.mail_trouble)
