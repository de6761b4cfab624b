"""The forms: made from a kind, set in each language beside a live preview, published, put away."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import Blueprint, current_app, flash, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from leadcapture import clock, db, i18n
from leadcapture.console import form_rows, wordings
from leadcapture.errors import Conflict, Invalid
from leadcapture.forms import access, drafts, kinds, operations, queries, statements
from leadcapture.forms.kind import FormKind
from leadcapture.i18n import gettext as _
from leadcapture.i18n import lazy_gettext
from leadcapture.operators import session
from leadcapture.sites import rules as site_rules

blueprint = Blueprint("console_forms", __name__)

COUNTED = timedelta(days=30)
# How the kinds are laid out where one is chosen; those that are not named here stand in the last group.
GROUPS = (
    (lazy_gettext("Win an address"), ("subscription", "download", "coupon", "contest")),
    (lazy_gettext("Prepare a sale"), ("calculator", "order", "webinar")),
    (lazy_gettext("Stay in touch"), ("offline", "transcript", "review", "registration")),
    (lazy_gettext("More"), ()),
)


@dataclass(frozen=True)
class Frame:
    """What every page of a form shows around it."""

    kind: FormKind
    page_url: str
    tabs: list[tuple[str, str, str]]  # name, address, words


@dataclass(frozen=True)
class Group:
    """Some fields of a form's settings under one heading."""

    name: str
    title: str
    about: str
    fields: list[Any]


@blueprint.app_template_filter("form_kind")
def kind_words(name: str) -> str:
    """What a form kind is called."""
    return str(kinds.by_name(name).title)


@blueprint.app_template_filter("form_state")
def state_words(form: Any) -> tuple[str, str]:
    """What a form's state is called, and its tone (see the macro `badge`)."""
    if form.archived_at:
        return _("Archived"), "plain"
    return (_("Published"), "good") if form.published else (_("Draft"), "warn")


@blueprint.app_template_filter("form_frame")
def frame(form: Any) -> Frame:
    """What the pages of this form have in common."""
    kind = kinds.by_name(form.kind)
    tabs = [
        ("settings", url_for("console_forms.form", public_id=form.public_id), _("Settings")),
        ("place", url_for("console_form_place.place", public_id=form.public_id), _("Where it stands")),
        ("entries", url_for("console_form_entries.entries", public_id=form.public_id), _("Entries")),
        ("versions", url_for("console_form_versions.versions", public_id=form.public_id), _("Versions")),
    ]
    if not session.may("admin"):
        tabs = []  # operators work on what a form brings in, such as orders; they do not set it up
    if kind.manage:
        tabs.append(("manage", url_for(kind.manage, public_id=form.public_id), str(kind.manage_label)))
    return Frame(kind, f"{public_url()}/f/{session.current_site().key}/{form.slug}", tabs)


# ---- all of them ----------------------------------------------------------------------------------------------------


@blueprint.get("/console/forms")
@session.require("admin")
def list_forms() -> str:
    """The site's forms, those in the archive apart, with what came in by each of late."""
    site = session.current_site()
    with db.read() as reading:
        found = queries.of_site(reading, site.id)
        counts = queries.counts(reading, site.id, since=clock.now() - COUNTED)
    return render_template(
        "console/forms.html",
        forms=[form for form in found if not form.archived_at],
        archived=[form for form in found if form.archived_at],
        counts=counts,
    )


@blueprint.get("/console/forms/work")
@session.require()
def work() -> str:
    """The forms whose entries operators work on, such as orders, each with what waits there."""
    workable = {name: kind for name, kind in kinds.registry().items() if kind.manage and session.may(kind.manage_role)}
    with db.read() as reading:
        found = queries.of_site(reading, session.current_site().id)
        forms = [
            (form, workable[form.kind], workable[form.kind].waiting(reading, form))
            for form in found
            if form.kind in workable and not form.archived_at
        ]
    return render_template("console/forms_work.html", forms=forms)


