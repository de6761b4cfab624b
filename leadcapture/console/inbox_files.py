"""Files that operators send: uploaded from the inbox, then carried by a message."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify, request

from leadcapture import db, uploads, web
from leadcapture.chat import files, queries
from leadcapture.errors import LeadCaptureError, RateLimited
from leadcapture.operators import session
from leadcapture.sites import queries as sites

blueprint = Blueprint("console_inbox_files", __name__)


@blueprint.url_value_preprocessor
def _allow_large_uploads(endpoint: str | None, _values: dict[str, Any] | None) -> None:
    # Before anything reads the body (the check of the CSRF token does), and for people who are signed in alone.
    if endpoint == "console_inbox_files.upload" and session.may("operator"):
        web.allow_upload(uploads.most_bytes())


@blueprint.post("/console/inbox/files")
@session.require()
def upload() -> tuple[Response, int]:
    """Take in a file (the field `file`) for a message that the operator sends next. Where the field `conversation` says
    in which one, it must be the operator's to answer."""
    try:
        return jsonify(file=_kept()), 201
    except LeadCaptureError as error:
        answer = jsonify(web.error_body(error))
        if isinstance(error, RateLimited):
            answer.headers["Retry-After"] = str(error.retry_after)
        return answer, error.status


def _kept() -> dict[str, Any]:
    operator, site = session.current_operator(), session.current_site()
    given = web.uploaded(uploads.most_bytes())
    conversation = request.form.get("conversation", "")
    if conversation:
        with db.read() as reading:
            thread = queries.operators_thread(reading, operator.id, operator.session_epoch, conversation)
            site = sites.by_id(reading, thread.site_id)
    name, most = given.filename or "", files.most_bytes(site)
    return files.keep(given.stream, name, most, site_id=site.id, operator_id=operator.id).wire()
