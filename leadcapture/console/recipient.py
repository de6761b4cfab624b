"""The page by which the recipient of a site's offline questions agrees, without being signed in."""

from __future__ import annotations

from flask import Blueprint, render_template

from leadcapture import clock, db, i18n
from leadcapture.sites import operations

blueprint = Blueprint("console_recipient", __name__)


@blueprint.get("/recipient/<token>")
def ask(token: str) -> str:
    """One button; looking at it changes nothing."""
    with db.read() as reading:
        site = operations.recipient_of(reading, token)
    i18n.use(site.language)
    return render_template("console/recipient.html", site=site, agreed=site.recipient_verified_at is not None)


@blueprint.post("/recipient/<token>")
def agree(token: str) -> str:
    """Questions of the site go to this address from now on."""
    site = db.write(operations.verify_recipient, clock.now(), token=token)
    i18n.use(site.language)
    return render_template("console/recipient.html", site=site, agreed=True)
