"""The tokens by which programs of the site's owner call the API: made, shown once, revoked."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from leadcapture import clock, db
from leadcapture.errors import Invalid
from leadcapture.i18n import gettext as _
from leadcapture.operators import session
from leadcapture.sites import operations, queries

blueprint = Blueprint("console_tokens", __name__)


@blueprint.get("/console/tokens")
@session.require("owner")
def tokens() -> str:
    """The tokens there are; what they say is known to nobody any more."""
    return _tokens_page()


@blueprint.post("/console/tokens")
@session.require("owner")
def create() -> tuple[str, int] | str:
    """Make a token. It stands on this one answer and nowhere else, so there is no way back to it by a redirect."""
    name = request.form.get("name", "")
    try:
        made, plain = db.write(operations.create_token, clock.now(), site_id=session.current_site().id, name=name)
    except Invalid as error:
        return _tokens_page(name=name, problems=error.fields), 422
    return _tokens_page(made=made.public_id, plain=plain)


@blueprint.post("/console/tokens/<public_id>/revoke")
@session.require("owner")
def revoke(public_id: str) -> Response:
    """End a token."""
    db.write(operations.revoke_token, clock.now(), site_id=session.current_site().id, public_id=public_id)
    flash(_("The token is revoked: whatever used it is refused from now on."), "good")
    return redirect(url_for(".tokens"))


def _tokens_page(
    *, name: str = "", problems: dict[str, list[str]] | None = None, made: str = "", plain: str = ""
) -> str:
    with db.read() as reading:
        found = queries.tokens(reading, session.current_site().id)
    return render_template(
        "console/tokens.html", tokens=found, name=name, problems=problems or {}, made=made, plain=plain
    )
