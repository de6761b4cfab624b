"""The page of preferences as it is shown, first and after each change."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from babel.dates import format_date
from flask import Response

from leadcapture import clock, db, i18n, web
from leadcapture.errors import Invalid, LeadCaptureError, RateLimited
from leadcapture.privacy import access, queries, rules


def overview(
    contact: Any, site: Any, *, done: str = "", problem: LeadCaptureError | None = None, change: str = ""
) -> Response:
    """The page of preferences, with what was done or what is wrong; `change` is what is wrong with a code."""
    now = clock.now()
    with db.read() as session:
        choices = queries.choices(session, site, contact)
        counts = queries.counts(session, contact)
        pending = queries.pending_change(session, now, contact.id)
        pausing = queries.has_news(session, contact)
    typed = web.body() if problem else None
    response = access.page(
        "privacy/preferences.html",
        site,
        contact,
        choices=choices,
        counts=counts,
        pending=pending,
        pausing=pausing,
        paused=contact.paused_until if contact.paused_until and contact.paused_until > now else None,
        pauses=rules.PAUSES,
        masked=rules.masked,
        day=_day,
        done=done,
        problem=problem.message if problem else "",
        errors_at=problem.fields if isinstance(problem, Invalid) else {},
        typed=typed,
        change_problem=change,
        status=problem.status if problem else 422 if change else 200,
    )
    if isinstance(problem, RateLimited):
        response.headers["Retry-After"] = str(problem.retry_after)
    return response


def _day(moment: datetime) -> str:
    return format_date(moment, format="long", locale=i18n.language())
