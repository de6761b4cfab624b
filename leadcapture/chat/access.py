"""Who may speak for which site: the origin of a page, and the token that names a visitor.

The token carries the site's key and an id made at random; the visitor's row is made with the first message. A token of
another site, or one we did not sign, is no token: its bearer is a new visitor.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import current_app, g, request

from leadcapture import db, ids, signing
from leadcapture.errors import BadToken, Forbidden
from leadcapture.i18n import gettext as _
from leadcapture.sites import queries as site_queries
from leadcapture.sites import rules as site_rules
from leadcapture.sites.models import Site


@dataclass(frozen=True)
class Token:
    """A visitor's token and the visitor it names; `new` where it was made just now."""

    text: str
    visitor: str
    new: bool


def check_token(site_key: str, text: str | None) -> Token:
    """The token itself where it is one of this site, else a new one."""
    known = _visitor_of(site_key, text) if text else None
    if text and known:
        return Token(text, known, new=False)
    visitor = ids.new("visitor")
    return Token(signing.sign("visitor", f"{site_key}:{visitor}"), visitor, new=True)


def _visitor_of(site_key: str, text: str) -> str | None:
    try:
        key, _colon, visitor = signing.verify("visitor", text).rpartition(":")
    except BadToken:
        return None
    return visitor if key == site_key and visitor else None


def site_for_request(key: str) -> Site:
    """The site, when the page that asks may speak for it; notes that its origin was checked.

    A program that is no browser sends no Origin and is let in: nothing of its user's comes along by itself.
    Raises NotFound, Forbidden.
    """
    with db.read() as session:
        site = site_queries.by_key(session, key)
    origin = request.headers.get("Origin")
    if origin and not (origin == own_origin() or site_rules.origin_allowed(site.allowed_origins, origin)):
        raise Forbidden(_("This page may not speak for the site."))
    g.origin_checked = True
    return site


def own_origin() -> str:
    """The origin of our own pages."""
    parts = urlsplit(current_app.config["LEADCAPTURE"].public_url)
    return f"{parts.scheme}://{parts.netloc}"
