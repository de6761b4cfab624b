"""The inbox: one page that hands over to the script, and the same to read as plain pages where no scripts run."""

from __future__ import annotations

import json
from datetime import datetime
from functools import cache
from typing import Any

from flask import Blueprint, current_app, render_template, request, url_for
from flask_wtf.csrf import generate_csrf

from leadcapture import db, i18n, web
from leadcapture.chat import protocol, queries, summaries
from leadcapture.operators import rules, session
from leadcapture.snippet.rules import snippet_line

blueprint = Blueprint("console_inbox", __name__)

PLAIN_ROWS = 50  # conversations on the plain page


@blueprint.app_template_filter("moment_of_wire")
def _moment_of_wire(at: str | None) -> datetime | None:
    """A time as it is told to programs, as a moment again."""
    return None if at is None else datetime.fromisoformat(at)


@blueprint.get("/console/inbox")
@session.require()
def inbox() -> str:
    """The queue, with no conversation open."""
    if "plain" in request.args:
        return _plain_queue()
    return render_template("console/inbox.html", given=_given(None))


@blueprint.get("/console/inbox/<public_id>")
@session.require()
def conversation(public_id: str) -> str:
    """The inbox with that conversation open. Raises NotFound for one of other people's sites."""
    operator = session.signed_in()
    assert operator is not None
    with db.read() as reading:
        thread = queries.operators_thread(reading, operator.id, operator.session_epoch, public_id)
        if "plain" in request.args:
            found = summaries.one(reading, public_id)
            messages = queries.operators_page(reading, thread, max(0, thread.last_seq - protocol.PAGE))["messages"]
            return render_template("console/inbox_plain.html", summary=found and found[1], messages=messages)
    return render_template("console/inbox.html", given=_given(public_id))


def _plain_queue() -> str:
    sites = [membership.site_id for membership in session.memberships()]
    with db.read() as reading:
        found, _more = summaries.page(reading, sites, status="all")
    return render_template("console/inbox_plain.html", summaries=found[:PLAIN_ROWS])


def _given(opened: str | None) -> dict[str, Any]:
    """What the script begins with (`Given` in widget/src/inbox/context.tsx)."""
    operator = session.signed_in()
    assert operator is not None
    return {
        "lang": i18n.language(),
        "operator": {"id": operator.public_id, "name": operator.name, "available": operator.available},
        "opened": opened,
        "urls": {
            "inbox": url_for("console_inbox.inbox"),
            "conversation": url_for("console_inbox.conversation", public_id="CONVERSATION"),
            "contact": url_for("console_contacts.contact", public_id="CONTACT"),
            "sign_in": url_for("operators.sign_in"),
            "preview": url_for("console_site.preview") if session.may("admin") else None,
            "files": "/console/inbox/files",
            "canned": "/console/canned",
        },
        "csrf": generate_csrf(),
        "manages": [each.site.key for each in session.memberships() if rules.reaches(each.role, "admin")],
        "snippet": snippet_line(current_app.config["LEADCAPTURE"].public_url, session.current_site().key),
        "strings": _strings(i18n.language()),
    }


@cache
def _strings(code: str) -> dict[str, str]:
    texts: dict[str, str] = json.loads((web.STATIC / "locales" / f"inbox.{code}.json").read_text(encoding="utf-8"))
    return texts
