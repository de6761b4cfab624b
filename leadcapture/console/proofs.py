"""The proof of what a contact agreed to: to download as PDF or JSON, and to mail to the contact."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, current_app, flash, redirect, url_for
from werkzeug.wrappers import Response as Answer

from leadcapture import clock, db
from leadcapture.contacts import queries
from leadcapture.i18n import gettext as _
from leadcapture.operators import session
from leadcapture.privacy.proof import pack as packs
from leadcapture.privacy.proof import receipts, rendering

blueprint = Blueprint("console_proofs", __name__)


@blueprint.get("/console/contacts/<public_id>/proof.json")
@session.require("admin")
def as_json(public_id: str) -> Response:
    """The proof for programs: what check_proof.py checks."""
    return _download(packs.written(_pack(public_id)), "application/json", f"{public_id}.json")


@blueprint.get("/console/contacts/<public_id>/proof.pdf")
@session.require("admin")
def as_pdf(public_id: str) -> Response:
    """The proof to print, in the operator's language."""
    return _download(rendering.pdf_aside(_pack(public_id)), "application/pdf", f"{public_id}.pdf")


@blueprint.post("/console/contacts/<public_id>/receipt")
@session.require("admin")
def receipt(public_id: str) -> Answer:
    """Mail the contact a receipt."""
    mailed = db.write(receipts.send, clock.now(), **_whose(public_id))
    if mailed is None:
        flash(_("This address has had its mails for today. Try again tomorrow."), "warn")
    elif mailed.status == "suppressed":
        flash(_("This address must not be mailed: see the outbox."), "warn")
    else:
        flash(_("A receipt is on its way to %(email)s.", email=mailed.to_email), "good")
    return redirect(url_for("console_contacts.contact", public_id=public_id))


def _pack(public_id: str) -> dict[str, Any]:
    return db.write(packs.build, clock.now(), **_whose(public_id))


def _whose(public_id: str) -> dict[str, Any]:
    """What the operations ask for. Raises NotFound for a contact of another site."""
    site = session.current_site()
    with db.read() as reading:
        contact = queries.by_public_id(reading, site.id, public_id)
    return {"site": site, "contact": contact, "public_url": current_app.config["LEADCAPTURE"].public_url}


def _download(content: bytes, mimetype: str, name: str) -> Response:
    answer = Response(content, mimetype=mimetype)
    answer.headers["Content-Disposition"] = f'attachment; filename="proof-{name}"'
    answer.headers["Cache-Control"] = "private, no-store"
    return answer
