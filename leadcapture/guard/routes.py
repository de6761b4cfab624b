"""What is asked of every request before its edge: not too many presses of buttons on visitors' pages."""

from __future__ import annotations

from flask import Flask, request

from leadcapture import ratelimit, web
from leadcapture.guard import ceilings

# These count what comes by rules of their own: operators by their session, programs by their token or bearer.
WITH_RULES_OF_THEIR_OWN = ("/console/", "/api/", "/v1/", "/socket.io/")
WITHDRAWAL = "/unsubscribe/"


def init(app: Flask) -> None:
    """Count every POST to a page that a visitor opens, whichever edge it belongs to."""
    app.before_request(_count)


def _count() -> None:
    """Raises RateLimited."""
    if request.method != "POST" or request.path.startswith(WITH_RULES_OF_THEIR_OWN):
        return
    if request.path.startswith(WITHDRAWAL):
        # Mail programs withdraw for their users, thousands from few addresses (RFC 8058): each link counts for itself.
        ratelimit.hit("RATE_FORM", "withdrawal", request.path[:400])
        return
    ceilings.link(web.client_ip())