@blueprint.get("/console/forms/new")
@session.require("admin")
def choose_kind() -> str:
    """The kinds a form can be made of, and the ready templates of each."""
    left = dict(kinds.registry())
    groups = [(title, [left.pop(name) for name in names if name in left]) for title, names in GROUPS]
    groups[-1][1].extend(left.values())
    return render_template("console/form_new.html", groups=[group for group in groups if group[1]])


@blueprint.post("/console/forms/new")
@session.require("admin")
def create() -> Response:
    """Make a form of a kind, from one of its ready templates or empty, and go on to its settings; it is not published
    yet."""
    kind, preset = kinds.by_name(request.form.get("kind", "")), request.form.get("preset", "")
    title = str(kind.presets[preset].title) if preset in kind.presets else ""
    site_id = session.current_site().id
    made = db.write(operations.create, clock.now(), site_id=site_id, kind=kind.name, title=title, preset=preset)
    return redirect(url_for(".form", public_id=made.public_id))


# ---- one form's settings --------------------------------------------------------------------------------------------


@blueprint.get("/console/forms/<public_id>")
@session.require("admin")
def form(public_id: str) -> str:
    """One form's settings in one language, beside what they make of it."""
    with db.read() as reading:
        found = queries.by_public_id(reading, session.current_site().id, public_id)
    return _settings_page(found, _editor(found))


@blueprint.post("/console/forms/<public_id>")
@session.require("admin")
def save(public_id: str) -> str | tuple[str, int] | Response:
    """Take over what the owner set; the button of a list's row only changes what stands on the page."""
    site, language = session.current_site(), _language()
    with db.read() as reading:
        found = queries.by_public_id(reading, site.id, public_id)
    editor = _editor(found, request.form)
    if "rows" in request.form:
        form_rows.press(editor, request.form["rows"])
        return _settings_page(found, editor, changed=True)
    if not editor.validate():
        return _settings_page(found, editor, changed=True, problem=_("Not saved: look at what is marked.")), 422
    try:
        saved = db.write(
            operations.update,
            clock.now(),
            site_id=site.id,
            public_id=public_id,
            language=language,
            values=editor.data,
            title=request.form.get("form_name", ""),
        )
    except Invalid as error:
        return _settings_page(found, editor, changed=True, problem=_told(editor, error)), 422
    if statements.words(found, site) == statements.words(saved, site):
        flash(_("Saved."), "good")
    else:
        flash(_("Saved. What people agree to says something else now: that is a new version of the statement."), "good")
    return redirect(url_for(".form", public_id=public_id, language=language))


@blueprint.post("/console/forms/<public_id>/preview")
@session.require("admin")
def preview(public_id: str) -> Response:
    """The form described as if what was typed were saved; what is not right yet is left out and named."""
    site, language = session.current_site(), _language()
    with db.read() as reading:
        found = queries.by_public_id(reading, site.id, public_id)
        described, wrong = drafts.described(reading, clock.now(), found, site, _editor(found, request.form), language)
    says = _("Not in the preview, because it is not complete: %(what)s.", what=", ".join(wrong)) if wrong else ""
    if described["closed"]:
        instead = _("Now visitors read instead:")
        says = f"{says} {instead} {described['closed']}".strip()
    # Whoever sets a form up wants to see it, also before it opens.
    answer = jsonify(descriptor={**access.with_module(described), "closed": None}, says=says)
    answer.headers["Cache-Control"] = "no-store"
    return answer


# ---- what becomes of it ---------------------------------------------------------------------------------------------


@blueprint.post("/console/forms/<public_id>/publish")
@session.require("admin")
def publish(public_id: str) -> Response:
    """Let visitors see the form, unless something is missing: then say what."""
    return _done(public_id, operations.publish, _("The form is published."))


@blueprint.post("/console/forms/<public_id>/unpublish")
@session.require("admin")
def unpublish(public_id: str) -> Response:
    """Take the form away from visitors."""
    words = _("Visitors see the form no more. What was sent already can still be confirmed.")
    return _done(public_id, operations.unpublish, words)


