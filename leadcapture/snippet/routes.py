"""What a host page loads: the loader with the site's settings, and the configuration of the panel."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, current_app, g, jsonify, request

from leadcapture import clock, db, i18n, web
from leadcapture.chat import broadcast, files, pre_chat
from leadcapture.chat import queries as chat
from leadcapture.errors import Forbidden, NotFound
from leadcapture.forms import access, kinds, placement
from leadcapture.forms import queries as forms
from leadcapture.i18n import gettext as _
from leadcapture.settings import Settings
from leadcapture.sites import chat_settings
from leadcapture.sites import queries as sites
from leadcapture.sites import rules as site_rules
from leadcapture.snippet import invitations, rules

if TYPE_CHECKING:
    from leadcapture.sites.models import Site

blueprint = Blueprint("snippet", __name__)


@blueprint.get("/widget/<key>.js")
def widget(key: str) -> Response:
    """The script of the snippet: the loader and what its site has set, in one answer that is fresh for a minute."""
    try:
        script, status = _script(key), 200
    except NotFound:
        # The page's own console is where its owner looks, so the answer is a script that says what is wrong.
        script, status = "/* LeadCapture: no site has this key. Copy the line again from the site's settings. */\n", 404
    response = Response(script, status, mimetype="application/javascript")
    response.headers["Cache-Control"] = "public, max-age=60"
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    response.vary.add("Accept-Encoding")
    if status == 200:
        response.set_etag(rules.content_tag(script))
        response.make_conditional(request)
    return response


def _script(key: str) -> str:
    settings, now = _settings(), clock.now()
    with db.read() as session:
        site = sites.by_key(session, key)
        available = chat.available(session, now, site, settings.operator_grace)
        published = forms.published(session, site.id)
        inline = [form for form in published if form.inline]
        described = [access.described(session, now, form, site, site.language) for form in inline]
    chat_set = chat_settings.of(site.chat)
    placed = _placed(published, site.timezone, now) + invitations.placed(chat_set.invitations, now)
    # What the loader cannot paint it fetches when its place comes into view.
    basic = {form["slug"]: rules.lean(form) for form in described if not form["rich"]}
    config = rules.loader_config(
        base=settings.public_url,
        key=site.key,
        name=site.name,
        language=site.language,
        accent=site.accent,
        accent_text=site_rules.text_on(site.accent),
        position=site.position,
        available=available,
        panel=web.static_url("panel.js"),
        forms_module=web.static_url("forms.js"),
        placement=web.static_url("placement.js") if placed else None,
        wait=rules.first_delay(placed),
        watch=chat_set.see_visitors,
        launcher={language: _locale(language)["launcher_open"] for language in i18n.LANGUAGES},
    )
    return rules.snippet(
        _loader(web.manifest()["loader.js"]), json.dumps(config), json.dumps(basic), json.dumps(placed)
    )


@blueprint.route("/v1/<key>/config", methods=["GET"], provide_automatic_options=False)
def config(key: str) -> Response:
    """What the panel shows: branding, texts in the asked language, forms, and whether somebody can answer now."""
    settings, now = _settings(), clock.now()
    with db.read() as session:
        site = sites.by_key(session, key)
        _check_origin(site.allowed_origins, settings.public_url)
        language = i18n.best(request.args.get("lang"), site.language)
        available = chat.available(session, now, site, settings.operator_grace)
        published = forms.published(session, site.id)
        invited = invitations.worded(chat_settings.of(site.chat).invitations, now, language, site.language)
        with i18n.speaking(language):
            chat_now = broadcast.availability(available, site, now)
        response = jsonify(
            site=site.key,
            name=site.name,
            lang=language,
            dir=i18n.direction(language),
            accent=site.accent,
            accent_text=site_rules.text_on(site.accent),
            position=site.position,
            privacy_url=site.privacy_url,
            strings=_locale(language),
            forms_module=web.static_url("forms.js"),
            forms=[
                {
                    "slug": form.slug,
                    "kind": form.kind,
                    "title": kinds.by_name(form.kind).text("title", form.settings, site.name),
                    "menu": placement.offered(form.placement),
                }
                for form in published
            ],
            placed=_placed(published, site.timezone, now) + invited,
            offline_form=_slug_of("offline", published),
            chat=chat_now | _chat(site, language) | {"transcript_form": _slug_of("transcript", published)},
        )
    response.headers["Cache-Control"] = "no-cache"
    response.set_etag(rules.content_tag(response.get_data(as_text=True)))
    web.allow_origin(response)
    response.make_conditional(request)
    return response


@blueprint.route("/v1/<key>/config", methods=["OPTIONS"])
def config_preflight(key: str) -> Response:
    """What a browser asks before it asks."""
    with db.read() as session:
        _check_origin(sites.by_key(session, key).allowed_origins, _settings().public_url)
    return web.allow_origin(Response(status=204))


def _chat(site: Site, language: str) -> dict[str, Any]:
    """How the site's chat works, as far as the panel must know."""
    chosen = chat_settings.of(site.chat)
    most_mb = files.most_bytes(site) // 1_000_000
    return {
        "files": {"max_mb": most_mb, "accept": files.accepted()} if chosen.visitor_files else None,
        "preview_typing": chosen.preview_typing,
        "pre_chat": pre_chat.asked(chosen.pre_chat, language, site.language),
        "phone": chosen.phone,
        "watch": chosen.see_visitors,
    }


def _slug_of(kind: str, published: Iterable[Any]) -> str | None:
    return next((form.slug for form in published if form.kind == kind), None)


def _placed(published: Iterable[Any], timezone: str, now: datetime) -> list[dict[str, Any]]:
    """The forms that show themselves on pages now or soon, as the loader is told of them."""
    told = ((form.slug, placement.public(form.placement, now, timezone)) for form in published)
    return [{"slug": slug, **when} for slug, when in told if when]


def _check_origin(allowed: list[str], public_url: str) -> None:
    """Raises Forbidden for a page that is neither the site's nor ours; programs, which send no Origin, may read."""
    origin = request.headers.get("Origin")
    if origin and not site_rules.origin_allowed([*allowed, _origin_of(public_url)], origin):
        raise Forbidden(_("This page does not belong to the site."), code="wrong_origin")
    g.origin_checked = True


def _origin_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _settings() -> Settings:
    settings: Settings = current_app.config["LEADCAPTURE"]
    return settings


@cache
def _loader(file: str) -> str:
    return (web.STATIC / file).read_text(encoding="utf-8")


@cache
def _locale(language: str) -> dict[str, str]:
    strings: dict[str, str] = json.loads((web.STATIC / "locales" / f"{language}.json").read_text(encoding="utf-8"))
    return strings
