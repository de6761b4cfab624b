"""Forms for the widget and other programs: described, sent, waited for. Open to the site's allowed origins alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, jsonify, request

from leadcapture import clock, db, i18n, ids, signing, web
from leadcapture.chat import access as chat
from leadcapture.chat import tokens
from leadcapture.errors import Invalid, NotFound
from leadcapture.forms import access, challenge, checking, held, intake, operations, queries, rules
from leadcapture.guard import ceilings, opened
from leadcapture.sites import queries as sites

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from leadcapture.sites.models import Site

blueprint = Blueprint("forms", __name__)


@blueprint.get("/v1/<key>/forms/<slug>", provide_automatic_options=False)
def describe(key: str, slug: str) -> Response:
    """The form described, with a fresh challenge."""
    now = clock.now()
    with db.read() as session:
        site = chat.site_for_request(key, session)
        form = queries.published_by_slug(session, site.id, slug)
        described = access.described(session, now, form, site, request.args.get("lang"))
    # Whoever asks for another challenge in the same filling brings the mark of when it was begun.
    opened_at = opened.at(form.public_id, request.args.get("opened")) or now
    response = jsonify(
        {
            **described,
            "challenge": challenge.create(now, form.public_id, opened_at),
            "opened": opened.sign(opened_at, form.public_id),
        }
    )
    response.headers["Cache-Control"] = "no-store"
    return web.allow_origin(response)


@blueprint.post("/v1/<key>/forms/<slug>", provide_automatic_options=False)
def submit(key: str, slug: str) -> Response:
    """Take what a visitor sent. Answers the same for an address in whatever state: new, pending, confirmed,
    suppressed."""
    now = clock.now()
    web.receive()
    with db.read() as session:
        site, fields = chat.site_for_request(key, session), web.body()
        form = queries.published_by_slug(session, site.id, slug)
        language = i18n.best(fields.get("lang"), request.args.get("lang"), site.language)
        i18n.use(language)
        payload = fields.get("altcha")
        ceilings.form(web.client_ip(), site.key, proven=bool(payload))
        if fields.get(operations.HONEYPOT):
            return _sent(site.key, ids.new("submission"), rules.clean_line(fields.get("email")))
        proof = challenge.check(now, form.public_id, payload) if payload else None
        checked = checking.check(session, now, form=form, site=site, fields=fields, language=language)
    opened_at = proof.opened_at if proof else opened.at(form.public_id, fields.get("opened"))
    signals = access.at_the_door(site, now, checked.address, opened_at=opened_at, proven=proof is not None)
    submission, changed = db.write(
        intake.accept,
        now,
        checked,
        access.evidence(fields, fields.get("page_url") or request.referrer, signals),
        mails=access.mail_settings(),
        visitor=_visitor(site),
        proof=proof,
    )
    access.announce(changed)
    return _sent(site.key, submission, checked.address.typed)


@blueprint.route("/v1/<key>/forms/<slug>", methods=["OPTIONS"])
def form_preflight(key: str, slug: str) -> Response:  # noqa: ARG001 the rule names both
    """What a browser asks before it asks."""
    chat.site_for_request(key)
    return web.allow_origin(Response(status=204))


@blueprint.get("/v1/submissions/<public_id>", provide_automatic_options=False)
def submission(public_id: str) -> Response:
    """How far a submission is, for the panel that waits for it."""
    token = web.bearer() or request.args.get("poll_token") or request.args.get("token", "")
    with db.read() as session:
        _check_poll_token(public_id, token, session)
        status, result = held.shown(session, public_id)
    return _state(status, result)


@blueprint.post("/v1/submissions/<public_id>/code", provide_automatic_options=False)
def code(public_id: str) -> Response:
    """Confirm by the code out of the mail."""
    fields = web.body()
    _check_asker(public_id, fields.get("poll_token") or web.bearer())
    ceilings.after_form(web.client_ip())
    outcome = db.write(intake.confirm_by_code, clock.now(), submission=public_id, code=fields.get("code", ""))
    if isinstance(outcome, Invalid):
        raise outcome
    access.announce(outcome.conversations)
    return _state("confirmed", outcome.result)


@blueprint.post("/v1/submissions/<public_id>/resend", provide_automatic_options=False)
def resend(public_id: str) -> Response:
    """Mail the link again, as often as the caps allow; the answer is always the same."""
    fields = web.body()
    _check_asker(public_id, fields.get("poll_token") or web.bearer())
    ceilings.after_form(web.client_ip())
    access.send_again(public_id)
    response = jsonify(status="confirmation_sent", message=intake.again_message())
    response.status_code = 202
    return web.allow_origin(response)


@blueprint.route("/v1/submissions/<public_id>", methods=["OPTIONS"])
@blueprint.route("/v1/submissions/<public_id>/code", methods=["OPTIONS"])
@blueprint.route("/v1/submissions/<public_id>/resend", methods=["OPTIONS"])
def submission_preflight(public_id: str) -> Response:
    """What a browser asks before it asks."""
    _check_asker(public_id, None)
    return web.allow_origin(Response(status=204))


def _sent(key: str, public_id: str, email: str) -> Response:
    response = jsonify(
        status="confirmation_sent",
        submission=public_id,
        poll_token=access.poll_token(key, public_id),
        message=intake.sent_message(email, access.settings().confirmation_days),
    )
    response.status_code = 202
    return web.allow_origin(response)


def _state(status: str, result: dict[str, Any] | None) -> Response:
    response = jsonify(status=status, result=result)
    response.headers["Cache-Control"] = "no-store"
    return web.allow_origin(response)


def _check_poll_token(public_id: str, token: str, session: Session | None = None) -> None:
    """Raises BadToken unless the token is this submission's, Forbidden for a page of another website."""
    key = signing.verify("submission", token).partition(".")[2]
    access.check_poll_token(key, public_id, token)
    chat.site_for_request(key, session)


def _check_asker(public_id: str, token: str | None) -> None:
    """As _check_poll_token; without a token the unguessable id itself must do, for nothing is told to who holds it.

    Raises NotFound where there is no such submission.
    """
    if token:
        _check_poll_token(public_id, token)
        return
    with db.read() as session:
        sent = queries.submission(session, public_id)
        if sent is None:
            raise NotFound("No such submission.")
        key = sites.by_id(session, sent.site_id).key
    chat.site_for_request(key)


def _visitor(site: Site) -> str | None:
    """The visitor of this site whose token came along; None without one: a question must not be lost for that."""
    given = web.bearer()
    token = tokens.check(site, given) if given else None
    return None if token is None or token.new else token.visitor
