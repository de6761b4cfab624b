"""The quarantine: people whose consent cannot be proven, kept apart; and the one question to each of them, where an
owner attests a lawful ground."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from leadcapture import clock, db
from leadcapture.errors import Conflict, Invalid
from leadcapture.i18n import gettext as _
from leadcapture.imports import asking, queries, rules
from leadcapture.imports.wording import ground_words
from leadcapture.operators import session

blueprint = Blueprint("console_quarantine", __name__)


@blueprint.get("/console/quarantine")
@session.require("admin")
def people() -> str:
    """Who is kept apart, and out of which imports."""
    site_id = session.current_site().id
    search = request.args.get("search", "").strip()[:200]
    after = request.args.get("after", type=int)
    with db.read() as reading:
        found, next_after = queries.people(reading, site_id, after, search)
        return render_template(
            "console/quarantine.html",
            people=found,
            search=search,
            total=queries.in_quarantine(reading, site_id),
            imports=queries.quarantines(reading, site_id),
            first=url_for(".people", search=search or None) if after else None,
            more=url_for(".people", search=search or None, after=next_after) if next_after else None,
        )


@blueprint.get("/console/imports/<public_id>/ask")
@session.require("owner")
def ask_page(public_id: str) -> str:
    """On what ground the people of this import may be asked once."""
    return _ask_page(_found(public_id))


@blueprint.post("/console/imports/<public_id>/ask")
@session.require("owner")
def ask(public_id: str) -> tuple[str, int] | BaseResponse:
    """Attest a ground, and have them asked."""
    found = _found(public_id)
    form = request.form
    try:
        if form.get("sure") != "yes" and form.get("ground") != asking.BOUGHT:
            raise Invalid(_("Some of this is missing."), fields={"sure": [_("Confirm that you have read this.")]})
        db.write(
            asking.attest,
            clock.now(),
            site_id=found.site_id,
            public_id=public_id,
            operator_id=session.current_operator().id,
            ground=form.get("ground", ""),
            words=form.get("words", ""),
            purpose=rules.line(form.get("purpose", "")),
            statement=form.get("statement", ""),
            per_hour=min(max(form.get("per_hour", 100, type=int), 1), 1000),
        )
    except Invalid as error:
        return _ask_page(found, values=form, problems=error.fields), error.status
    if form.get("ground") == asking.BOUGHT:
        flash(_("These people stay in the quarantine for good. Nobody is mailed."), "good")
        return redirect(url_for("console_imports.look", public_id=public_id))
    after: int | None = 0
    while after is not None:
        after = db.write(asking.hand_over, clock.now(), site_id=found.site_id, public_id=public_id, after=after)
    flash(_("They are asked from now on, each of them once. You can pause it on the page of statements."), "good")
    return redirect(url_for("console_imports.look", public_id=public_id))


def _ask_page(
    found: Any, *, values: Mapping[str, str] | None = None, problems: Mapping[str, Sequence[str]] | None = None
) -> str:
    with db.read() as reading:
        apart = queries.quarantine(reading, found.id)
    if found.mode != "quarantine" or found.provenance.get("ground") is not None:
        raise Conflict(_("This was decided already."))
    return render_template(
        "console/import_ask.html",
        found=found,
        apart=apart,
        grounds=[(kind, ground_words(kind)) for kind in (*asking.GROUNDS, asking.BOUGHT)],
        bought=asking.BOUGHT,
        values=values or {"per_hour": "100"},
        problems=problems or {},
    )


def _found(public_id: str) -> Any:
    with db.read() as reading:
        return queries.by_public_id(reading, session.current_site().id, public_id)
