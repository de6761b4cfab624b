"""Leaving: the unsubscribe link and the page of preferences. The token in the address is all the authority there is; no
cookie, no sign-in, and looking changes nothing."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from babel.dates import format_date
from flask import Blueprint, Response, current_app, jsonify, make_response, render_template, request

from leadcapture import clock, db, i18n, signing, web
from leadcapture.consent import operations, queries
from leadcapture.contacts import queries as contacts
from leadcapture.sites import queries as sites

blueprint = Blueprint("consent", __name__)


@blueprint.get("/unsubscribe/<token>")
def ask(token: str) -> Response:
    """One button."""
    contact, site = _whose("unsubscribe", token)
    return _page("consent/unsubscribe.html", site, contact, token=token)


@blueprint.post("/unsubscribe/<token>")
def unsubscribe(token: str) -> Response:
    """Withdraw everything: by the page's button, or by the mail program itself (RFC 8058), which gets its 200 at
    once."""
    contact, site = _whose("unsubscribe", token)
    one_click = request.form.get("List-Unsubscribe") == "One-Click"
    db.write(
        operations.withdraw,
        clock.now(),
        contact=contact,
        method="one_click" if one_click else "unsubscribe_link",
        **_asker(),
    )
    return _page("consent/unsubscribed.html", site, contact)


@blueprint.get("/preferences/<token>")
def preferences(token: str) -> Response:
    """What is held about the person, and what they agree to."""
    contact, site = _whose("preferences", token)
    return _preferences(site, contact, token)


@blueprint.post("/preferences/<token>")
def save(token: str) -> Response:
    """Withdraw each purpose that was shown and is no longer ticked."""
    contact, site = _whose("preferences", token)
    fields = web.body()
    for purpose in set(fields.getlist("shown")) - set(fields.getlist("keep")):
        db.write(operations.withdraw, clock.now(), contact=contact, method="preferences", purpose=purpose, **_asker())
    return _preferences(site, contact, token, saved=True)


@blueprint.get("/preferences/<token>/data.json")
def download(token: str) -> Response:
    """Everything held about the person's address and consents, for a program to read."""
    contact, site = _whose("preferences", token)
    with db.read() as session:
        history = queries.history(session, contact.id)
    response = jsonify(
        site=site.name,
        email=contact.email,
        name=contact.name,
        phone=contact.phone,
        language=contact.language,
        status=contact.status,
        source=contact.source,
        attributes=contact.attributes,
        confirmed_at=clock.wire(contact.confirmed_at),
        consents=[
            {
                "action": entry.action,
                "purpose": entry.purpose,
                "statement": entry.statement,
                "statement_version": entry.statement_version,
                "method": entry.method,
                "page_url": entry.page_url,
                "ip": entry.ip,
                "user_agent": entry.user_agent,
                "requested_at": clock.wire_or_none(entry.requested_at),
                "at": clock.wire(entry.at),
            }
            for entry in reversed(history)
        ],
    )
    response.headers["Content-Disposition"] = 'attachment; filename="what-is-kept-about-me.json"'
    return _private(response)


def _whose(purpose: str, token: str) -> tuple[Any, Any]:
    """The contact that the token names, and its site; the page speaks the contact's language. Raises BadToken,
    NotFound."""
    public_id = signing.verify(purpose, token)
    with db.read() as session:
        contact = contacts.by_token_id(session, public_id)
        site = sites.by_id(session, contact.site_id)
    i18n.use(i18n.best(request.args.get("lang"), contact.language))
    return contact, site


def _asker() -> dict[str, str | None]:
    stores_ip = current_app.config["LEADCAPTURE"].store_ip
    return {
        "ip": web.client_ip() if stores_ip else None,
        "user_agent": request.headers.get("User-Agent", "")[:400],
    }


def _preferences(site: Any, contact: Any, token: str, *, saved: bool = False) -> Response:
    with db.read() as session:
        granted = queries.granted(session, contact.id)
    dates = {moment: _day(moment) for moment in [contact.confirmed_at, *(consent.at for consent in granted)]}
    return _page("consent/preferences.html", site, contact, token=token, granted=granted, dates=dates, saved=saved)


def _page(name: str, site: Any, contact: Any, **values: Any) -> Response:
    token = signing.sign("preferences", contact.public_id)
    return _private(make_response(render_template(name, site=site, contact=contact, preferences_token=token, **values)))


def _private(response: Response) -> Response:
    # The address of such a page is a key: it goes into no Referer and no cache.
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    return response


def _day(moment: datetime) -> str:
    return format_date(moment, format="long", locale=i18n.language())
