"""A conversation written down: a page to print, from which it can be mailed to its visitor."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from leadcapture import clock, db, ratelimit
from leadcapture.chat import mailing, queries, transcript
from leadcapture.errors import LeadCaptureError
from leadcapture.i18n import gettext as _
from leadcapture.operators import session

blueprint = Blueprint("console_transcripts", __name__)


@blueprint.get("/console/inbox/<public_id>/transcript")
@session.require()
def show(public_id: str) -> str:
    """The conversation to read and print; the team's notes stand in it with ?notes=1 alone. Raises NotFound for one of
    other people's sites."""
    notes = request.args.get("notes") == "1"
    with db.read() as reading:
        thread = _thread(reading, public_id)
        written = transcript.read(reading, thread.id, notes=notes)
        to = mailing.recipient(reading, thread.id)
    return render_template("console/transcript.html", transcript=written, notes=notes, to=to)


@blueprint.post("/console/inbox/<public_id>/transcript")
@session.require()
def mail(public_id: str) -> Response:
    """Mail it to the visitor, without notes, where their address is confirmed."""
    with db.read() as reading:
        thread = _thread(reading, public_id)
        to = mailing.recipient(reading, thread.id)
    if to is None or not to.confirmed:
        flash(_("There is no confirmed address to send it to."), "warn")
    else:
        try:
            ratelimit.hit("RATE_MAIL", to.address.key)
            db.write(transcript.mail_to, clock.now(), conversation_id=thread.id, to=to.address)
            flash(_("Sent to %(email)s.", email=to.address.typed), "good")
        except LeadCaptureError as error:
            flash(error.message, "warn")
    return redirect(url_for(".show", public_id=public_id))


def _thread(reading: Session, public_id: str) -> queries.Thread:
    operator = session.current_operator()
    return queries.operators_thread(reading, operator.id, operator.session_epoch, public_id)
