"""Which pages may speak for a site. Who speaks is told by the visitor's token (tokens.py)."""

from __future__ import annotations

from contextlib import nullcontext
from urllib.parse import urlsplit

from flask import current_app, g, request
from sqlalchemy.orm import Session

from leadcapture import db
from leadcapture.errors import Forbidden
from leadcapture.i18n import gettext as _
from leadcapture.sites import queries as site_queries
from leadcapture.sites import rules as site_rules
from leadcapture.sites.models import Site


def site_for_request(key: str, session: Session | None = None) -> Site:
    """The site (read in that session, where there is one), when the page that asks may speak for it; notes that its
    origin was checked.

    A program that is no browser sends no Origin and is let in: nothing of its user's comes along by itself.
    Raises NotFound, Forbidden.
    """
    with nullcontext(session) if session else db.read() as reading:
        site = site_queries.by_key(reading, key)
    origin = request.headers.get("Origin")
    if origin and not (origin == own_origin() or site_rules.origin_allowed(site.allowed_origins, origin)):
        raise Forbidden(_("This page may not speak for the site."))
    g.origin_checked = True
    return site


def own_origin() -> str:
    """The origin of our own pages."""
    parts = urlsplit(current_app.config["LEADCAPTURE"].public_url)
    return f"{parts.scheme}://{parts.netloc}"
