"""The outbox: every mail with its state, each one readable, and trying again where only a person may decide it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from leadcapture import clock, db
from leadcapture.errors import Conflict
from leadcapture.i18n import gettext as _
from leadcapture.mail import operations, queries
from leadcapture.operators import session

blueprint = Blueprint("console_outbox", __name__)

PAGE = 50
STATES = ("queued", "sending", "sent", "deferred", "bounced", "suppressed", "failed", "ambiguous")
# A mail is somebody's HTML: shown in a frame that may do nothing at all but look like itself.
MAIL_CSP = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"
# The page that holds that frame may hold no other.
READING_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


@blueprint.app_template_filter("mail_status")
def status_words(status: str) -> tuple[str, str]:
    """What a mail's state is called, and its tone (see the macro `badge`)."""
    return {
        "queued": (_("Waiting"), "plain"),
        "sending": (_("Being sent"), "plain"),
        "sent": (_("Sent"), "good"),
        "deferred": (_("Will be tried again"), "warn"),
        "bounced": (_("Bounced"), "bad"),
        "suppressed": (_("Suppressed"), "plain"),
        "failed": (_("Failed"), "bad"),
        "ambiguous": (_("Perhaps sent"), "warn"),
    }.get(status, (status, "plain"))


@blueprint.app_template_filter("mail_name")
def name_words(name: str) -> str:
    """What a mail is for."""
    return {
        "confirmation": _("Confirmation"),
        "offline_question": _("Offline question"),
        "verify_recipient": _("Asks a recipient to agree"),
        "waiting": _("A visitor waits"),
        "chat_reply": _("Reply out of the chat"),
        "transcript": _("Conversation"),
    }.get(name, name)


@blueprint.get("/console/outbox")
@session.require("admin")
def list_emails() -> str:
    """The newest mails in that state, fifty a page."""
    status = request.args.get("status", "")
    before = request.args.get("before", type=int)
    site_id = session.current_site().id
    with db.read() as reading:
        found = queries.page(reading, site_id, before, PAGE + 1, status if status in STATES else None)
    asked: dict[str, Any] = {"status": status or None}
    return render_template(
        "console/outbox.html",
        emails=found[:PAGE],
        status=status,
        states=STATES,
        newest=url_for(".list_emails", **asked) if before else None,
        older=url_for(".list_emails", **asked, before=found[PAGE - 1].id) if len(found) > PAGE else None,
    )


@blueprint.get("/console/outbox/<public_id>")
@session.require("admin")
def email(public_id: str) -> Response:
    """One mail as it was, or will be, sent."""
    with db.read() as reading:
        found = queries.by_public_id(reading, session.current_site().id, public_id)
        answer = make_response(render_template("console/email.html", email=found))
    answer.headers["Content-Security-Policy"] = READING_CSP
    return answer


@blueprint.get("/console/outbox/<public_id>/html")
@session.require("admin")
def html(public_id: str) -> Response:
    """The HTML of a mail, for the frame on its page."""
    with db.read() as reading:
        found = queries.by_public_id(reading, session.current_site().id, public_id)
    answer = make_response(found.html)
    answer.headers["Content-Security-Policy"] = MAIL_CSP
    return answer


@blueprint.post("/console/outbox/<public_id>/retry")
@session.require("admin")
def retry(public_id: str) -> str | BaseResponse:
    """Send it once more; where it may have arrived already, only after a second look."""
    site_id = session.current_site().id
    with db.read() as reading:
        found = queries.by_public_id(reading, site_id, public_id)
    if found.status == "ambiguous" and request.form.get("sure") != "yes":
        return render_template("console/email_again.html", email=found)
    try:
        db.write(operations.retry, clock.now(), site_id=site_id, public_id=public_id)
        flash(_("The mail is in the queue again."), "good")
    except Conflict:
        flash(_("This mail needs no second try: its state has changed meanwhile."), "warn")
    return redirect(url_for(".email", public_id=public_id))
