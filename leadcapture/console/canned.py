"""The canned replies of a site: everybody on its team reads and uses them, admins write them."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from leadcapture import clock, db
from leadcapture.chat import canned
from leadcapture.errors import Invalid
from leadcapture.i18n import gettext as _
from leadcapture.operators import session

blueprint = Blueprint("console_canned", __name__)


@blueprint.get("/console/canned")
@session.require()
def replies() -> str:
    """All of them, and a form for one more."""
    return _page()


@blueprint.post("/console/canned")
@session.require("admin")
def add() -> tuple[str, int] | Response:
    """Keep a new one."""
    shortcut, body = request.form.get("shortcut", ""), request.form.get("body", "")
    try:
        db.write(canned.add, clock.now(), site_id=session.current_site().id, shortcut=shortcut, body=body)
    except Invalid as error:
        return _page(problems=error.fields), 422
    flash(_("Saved. In the inbox, type / to insert it."), "good")
    return redirect(url_for(".replies"))


@blueprint.get("/console/canned/<public_id>")
@session.require("admin")
def edit(public_id: str) -> str:
    """One of them, to be changed. Raises NotFound for one of another site."""
    with db.read() as reading:
        reply = canned.one(reading, session.current_site().id, public_id)
    return _page(reply, given={"shortcut": reply.shortcut, "body": reply.body})


@blueprint.post("/console/canned/<public_id>")
@session.require("admin")
def change(public_id: str) -> tuple[str, int] | Response:
    """Take over its shortcut and text. Raises NotFound for one of another site."""
    site_id = session.current_site().id
    with db.read() as reading:
        reply = canned.one(reading, site_id, public_id)
    shortcut, body = request.form.get("shortcut", ""), request.form.get("body", "")
    try:
        db.write(canned.change, clock.now(), site_id=site_id, public_id=public_id, shortcut=shortcut, body=body)
    except Invalid as error:
        return _page(reply, problems=error.fields), 422
    flash(_("Saved."), "good")
    return redirect(url_for(".replies"))


@blueprint.post("/console/canned/<public_id>/delete")
@session.require("admin")
def delete(public_id: str) -> Response:
    """Forget it. Raises NotFound for one of another site."""
    db.write(canned.delete, clock.now(), site_id=session.current_site().id, public_id=public_id)
    flash(_("Deleted."), "good")
    return redirect(url_for(".replies"))


def _page(
    changing: canned.Canned | None = None,
    *,
    problems: dict[str, list[str]] | None = None,
    given: dict[str, str] | None = None,
) -> str:
    """The list with the form below it; `changing` is the one whose text stands in the form."""
    with db.read() as reading:
        found = canned.of_site(reading, session.current_site().id)
    return render_template(
        "console/canned.html",
        replies=[] if changing else found,
        changing=changing,
        given=given or request.form,
        problems=problems or {},
        fields=_fields(),
    )


def _fields() -> list[tuple[str, str]]:
    """What can stand in a text, and what is put in its place."""
    meanings = {
        "visitor.name": _("the visitor's name"),
        "visitor.email": _("the visitor's e-mail address"),
        "visitor.page": _("the page the visitor wrote from"),
        "operator.name": _("your name"),
        "site.name": _("the name of the website"),
    }
    return [(f"{{{{{name}}}}}", meanings[name]) for name in canned.FIELDS]
