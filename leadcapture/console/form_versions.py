"""What a form looked like under each version number: an entry and a consent name the one that the person saw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from flask import Blueprint, current_app, render_template, request
from jinja2 import Template
from werkzeug.datastructures import MultiDict

from leadcapture import clock, db, i18n
from leadcapture.console.home import language_name
from leadcapture.errors import NotFound
from leadcapture.forms import access, drafts, operations, pages, queries
from leadcapture.i18n import gettext as _
from leadcapture.operators import session

blueprint = Blueprint("console_form_versions", __name__)


@dataclass(frozen=True)
class Line:
    """One version in the list; `changes` are the names of the settings that it changed."""

    number: int
    at: datetime
    changes: list[str]


@blueprint.get("/console/forms/<public_id>/versions")
@session.require("admin")
def versions(public_id: str) -> str:
    """Every version of the form, newest first."""
    with db.read() as reading:
        found = queries.by_public_id(reading, session.current_site().id, public_id)
        seen = queries.versions(reading, found.id)
    lines = [
        Line(after.version, after.created_at, _words(found.kind, before.settings, after.settings))
        for after, before in pairwise(seen)
    ]
    lines += [Line(first.version, first.created_at, []) for first in seen[-1:]]
    return render_template("console/form_versions.html", form=found, versions=lines)


@blueprint.get("/console/forms/<public_id>/versions/<int:number>")
@session.require("admin")
def version(public_id: str, number: int) -> str:
    """What one version asked consent for, word for word in each language."""
    site = session.current_site()
    with db.read() as reading:
        found = queries.by_public_id(reading, site.id, public_id)
        seen = queries.version(reading, found.id, number)
    if seen is None:
        raise NotFound("No such version.")
    said = [(language, operations.statements(found, site, language, seen)) for language in i18n.LANGUAGES]
    return render_template("console/form_version.html", form=found, seen=seen, said=said)


@blueprint.get("/console/forms/<public_id>/page")
@session.require("admin")
def page(public_id: str) -> str:
    """The form's own page as it is saved, or as it was in `version`, to look at: nothing can be sent."""
    site, number = session.current_site(), request.args.get("version", type=int)
    language = i18n.best(request.args.get("lang"), site.language)
    with db.read() as reading:
        found = queries.by_public_id(reading, site.id, public_id)
        seen = queries.version(reading, found.id, number) if number is not None else None
        if number is not None and seen is None:
            raise NotFound("No such version.")
        shown = drafts.as_seen(found, seen) if seen else found
        described = access.described(reading, clock.now(), shown, site, language)
    note = (
        _("Version %(number)s of this form, to look at. Nothing can be sent.", number=number)
        if seen
        else _("This is how the form is saved now. Nothing can be sent here.")
    )
    i18n.use(language)
    context = pages.form_context(site, shown, {**described, "closed": None}, MultiDict())
    return render_template(
        "console/form_page.html", **context, template=_template(found.kind), note=note, version=number
    )


def _template(kind: str) -> Template:
    return current_app.jinja_env.select_template([f"forms/kinds/{kind}.html", "forms/form.html"])


def _words(kind: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    found = list(drafts.changes(kind, before, after))
    return [f"{label} ({language_name(language)})" if language else label for label, language in found]