@blueprint.post("/console/forms/<public_id>/archive")
@session.require("admin")
def archive(public_id: str) -> Response:
    """Put the form away."""
    return _done(public_id, operations.archive, _("The form is in the archive. Its entries stay."))


@blueprint.post("/console/forms/<public_id>/unarchive")
@session.require("admin")
def unarchive(public_id: str) -> Response:
    """Take the form out of the archive."""
    return _done(public_id, operations.unarchive, _("The form is back among the others, not published yet."))


@blueprint.post("/console/forms/<public_id>/duplicate")
@session.require("admin")
def duplicate(public_id: str) -> Response:
    """Make another form like this one and go on to it."""
    made = db.write(operations.duplicate, clock.now(), site_id=session.current_site().id, public_id=public_id)
    flash(_("This is the copy. It is not published yet."), "good")
    return redirect(url_for(".form", public_id=made.public_id))


# ---- what they are made of ------------------------------------------------------------------------------------------


def public_url() -> str:
    """Where this service is reached."""
    return str(current_app.config["LEADCAPTURE"].public_url)


def _done(public_id: str, operation: Callable[..., Any], words: str) -> Response:
    try:
        db.write(operation, clock.now(), site_id=session.current_site().id, public_id=public_id)
        flash(words, "good")
    except (Conflict, Invalid) as error:
        flash(error.message, "bad")
    return redirect(url_for(".form", public_id=public_id))


def _editor(found: Any, given: Any = None) -> Any:
    return operations.editor(found, session.current_site(), _language(), given)


def _settings_page(found: Any, editor: Any, *, changed: bool = False, problem: str = "") -> str:
    site = session.current_site()
    currency = editor._fields.get("currency")
    with db.read() as reading:
        concerned = wordings.concerned(reading, site, found)
    return render_template(
        "console/form.html",
        form=found,
        site=site,
        form_name=request.form.get("form_name", found.title),
        groups=_groups(kinds.by_name(found.kind), found.settings, editor),
        currency=currency.data if currency is not None else "",
        changed=changed,
        problem=problem,
        edited_language=_language(),
        languages=i18n.LANGUAGES,
        obstacles=() if found.published else operations.obstacles(found, site),
        advice=operations.advice(found, site),
        concerned=concerned,
        accent_text=site_rules.text_on(site.accent),
    )


def _groups(kind: FormKind, settings: Any, editor: Any) -> list[Group]:
    """The settings in the order in which one thinks of them. A box whose words are called X_statement stands with
    them."""
    agreed = {ask.text for ask in kind.asks(settings)} | {name for name in kind.texts if name.endswith("statement")}
    agreed |= {name.removesuffix("_statement") for name in agreed}
    questions = {"fields", "phone_region"}

    def those(wanted: Callable[[str], bool]) -> list[Any]:
        return [field for field in editor if wanted(field.name)]

    own_words = _("A text left empty is ours, shown in grey, in the visitor's language.")
    statement = _("Kept word for word with every consent. Without it a form cannot be published.")
    groups: Iterable[Group] = (
        Group("texts", _("Texts"), own_words, those(lambda name: name in kind.texts and name not in agreed)),
        Group("own", str(kind.title), "", those(lambda name: name not in {*kind.texts, *agreed, *questions})),
        Group("questions", _("Questions"), "", those(lambda name: name in questions)),
        Group("consent", _("What people agree to"), statement, those(lambda name: name in agreed)),
    )
    return [group for group in groups if group.fields]


def _told(editor: Any, error: Invalid) -> str:
    """Put a refusal at the fields it names; returns what is said above them all."""
    at_fields = {name: sentences for name, sentences in (error.fields or {}).items() if name in editor}
    for name, sentences in at_fields.items():
        editor[name].errors = [*editor[name].errors, *sentences]
    return _("Not saved: look at what is marked.") if at_fields else error.message


def _language() -> str:
    return i18n.best(request.values.get("language"), session.current_site().language)
