"""The owner's page of the files, and the links by which people download them."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from leadcapture import clock, db, filetypes, i18n, signing, uploads, web
from leadcapture.errors import Invalid, NotFound
from leadcapture.forms import queries as forms
from leadcapture.forms.kinds.download import operations, queries, rules
from leadcapture.i18n import gettext as _
from leadcapture.operators import session
from leadcapture.sites import queries as sites

console = Blueprint("console_download", __name__)
links = Blueprint("download_links", __name__)
blueprints = [console]
open_blueprints = [links]


# ---- the owner's page -----------------------------------------------------------------------------------------------


@console.url_value_preprocessor
def _allow_large_uploads(endpoint: str | None, _values: dict[str, Any] | None) -> None:
    # Before anything reads the body (the check of the CSRF token does), and for people who are signed in alone.
    if endpoint == "console_download.upload" and session.may("admin"):
        web.allow_upload(uploads.most_bytes())


@console.app_template_filter("file_size")
def size_words(size: int) -> str:
    """A number of bytes as people read it."""
    return filetypes.size_words(size)


@console.get("/console/forms/<public_id>/files")
@session.require("admin")
def files(public_id: str) -> str:
    """The files, how often each was downloaded, and by whom."""
    return _files_page(public_id)


@console.post("/console/forms/<public_id>/files")
@session.require("admin")
def upload(public_id: str) -> tuple[str, int] | BaseResponse:
    """Take a file, when it is one of those that may be given."""
    form = _download_form(public_id)
    try:
        _take_in(form, request.files.get("file"))
    except Invalid as error:
        return _files_page(public_id, error.message), error.status
    flash(_("The file was added."), "good")
    return redirect(url_for(".files", public_id=public_id))


@console.post("/console/forms/<public_id>/files/<file_id>/remove")
@session.require("admin")
def remove(public_id: str, file_id: str) -> BaseResponse:
    """Take a file away."""
    stored = db.write(
        operations.remove_file,
        clock.now(),
        site_id=session.current_site().id,
        form_public_id=public_id,
        public_id=file_id,
    )
    uploads.drop(stored)
    flash(_("The file is gone, and links to it lead nowhere."), "good")
    return redirect(url_for(".files", public_id=public_id))


@console.get("/console/forms/<public_id>/files/<file_id>")
@session.require("admin")
def look(public_id: str, file_id: str) -> Response:
    """The file as people get it; not counted."""
    form = _download_form(public_id)
    with db.read() as reading:
        file = queries.file(reading, form.id, file_id)
    if file is None:
        raise NotFound("No such file.")
    return _sent(file)


def _take_in(form: Any, given: Any) -> None:
    name = filetypes.clean_name(given.filename or "") if given else ""
    if not name:
        raise Invalid(_("Choose a file first."))
    promised = filetypes.type_of(name, rules.ENDINGS)
    if promised is None:
        allowed = ", ".join(rules.ENDINGS)
        raise Invalid(_("Files of this type are not taken, only: %(allowed)s.", allowed=allowed))
    with uploads.received(given.stream) as path:
        if not filetypes.keeps_promise(path, promised):
            raise Invalid(_("What is in this file is not what its name says (%(name)s).", name=name))
        size = path.stat().st_size
        stored = uploads.keep(path)
    try:
        db.write(
            operations.add_file,
            clock.now(),
            site_id=form.site_id,
            form_public_id=form.public_id,
            name=name,
            content_type=promised.content_type,
            size=size,
            stored=stored,
        )
    except BaseException:
        uploads.drop(stored)
        raise


def _files_page(public_id: str, problem: str = "") -> str:
    form = _download_form(public_id)
    before = request.args.get("before", type=int)
    with db.read() as reading:
        offered = queries.files(reading, form.id)
        takers, next_before = queries.takers(reading, form.id, before_id=before)
    return render_template(
        "forms/kinds/download/files.html",
        form=form,
        files=offered,
        takers=takers,
        types=rules.ENDINGS,
        most=filetypes.size_words(uploads.most_bytes()),
        problem=problem,
        newest=url_for(".files", public_id=public_id) if before else None,
        older=url_for(".files", public_id=public_id, before=next_before) if next_before else None,
    )


def _download_form(public_id: str) -> Any:
    with db.read() as reading:
        form = forms.by_public_id(reading, session.current_site().id, public_id)
    if form.kind != "download":
        raise NotFound("No such form.")
    return form


# ---- people's links -------------------------------------------------------------------------------------------------


@links.get("/f/<key>/<slug>/files/<token>")
def download(key: str, slug: str, token: str) -> Response:
    """The file. Asking for its head, or ahead of a click, counts for nothing."""
    now = clock.now()
    submission, _dot, public_id = signing.verify("download", token).partition(".")
    with db.read() as reading:
        site = sites.by_key(reading, key)
        form = forms.by_slug(reading, site.id, slug)
        sent = forms.submission(reading, submission)
        i18n.use(i18n.best(request.args.get("lang"), sent.language if sent else None, site.language))
        try:
            file, granted = operations.look(
                reading, now, site=site, slug=slug, submission=submission, public_id=public_id
            )
            uploads.path_of(file.stored)
        except operations.Gone as error:
            return _gone(site, form, error)
        except FileNotFoundError:
            return _gone(site, form, operations.Gone(_("The file cannot be found just now.")))
    if request.method == "GET" and "prefetch" not in _asked_for():
        db.write(operations.count, now, grant_id=granted.id, file_id=file.id)
    return _sent(file)


def _asked_for() -> str:
    return " ".join(request.headers.get(name, "") for name in ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz")).lower()


def _gone(site: Any, form: Any, error: operations.Gone) -> Response:
    page = render_template(
        "forms/kinds/download/gone.html",
        site=site,
        form=form,
        reason=error.message,
        again=error.again and form.published,
    )
    response = make_response(page, error.status)
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    return response


def _sent(file: Any) -> Response:
    return web.attachment(uploads.path_of(file.stored), file.name, file.content_type)
