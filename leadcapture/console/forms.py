"""The forms: made from a kind, set in each language, published, placed."""

from __future__ import annotations

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from leadcapture import clock, db, i18n
from leadcapture.errors import Conflict, Invalid
from leadcapture.forms import kinds, operations, queries
from leadcapture.i18n import gettext as _
from leadcapture.operators import session

blueprint = Blueprint("console_forms", __name__)


@blueprint.app_template_filter("form_kind")
def kind_words(name: str) -> str:
    """What a form kind is called."""
    return str(kinds.by_name(name).title)


@blueprint.get("/console/forms")
@session.require("admin")
def list_forms() -> str:
    """The site's forms."""
    with db.read() as reading:
        found = queries.of_site(reading, session.current_site().id)
    return render_template("console/forms.html", forms=found)


@blueprint.get("/console/forms/new")
@session.require("admin")
def choose_kind() -> str:
    """The kinds a form can be made of."""
    return render_template("console/form_new.html", kinds=kinds.registry().values())


@blueprint.post("/console/forms/new")
@session.require("admin")
def create() -> Response:
    """Make a form of a kind and go on to its settings; it is not published yet."""
    form = db.write(
        operations.create, clock.now(), site_id=session.current_site().id, kind=request.form.get("kind", "")
    )
    return redirect(url_for(".form", public_id=form.public_id))


@blueprint.get("/console/forms/<public_id>")
@session.require("admin")
def form(public_id: str) -> str:
    """One form: its state, where it stands, its settings in one language."""
    return _form_page(public_id)


@blueprint.post("/console/forms/<public_id>")
@session.require("admin")
def save(public_id: str) -> tuple[str, int] | Response:
    """Take over what the owner set."""
    site = session.current_site()
    language = _language()
    with db.read() as reading:
        editor = operations.editor(queries.by_public_id(reading, site.id, public_id), site, language, request.form)
    if not editor.validate():
        return _form_page(public_id, refused=True), 422
    db.write(
        operations.update,
        clock.now(),
        site_id=site.id,
        public_id=public_id,
        language=language,
        values=editor.data,
        title=request.form.get("form_name", ""),
        inline="form_inline" in request.form,
    )
    flash(_("Saved."), "good")
    return redirect(url_for(".form", public_id=public_id, language=language))


@blueprint.post("/console/forms/<public_id>/publish")
@session.require("admin")
def publish(public_id: str) -> Response:
    """Let visitors see the form, unless something is missing: then say what."""
    try:
        db.write(operations.publish, clock.now(), site_id=session.current_site().id, public_id=public_id)
        flash(_("The form is published."), "good")
    except (Conflict, Invalid) as error:
        flash(error.message, "bad")
    return redirect(url_for(".form", public_id=public_id))


@blueprint.post("/console/forms/<public_id>/unpublish")
@session.require("admin")
def unpublish(public_id: str) -> Response:
    """Take the form away from visitors."""
    db.write(operations.unpublish, clock.now(), site_id=session.current_site().id, public_id=public_id)
    flash(_("Visitors see the form no more. What was sent already can still be confirmed."), "good")
    return redirect(url_for(".form", public_id=public_id))


def _form_page(public_id: str, *, refused: bool = False) -> str:
    site = session.current_site()
    language = _language()
    with db.read() as reading:
        found = queries.by_public_id(reading, site.id, public_id)
    editor = operations.editor(found, site, language, request.form if refused else None)
    if refused:
        editor.validate()
    return render_template(
        "console/form.html",
        form=found,
        editor=editor,
        edited_language=language,
        languages=i18n.LANGUAGES,
        obstacles=() if found.published else operations.obstacles(found, site),
        advice=operations.advice(found, site),
        page_url=f"{current_app.config['LEADCAPTURE'].public_url}/f/{site.key}/{found.slug}",
        embed=f'<div data-leadcapture-form="{found.slug}"></div>',
    )


def _language() -> str:
    return i18n.best(request.values.get("language"), session.current_site().language)
