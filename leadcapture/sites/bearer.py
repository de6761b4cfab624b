"""Which site's program calls: every call of the API carries `Authorization: Bearer lc_…`."""

from __future__ import annotations

from datetime import timedelta

from leadcapture import clock, db, ratelimit, web
from leadcapture.errors import Unauthorized
from leadcapture.sites import operations, queries
from leadcapture.sites.models import Site

# "Last used" is for people who tidy up; a write for each call would cost more than it tells.
NOTED_EVERY = timedelta(minutes=10)


def site_of_request() -> Site:
    """The site whose program makes this request.

    Raises Unauthorized without a token that holds, RateLimited when it calls too often (RATE_API).
    """
    token = web.bearer() or ""
    if not token.startswith("lc_"):
        raise Unauthorized("Send a token: Authorization: Bearer lc_…")
    with db.read() as session:
        found = queries.by_token(session, operations.token_digest(token))
    if found is None:
        raise Unauthorized("This token is not valid.")
    known, site = found
    ratelimit.hit("RATE_API", known.public_id)
    now = clock.now()
    if known.used_at is None or known.used_at < now - NOTED_EVERY:
        db.write(operations.token_used, now, token_id=known.id)
    return site
