"""The token that names a visitor.

It carries the site's key and an id made at random; the visitor's row is made with the first message. A token of another
site, or one we did not sign, is no token: its bearer is a new visitor.

The token of a verified visitor (identity.py) carries a mark of the secret by which the host site proved who it is, and
holds as long as that secret. No token without a mark ever names a verified visitor, for their ids are made only there.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass

from leadcapture import ids, signing
from leadcapture.errors import BadToken, Invalid
from leadcapture.i18n import gettext as _
from leadcapture.sites import queries as sites
from leadcapture.sites.models import Site

# What a browser that has no token yet makes at random, and sends with its first message until that is answered.
_KEY = re.compile(r"[A-Za-z0-9_-]{22,64}")


@dataclass(frozen=True)
class Token:
    """A visitor's token and the visitor it names; `new` where it was made just now, `verified` where the host site
    has proven who that is."""

    text: str
    visitor: str
    new: bool
    verified: bool = False


def check(site: Site, text: str | None, *, key: str | None = None) -> Token:
    """The token itself where it is one of this site that still holds, else a new one.

    With a `key` the new one is always the same: a first message that is sent again, because its answer was lost, comes
    from one visitor and not from two. Raises Invalid (bad_request) for a key that others could guess.
    """
    known = _known(site, text) if text else None
    if known:
        return known
    if key is not None and not _KEY.fullmatch(key):
        raise Invalid(_("This request cannot be read (%(name)s).", name="visitor_key"), code="bad_request")
    visitor = ids.new("visitor") if key is None else _visitor_of(site, key)
    return Token(signing.sign("visitor", f"{site.key}:{visitor}"), visitor, new=True)


def verified(site: Site, visitor: str, secret: str) -> Token:
    """The token of a visitor whom the host site has proven with that one of its secrets."""
    return Token(signing.sign("visitor", f"{site.key}:{visitor}:{_mark(secret)}"), visitor, new=False, verified=True)


def _known(site: Site, text: str) -> Token | None:
    try:
        parts = signing.verify("visitor", text).split(":")
    except BadToken:
        return None
    key, visitor, mark = (*parts, "", "")[:3]
    holds = not mark or any(hmac.compare_digest(mark, _mark(secret)) for secret in sites.identity_secrets(site))
    return Token(text, visitor, new=False, verified=bool(mark)) if key == site.key and visitor and holds else None


def _mark(secret: str) -> str:
    return hmac.new(secret.encode(), b"visitor's token", hashlib.sha256).hexdigest()[:16]


def _visitor_of(site: Site, key: str) -> str:
    # Nobody else can work out which visitor belongs to a key: what the service signs with is in it.
    return f"vis_{hashlib.sha256(signing.sign('first', f'{site.key}:{key}').encode()).hexdigest()[:24]}"
