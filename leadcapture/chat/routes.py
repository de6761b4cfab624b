"""The same chat by two plain HTTP calls, for networks that block WebSockets; and files, which always come and go by
HTTP. Any process may answer any of them."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

from flask import Blueprint, Response, jsonify, request, send_file

from leadcapture import clock, db, i18n, ratelimit, signing, uploads, web
from leadcapture.chat import (
    access,
    broadcast,
    editing,
    files,
    live,
    posting,
    protocol,
    queries,
    thumbnails,
    tokens,
    visits,
)
from leadcapture.chat.queries import Thread
from leadcapture.errors import Forbidden, Invalid, NotFound, Unauthorized
from leadcapture.guard import ceilings
from leadcapture.i18n import gettext as _
from leadcapture.sites import chat_settings

blueprint = Blueprint("chat", __name__)

LONGEST_WAIT = 25.0  # seconds
# A message stored by another process wakes nobody here: how often a waiting request looks by itself.
LOOK_AGAIN = 1.0
# Requests of one visitor that wait at once in a process: a tab has one; each looks into the database.
MOST_WAITING = 10
_waiting: Counter[str] = Counter()


@blueprint.route("/v1/<key>/chat/files", methods=["OPTIONS"])
@blueprint.route("/v1/<key>/chat/messages", methods=["OPTIONS"])
def preflight(key: str) -> Response:
    """Lets pages of the site's origins send their token along."""
    access.site_for_request(key)
    return web.allow_origin(Response(status=204))


@blueprint.post("/v1/<key>/chat/messages")
def post(key: str) -> Response:
    """Store a message; the answer is the acknowledgement, the visitor's token and the conversation."""
    site = access.site_for_request(key)
    _speak(site.language)
    given = request.get_json(silent=True) if request.is_json else request.form.to_dict()
    if not isinstance(given, dict):
        raise Invalid(_("The body must be a JSON object."), code="bad_request")
    token = tokens.check(site, web.bearer(), key=protocol.text(given, "visitor_key", "") or None)
    if token.new:
        ceilings.connection(web.client_ip(), site.key)
    ratelimit.hit("RATE_MESSAGE", token.visitor)
    incoming = protocol.incoming(given)
    if _thread(site.id, token.visitor) is None:
        ceilings.conversation(web.client_ip(), site.key)
    token, _doubt = visits.who(site, token, given, i18n.language())
    posted = db.write(
        posting.by_visitor,
        clock.now(),
        site_id=site.id,
        visitor=token.visitor,
        incoming=incoming,
        available=live.site_available(site.id),
        language=i18n.language(),
    )
    broadcast.message_posted(posted)
    if posted.message.seq == 1:
        visits.wrote_by_http(site.id, token.visitor, given, request.headers.get("User-Agent", ""))
    return web.allow_origin(jsonify(posted.message.acknowledgement() | {"token": token.text}))


@blueprint.get("/v1/<key>/chat/messages")
def get(key: str) -> Response:
    """Messages after a number; waits up to `wait` seconds (at most LONGEST_WAIT) for one when there is none.

    A change of the conversation's status, of the place in the queue or of the availability ends the waiting too.
    """
    site = access.site_for_request(key)
    _speak(site.language)
    token = tokens.check(site, web.bearer())
    if token.new:
        raise Unauthorized(_("Send a message first."))
    after_seq = min(max(0, request.args.get("after_seq", 0, type=int)), protocol.LARGEST_SEQ)
    wait = min(max(0.0, request.args.get("wait", 0.0, type=float)), LONGEST_WAIT)
    asked_rev = request.args.get("after_rev", type=int)
    after_rev = None if asked_rev is None else min(max(0, asked_rev), protocol.LARGEST_SEQ)
    ratelimit.hit("RATE_MESSAGE", f"{token.visitor}:gets")
    if _waiting[token.visitor] >= MOST_WAITING:
        wait = 0.0
    _waiting[token.visitor] += 1
    try:
        thread = _news_for(site.id, token.visitor, after_seq, after_rev, wait)
    finally:
        _waiting[token.visitor] -= 1
        if not _waiting[token.visitor]:
            del _waiting[token.visitor]
    available = broadcast.availability(live.site_available(site.id), site, clock.now())
    return web.allow_origin(jsonify(_answer(thread, after_seq, after_rev) | available))


