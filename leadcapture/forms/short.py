"""Short links to forms: for a printed card, a QR code, a line that is read out."""

from __future__ import annotations

from flask import Blueprint, redirect, request
from werkzeug.wrappers import Response

from leadcapture import db
from leadcapture.forms import queries

blueprint = Blueprint("form_short", __name__)


@blueprint.get("/s/<short>")
def short_link(short: str) -> Response:
    """On to the form's own page; what stands behind the question mark (utm_source …) goes along."""
    with db.read() as session:
        form, site = queries.by_short(session, short.lower())
    query = f"?{request.query_string.decode('latin-1')}" if request.query_string else ""
    return redirect(f"/f/{site.key}/{form.slug}{query}")
