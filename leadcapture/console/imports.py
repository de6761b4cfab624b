"""Bringing people from elsewhere: a file is uploaded, its columns and its provenance are told, it is tried, it runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, current_app, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from leadcapture import clock, db, i18n, uploads, web
from leadcapture.consent import queries as consents
from leadcapture.errors import Invalid, NotFound
from leadcapture.i18n import gettext as _
from leadcapture.imports import operations, queries, reading, reports, rules, taking
from leadcapture.imports.operations import Provenance
from leadcapture.imports.wording import ground_words, outcome_words, reason_words
from leadcapture.operators import session

blueprint = Blueprint("console_imports", __name__)

# While a worker is at it, the page looks again by itself; seconds.
LOOK_AGAIN = {"checking": 2, "running": 2}


@blueprint.url_value_preprocessor
def _allow_large_uploads(endpoint: str | None, _values: dict[str, Any] | None) -> None:
    # Before anything reads the body (the check of the CSRF token does), and for people who may upload alone.
    most = {"console_imports.upload": _most(), "console_imports.tell": taking.EVIDENCE_BYTES}.get(endpoint or "")
    if most and request.method == "POST" and session.may("admin"):
        web.allow_upload(most)


@blueprint.app_template_filter("import_state")
def state_words(state: str) -> tuple[str, str]:
    """What the state of an import is called, and its tone (see the macro `badge`)."""
    return {
        "uploaded": (_("Columns to be told"), "warn"),
        "mapped": (_("Origin to be told"), "warn"),
        "checking": (_("Being tried"), "plain"),
        "checked": (_("Ready to run"), "warn"),
        "running": (_("Running"), "plain"),
        "paused": (_("Paused"), "warn"),
        "done": (_("Done"), "good"),
        "failed": (_("Stopped"), "bad"),
        "cancelled": (_("Cancelled"), "plain"),
    }[state]


@blueprint.get("/console/imports")
@session.require("admin")
def list_imports() -> str:
    """What was imported, and the form for another file."""
    return _list_page()


@blueprint.post("/console/imports")
@session.require("admin")
def upload() -> tuple[str, int] | BaseResponse:
    """Keep a file, and go on to its columns."""
    try:
        given = web.uploaded(_most())
        taken = taking.take(given.stream, _most())
    except Invalid as error:
        return _list_page(error.message), error.status
    try:
        made = db.write(
            operations.create,
            clock.now(),
            site_id=session.current_site().id,
            operator_id=session.current_operator().id,
            name=rules.line(given.filename or ""),
            stored=taken.stored,
            size=taken.size,
            shape=taken.shape,
            header=taken.header,
            mapping=taken.mapping,
        )
    except BaseException:
        uploads.drop(taken.stored)
        raise
    return redirect(url_for(".look", public_id=made.public_id))


@blueprint.get("/console/imports/<public_id>")
@session.require("admin")
def look(public_id: str) -> Response:
    """The import where it stands: what is to be told next, what would become of its rows, how far it is."""
    found = _found(public_id)
    step = request.args.get("step", "")
    if step == "columns" and found.state in ("mapped", "checked"):
        return make_response(_columns_page(found))
    if step == "origin" and found.state == "checked":
        return make_response(_origin_page(found))
    if found.state == "uploaded":
        return make_response(_columns_page(found))
    if found.state == "mapped":
        return make_response(_origin_page(found))
    answer = make_response(_state_page(found))
    if found.state in LOOK_AGAIN:
        answer.headers["Refresh"] = str(LOOK_AGAIN[found.state])
    return answer


@blueprint.post("/console/imports/<public_id>/columns")
@session.require("admin")
def columns(public_id: str) -> tuple[str, int] | BaseResponse:
    """Take over what the columns hold; with another encoding or header chosen, show the rows as they read then."""
    found = _found(public_id)
    shape, header, guessed = _read_as_chosen(found)
    if request.form.get("act") == "read":
        return _columns_page(found, shape=shape, header=header, mapping=guessed), 200
    mapping = _chosen_columns()
    try:
        db.write(
            operations.save_columns,
            clock.now(),
            site_id=found.site_id,
            public_id=public_id,
            shape=shape,
            header=header,
            mapping=mapping,
        )
    except Invalid as error:
        return _columns_page(found, shape=shape, header=header, mapping=mapping, problem=error.message), error.status
    return redirect(url_for(".look", public_id=public_id, step=None))


@blueprint.post("/console/imports/<public_id>/origin")
@session.require("admin")
def tell(public_id: str) -> tuple[str, int] | BaseResponse:
    """Take over where the people come from, and have the file tried."""
    found = _found(public_id)
    proof = request.form.get("proof", "")
    given = Provenance(
        proof=proof == "yes",
        source=rules.line(request.form.get("source", ""))[:500],
        collected=request.form.get("collected", "")[:10],
        statement=request.form.get("statement", "").strip()[: rules.LONGEST_STATEMENT] if proof == "yes" else "",
        purpose=rules.line(request.form.get("purpose", ""))[:60] if proof == "yes" else "",
        language=i18n.language(),
    )
    evidence = None
    try:
        if proof not in ("yes", "no"):
            raise Invalid(_("Some of this is missing."), fields={"proof": [_("Choose one of the two.")]})
        brought = request.files.get("evidence")
        if brought and brought.filename:
            evidence, described = _evidence(brought)
            given = replace(given, evidence=described)
        db.write(
            operations.save_provenance,
            clock.now(),
            site_id=found.site_id,
            public_id=public_id,
            given=given,
            evidence=evidence,
        )
    except Invalid as error:
        if evidence:
            uploads.drop(evidence)
        return _origin_page(found, given=given, proof=proof, problems=error.fields), error.status
    if evidence and found.evidence:
        uploads.drop(found.evidence)
    return redirect(url_for(".look", public_id=public_id))


@blueprint.post("/console/imports/<public_id>/run")
@session.require("admin")
def run(public_id: str) -> BaseResponse:
    """Start, pause, resume or cancel it."""
    site_id, act = session.current_site().id, request.form.get("act", "")
    if act == "start":
        _found(public_id)
        report = reports.begin()
        try:
            db.write(operations.start, clock.now(), site_id=site_id, public_id=public_id, report=report)
        except BaseException:
            uploads.drop(report)
            raise
    elif act in ("pause", "resume", "cancel"):
        db.write(operations.change_state, clock.now(), site_id=site_id, public_id=public_id, act=act)
    else:
        raise NotFound("No such act.")
    return redirect(url_for(".look", public_id=public_id))


@blueprint.get("/console/imports/<public_id>/report.csv")
@session.require("admin")
def report(public_id: str) -> Response:
    """What became of each row, as CSV."""
    found = _found(public_id)
    if found.report is None:
        raise NotFound("No such report.")
    _lies(found.report)

    def pieces() -> Any:
        # A spreadsheet takes a file without this mark for one in the code page of its country.
        yield "\ufeff".encode()
        yield from reports.read(found.report or "", found.report_bytes)

    answer = Response(pieces(), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="report-{found.public_id}.csv"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


@blueprint.get("/console/imports/<public_id>/evidence")
@session.require("admin")
def evidence(public_id: str) -> Response:
    """The file that shows how people agreed, to be saved and never shown."""
    found = _found(public_id)
    described = found.provenance.get("evidence")
    if found.evidence is None or not described:
        raise NotFound("No such file.")
    return web.attachment(_lies(found.evidence), described["name"], described["content_type"])


def _lies(stored: str) -> Path:
    try:
        return uploads.path_of(stored)
    except FileNotFoundError as error:
        raise NotFound(_("This file is not there any more.")) from error


# ---- pages -----------------------------------------------------------------------------------------------------------


def _list_page(problem: str = "") -> str:
    site_id = session.current_site().id
    before = request.args.get("before", type=int)
    with db.read() as reading_session:
        found, next_before = queries.page(reading_session, site_id, before)
        kept_apart = queries.in_quarantine(reading_session, site_id)
    return render_template(
        "console/imports.html",
        imports=found,
        kept_apart=kept_apart,
        problem=problem,
        most=current_app.config["LEADCAPTURE"].import_mb,
        newest=url_for(".list_imports") if before else None,
        older=url_for(".list_imports", before=next_before) if next_before else None,
    )


def _columns_page(
    found: Any,
    *,
    shape: reading.Shape | None = None,
    header: Sequence[str] | None = None,
    mapping: Mapping[int, str] | None = None,
    problem: str = "",
) -> str:
    shape = shape or operations.shape_of(found)
    sample = _of_its_file(found, lambda path: taking.preview(path, shape))
    header = found.header if header is None else header
    width = max(map(len, [header, *sample]))
    return render_template(
        "console/import_columns.html",
        found=found,
        shape=shape,
        encodings=reading.ENCODINGS,
        header=header,
        width=width,
        sample=[[cell[:80] for cell in row] + [""] * (width - len(row)) for row in sample],
        mapping=operations.mapping_of(found) if mapping is None else mapping,
        fields=_field_words(),
        attribute=rules.ATTRIBUTE,
        problem=problem,
    )


def _origin_page(
    found: Any,
    *,
    given: Provenance | None = None,
    proof: str | None = None,
    problems: Mapping[str, Sequence[str]] | None = None,
) -> str:
    kept = found.provenance
    if given is None:
        names = ("source", "collected", "statement", "purpose")
        given = Provenance(found.mode == "proof", *(kept.get(name, "") for name in names))
        proof = {True: "yes", False: "no", None: ""}[kept.get("proof")]
    with db.read() as reading_session:
        known = consents.versions(reading_session, found.site_id)
    return render_template(
        "console/import_origin.html",
        found=found,
        given=given,
        proof=proof,
        known=known,
        types=taking.EVIDENCE,
        problems=problems or {},
    )


def _state_page(found: Any) -> str:
    with db.read() as reading_session:
        apart = queries.quarantine(reading_session, found.id)
    counts = found.dry_run if found.state == "checked" else found.counts
    return render_template(
        "console/import.html",
        found=found,
        apart=apart,
        outcomes=[(outcome_words(name), counts[name]) for name in rules.OUTCOMES if (counts or {}).get(name)],
        reasons=[
            (reason_words(name.removeprefix("invalid:")), number)
            for name, number in sorted((counts or {}).items())
            if name.startswith("invalid:")
        ],
        rows=(counts or {}).get("rows", 0),
        ground_words=_ground(found),
    )


def _ground(found: Any) -> str:
    kind = (found.provenance.get("ground") or {}).get("kind")
    return ground_words(kind) if kind else ""


def _found(public_id: str) -> Any:
    with db.read() as reading_session:
        return queries.by_public_id(reading_session, session.current_site().id, public_id)


def _of_its_file(found: Any, ask: Any) -> Any:
    try:
        return ask(uploads.path_of(found.stored or ""))
    except FileNotFoundError as error:
        raise NotFound(_("The file is not there any more. Upload it again.")) from error


def _read_as_chosen(found: Any) -> tuple[reading.Shape, list[str], dict[int, str]]:
    """The shape that the form asks for, with the names of the columns and the guess that follow."""
    before = operations.shape_of(found)
    encoding = request.form.get("encoding", before.encoding)
    if encoding not in reading.ENCODINGS:
        raise Invalid(_("This encoding is not known."))
    delimiter = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|"}.get(request.form.get("delimiter", ""))

    def shaped(path: Any) -> Any:
        shape = before if encoding == before.encoding else reading.shaped(path, encoding)
        shape = replace(shape, header=request.form.get("header") == "yes", delimiter=delimiter or shape.delimiter)
        return (shape, *taking.columns(path, shape))

    chosen: tuple[reading.Shape, list[str], dict[int, str]] = _of_its_file(found, shaped)
    return chosen


def _chosen_columns() -> dict[int, str]:
    mapping = {}
    for column in range(rules.MOST_COLUMNS):
        of = request.form.get(f"column-{column}", "")
        if of == rules.ATTRIBUTE:
            name = rules.line(request.form.get(f"attribute-{column}", ""))
            of = f"{of}{name}" if name else ""
        if of:
            mapping[column] = of
    return mapping


def _evidence(brought: Any) -> tuple[str, dict[str, Any]]:
    try:
        return taking.take_evidence(brought.stream, brought.filename)
    except Invalid as error:
        raise Invalid(error.message, fields={"evidence": [error.message]}) from error


def _most() -> int:
    return int(current_app.config["LEADCAPTURE"].import_mb) * 1_000_000


def _field_words() -> list[tuple[str, str]]:
    return [
        ("", _("(leave out)")),
        ("email", _("E-mail address")),
        ("name", _("Name")),
        ("phone", _("Phone")),
        ("language", _("Language")),
        ("topics", _("Topics")),
        ("consent_at", _("Time of the consent")),
        ("consent_page", _("Page of the consent")),
        (rules.ATTRIBUTE, _("Something else, called:")),
    ]