@blueprint.post("/v1/<key>/chat/files")
def upload(key: str) -> tuple[Response, int]:
    """Take in a file (the field `file`) for a message that the visitor sends next: what is told of it, and the
    visitor's token."""
    site = access.site_for_request(key)
    _speak(site.language)
    if not chat_settings.of(site.chat).visitor_files:
        raise Forbidden(_("This site takes no files here."), code="not_allowed")
    most = files.most_bytes(site)
    web.allow_upload(most)
    ceilings.upload(web.client_ip())
    given = web.uploaded(most)
    token = tokens.check(site, web.bearer(), key=request.form.get("visitor_key") or None)
    ratelimit.hit("RATE_UPLOAD", token.visitor)
    kept = files.keep(given.stream, given.filename or "", most, site_id=site.id, visitor=token.visitor)
    return web.allow_origin(jsonify(file=kept.wire(), token=token.text)), 201


@blueprint.get("/files/<public_id>/<name>")
def file(public_id: str, name: str) -> Response:  # noqa: ARG001 the name is for people; what counts is the row's
    """A conversation's file for who has its signed link: to be saved, never shown as a page."""
    found = _file(public_id)
    return web.attachment(_lies(found.stored), found.name, found.content_type)


@blueprint.get("/files/<public_id>/thumb")
def thumb(public_id: str) -> Response:
    """The small image that was made of an image: the one thing of a stranger's file that is shown."""
    found = _file(public_id)
    if found.thumb is None:
        raise NotFound("No thumbnail.")
    answer = send_file(_lies(found.thumb), mimetype=thumbnails.CONTENT_TYPE, conditional=False, etag=False)
    answer.headers.pop("Last-Modified", None)
    answer.headers["Cache-Control"] = "private, max-age=86400, immutable"
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    answer.headers["X-Robots-Tag"] = "noindex"
    return answer


def _file(public_id: str) -> files.Lying:
    if signing.verify("file", request.args.get("t", "")) != public_id:
        raise NotFound("No such file.")
    with db.read() as session:
        return files.find(session, clock.now(), public_id)


def _lies(stored: str) -> Path:
    try:
        return uploads.path_of(stored)
    except FileNotFoundError as error:
        raise NotFound(_("This file is not there any more.")) from error


def _news_for(site_id: int, visitor: str, after_seq: int, after_rev: int | None, wait: float) -> Thread | None:
    """The visitor's conversation as soon as there is something new in it or about it, `wait` seconds from now at
    latest."""
    ends = time.monotonic() + wait
    thread = _thread(site_id, visitor)
    known = _state(site_id, thread)
    while _state(site_id, thread) == known and not _news(thread, after_seq, after_rev):
        left = ends - time.monotonic()
        if left <= 0:
            break
        broadcast.wait(visitor, min(left, LOOK_AGAIN))
        thread = _thread(site_id, visitor)
    return thread


def _news(thread: Thread | None, after_seq: int, after_rev: int | None) -> bool:
    if thread is None:
        return False
    return thread.last_seq > after_seq or (after_rev is not None and thread.rev > after_rev)


def _answer(thread: Thread | None, after_seq: int, after_rev: int | None) -> dict[str, object]:
    answer: dict[str, object] = {"messages": [], "next": 0, "more": False, "changed": [], "rev": 0}
    if thread is not None:
        with db.read() as session:
            page = queries.visitors_page(session, thread, after_seq)
            answer = editing.with_changes(session, thread, page, after_rev, notes=False)
    told = {} if thread is None else thread.for_visitor()
    return {
        **answer,
        "conversation": told.get("id"),
        "status": told.get("status"),
        "operator": told.get("operator"),
        "place": told.get("place"),
        "joined": told.get("joined", []),
    }


def _state(site_id: int, thread: Thread | None) -> tuple[object, ...]:
    told = thread and (thread.public_id, thread.status, thread.operator_name, thread.place, thread.joined)
    return told, live.site_available(site_id)


def _thread(site_id: int, visitor: str) -> Thread | None:
    with db.read() as session:
        return queries.visitors_thread(session, clock.now(), site_id, visitor)


def _speak(sites_own: str) -> None:
    i18n.use(i18n.best(request.args.get("lang"), *(code for code, _quality in request.accept_languages), sites_own))
