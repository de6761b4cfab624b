"""What is held because it looks like spam: each with its reasons, to let go or to call spam by one click."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from leadcapture import clock, db
from leadcapture.chat import held as chat
from leadcapture.errors import LeadCaptureError
from leadcapture.forms import access, held, releasing
from leadcapture.i18n import gettext as _
from leadcapture.operators import session
from leadcapture.sites import retention_settings

blueprint = Blueprint("console_held", __name__)


@blueprint.app_context_processor
def _shared() -> dict[str, Callable[..., Any]]:
    """What the navigation asks for."""
    return {"held_count": held_count}


@blueprint.app_template_filter("held_why")
def why_words(code: str) -> str:
    """A reason for holding something, in words."""
    return {
        "name_link": _("There is a link in the name."),
        "links": _("There are many links in it."),
        "link": _("There is a link in it."),
        "markup": _("It holds link code, as programs send it."),
        "shortener": _("It links through a shortener, which hides where the link leads."),
        "phrases": _("It says what spam says."),
        "disguised": _("Letters of two scripts are mixed so that words look like others."),
        "capitals": _("It is written in capitals."),
        "repeated": _("Others have sent the same text."),
        "fast": _("The form was filled faster than anybody types."),
        "unproven": _("It came without the proof that a browser brings."),
        "disposable": _("The address lives for a short time only."),
        "words": _("Its words are those of texts that were called spam."),
    }.get(code, code)


@blueprint.get("/console/held")
@session.require()
def review() -> str:
    """What waits for a decision, oldest first, and below it what was called spam and can still be taken back."""
    site_id, after = session.current_site().id, request.args.get("after", type=int)
    with db.read() as reading:
        waiting, next_after = held.waiting(reading, site_id, after_id=after or 0)
        marked = [] if after else held.marked(reading, site_id)
        conversations = chat.count(reading, [site_id])
    return render_template(
        "console/held.html",
        waiting=waiting,
        marked=marked,
        conversations=conversations,
        days=retention_settings.of(session.current_site()).held,
        first=url_for(".review") if after else None,
        further=url_for(".review", after=next_after) if next_after else None,
    )


@blueprint.post("/console/held/<public_id>/release")
@session.require()
def release(public_id: str) -> Response:
    """It is no spam: its sender is asked to confirm the address, as if it had come in now."""
    try:
        changed = db.write(
            releasing.release,
            clock.now(),
            site_id=session.current_site().id,
            public_id=public_id,
            mails=access.mail_settings(),
        )
    except LeadCaptureError as error:
        if error.status == 404:
            raise
        # What the form's kind says: it is full, or over.
        flash(_("It cannot go on: %(why)s", why=error.message), "warn")
        return redirect(url_for(".review"))
    access.announce(changed)
    flash(_("Let go. Its sender is asked to confirm the address now, and texts like it are held less."), "good")
    return redirect(url_for(".review"))


@blueprint.post("/console/held/<public_id>/spam")
@session.require()
def spam(public_id: str) -> Response:
    """It is spam: nobody is mailed, it goes by itself when its days are over, and its words are learned."""
    db.write(held.mark, clock.now(), site_id=session.current_site().id, public_id=public_id)
    flash(_("Noted as spam. Texts like it are held from now on."), "good")
    return redirect(url_for(".review"))


@blueprint.post("/console/held/<public_id>/undo")
@session.require()
def undo(public_id: str) -> Response:
    """Not decided after all: it waits again, and what was learned of it is forgotten."""
    db.write(held.unmark, clock.now(), site_id=session.current_site().id, public_id=public_id)
    flash(_("Taken back: it waits for a decision again."), "good")
    return redirect(url_for(".review"))


def held_count() -> int:
    """How many submissions of the current site wait for a decision."""
    if "held_count" not in g:
        with db.read() as reading:
            g.held_count = held.count(reading, session.current_site().id)
    return int(g.held_count)
