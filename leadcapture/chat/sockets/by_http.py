"""The visitors' events by plain HTTP, for networks that block WebSockets: `POST /v1/SITE_KEY/chat/events/EVENT` with
the event's payload as JSON. Messages have a call of their own (chat/routes.py)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, jsonify, request

from leadcapture import clock, db, i18n, ratelimit, web
from leadcapture.chat import access, blocking, protocol, queries, sightings, tokens, visits
from leadcapture.chat.live import VisitorSocket
from leadcapture.chat.sockets import VISITOR_HANDLERS
from leadcapture.chat.sockets.events import Answer
from leadcapture.chat.tokens import Token
from leadcapture.errors import Invalid, NotFound, Unauthorized
from leadcapture.guard import ceilings
from leadcapture.i18n import gettext as _

if TYPE_CHECKING:
    from leadcapture.sites.models import Site

blueprint = Blueprint("chat_events", __name__)

# What a visitor may say before the first message; everything else is about a conversation.
BEFORE_ANY_MESSAGE = ("identify", "answers")
WITH_A_CALL_OF_THEIR_OWN = ("message", "sync")


@blueprint.route("/v1/<key>/chat/events/<event>", methods=["OPTIONS"])
def preflight(key: str, event: str) -> Response:  # noqa: ARG001 every event is answered alike
    """Lets pages of the site's origins send their token along."""
    access.site_for_request(key)
    return web.allow_origin(Response(status=204))


@blueprint.post("/v1/<key>/chat/events/<event>")
def post(key: str, event: str) -> Response:
    """Do what the event of that name does on a socket; the answer is its acknowledgement."""
    site = access.site_for_request(key)
    spoken = (code for code, _quality in request.accept_languages)
    language = i18n.best(request.args.get("lang"), *spoken, site.language)
    i18n.use(language)
    handler = VISITOR_HANDLERS.get(event)
    if handler is None or event in WITH_A_CALL_OF_THEIR_OWN:
        raise NotFound("No such event.")
    given = request.get_json(silent=True)
    if not isinstance(given, dict):
        raise Invalid(_("The body must be a JSON object."), code="bad_request")
    token = tokens.check(site, web.bearer(), key=protocol.text(given, "visitor_key", "") or None)
    if token.new:
        ceilings.connection(web.client_ip(), site.key)
        if event not in BEFORE_ANY_MESSAGE:
            raise Unauthorized(_("Send a message first."))
    ratelimit.hit("RATE_MESSAGE", f"{token.visitor}:events")
    with db.read() as session:
        blocking.check(session, clock.now(), token.visitor)
    if event == "identify":
        return web.allow_origin(jsonify(_identify(site, token, given, language)))
    if event == "page":
        # No tab is known that shows it: what counts is that they have written.
        page = sightings.page(given, clock.now())
        visits.keep(site.id, token.visitor, None, [page] if page else [])
        return web.allow_origin(jsonify(ok=True))
    socket = VisitorSocket("", site.id, token.visitor, language, protocol.page_address(given), token=token.text)
    return web.allow_origin(jsonify(handler(socket, given)))


def _identify(site: Site, token: Token, given: Mapping[str, Any], language: str) -> Answer:
    token = visits.identify(site, token, given, language)
    with db.read() as session:
        thread = queries.visitors_thread(session, clock.now(), site.id, token.visitor)
    conversation = None if thread is None else thread.public_id
    return {"ok": True, "token": token.text, "verified": token.verified, "conversation": conversation}
