"""Who a visitor is on the host site, proven by the host site's signature.

There are two proofs. HMAC-SHA256 (RFC 2104) of the user's id, in hex, says who it is and holds for ever. A JWT
(RFC 7519) by HS256 holds until its `exp` and may vouch for a name and an address. Both are made with the site's secret,
which never leaves the host site's server; nobody else can say that he is this user.

A verified person has one visitor's row on all devices. Its id is made here, so no anonymous visitor's token ever names
it; what somebody said before he identified himself goes over to it. A proof makes no contact and allows no mail.
"""

from __future__ import annotations

import hashlib
import hmac
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from leadcapture import ids
from leadcapture.chat import rules, tokens
from leadcapture.chat.models import ChatFile, PageView, Visitor
from leadcapture.chat.queries import conversations
from leadcapture.errors import Invalid, Unauthorized
from leadcapture.i18n import gettext as _
from leadcapture.sites import queries as sites
from leadcapture.sites.models import Site

LONGEST_USER_ID = 200  # characters
LONGEST_JWT = 4096
LEEWAY = 10  # seconds by which the host site's clock may be off

c = conversations.c
files = cast(Table, ChatFile.__table__)
page_views = cast(Table, PageView.__table__)


@dataclass(frozen=True)
class Claim:
    """What a proof says. `secret` is the one it was made with; `vouched` whether name and address are in the proof,
    or only stood beside it."""

    user_id: str
    name: str
    email: str
    secret: str
    vouched: bool


@dataclass(frozen=True)
class Identified:
    """The verified visitor's token, and what came over from the anonymous one: the public ids of the conversations
    that did, and of those that were closed because a newer one goes on."""

    token: tokens.Token
    moved: list[str]
    closed: list[str]


# ---- the proof -------------------------------------------------------------------------------------------------------


def proven(identity: Mapping[str, Any], secrets: Sequence[str]) -> Claim:
    """What `{user_id, hash}` or `{jwt}` proves by one of the site's secrets.

    Raises Invalid (bad_request) for what is neither, Unauthorized with a sentence for the host site's developer.
    """
    if not secrets:
        raise Unauthorized(_("This site has no secret yet: make one in the console, under Chat."))
    if identity.get("jwt") is not None:
        return _by_jwt(identity["jwt"], secrets)
    return _by_hash(identity, secrets)


def _by_hash(identity: Mapping[str, Any], secrets: Sequence[str]) -> Claim:
    user_id, given = _user_id(identity.get("user_id")), identity.get("hash")
    if not isinstance(given, str) or not given.isascii():
        raise Invalid(_("This request cannot be read (%(name)s).", name="hash"), code="bad_request")
    for secret in secrets:
        expected = hmac.new(secret.encode(), user_id.encode(), hashlib.sha256).hexdigest()
        if hmac.compare_digest(expected, given.lower()):
            return Claim(user_id, _line(identity, "name", 120), _line(identity, "email", 320), secret, vouched=False)
    raise Unauthorized(_("The hash does not fit the user id. Make it on your server, with the secret of this site."))


def _by_jwt(text: object, secrets: Sequence[str]) -> Claim:
    import jwt  # here, because it takes long and starting must not

    if not isinstance(text, str) or len(text) > LONGEST_JWT:
        raise Invalid(_("This request cannot be read (%(name)s).", name="jwt"), code="bad_request")
    for secret in secrets:
        try:
            # The algorithm is ours to say, never the token's (RFC 8725, 3.1).
            claims = jwt.decode(
                text, secret, algorithms=["HS256"], leeway=LEEWAY, options={"require": ["exp", "sub"]}
            )  # fmt: skip
        except jwt.InvalidSignatureError:
            continue
        except jwt.ExpiredSignatureError as error:
            raise Unauthorized(_("The token has expired. Make a new one for each page.")) from error
        except jwt.PyJWTError as error:
            raise Unauthorized(_("This token does not hold (%(reason)s).", reason=str(error)[:120])) from error
        user_id = _user_id(claims["sub"])
        return Claim(user_id, _line(claims, "name", 120), _line(claims, "email", 320), secret, vouched=True)
    raise Unauthorized(_("The token was not signed with the secret of this site."))


def _user_id(value: object) -> str:
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if (
        not isinstance(text, str)
        or not 1 <= len(text) <= LONGEST_USER_ID
        or any(unicodedata.category(char) in ("Cc", "Cs") for char in text)
    ):
        raise Invalid(_("This request cannot be read (%(name)s).", name="user_id"), code="bad_request")
    return text


def _line(values: Mapping[str, Any], name: str, longest: int) -> str:
    value = values.get(name)
    return rules.clean_line(value, longest) if isinstance(value, str) else ""


# ---- the visitor's row -----------------------------------------------------------------------------------------------


def visitor_of(
    session: Session, now: datetime, *, site: Site, identity: Mapping[str, Any], token: tokens.Token, language: str
) -> Identified:
    """The visitor that the proof names, who takes over what the anonymous bearer of `token` has said.

    Of two tabs at once the second finds the first one's row. Raises as `proven` does.
    """
    claim = proven(identity, sites.identity_secrets(site))
    verified = _row_of(session, now, site.id, claim.user_id, language)
    known: dict[str, Any] = {"verified_at": now, "seen_at": now}
    if claim.vouched:
        known["user"] = {name: text for name, text in (("name", claim.name), ("email", claim.email)) if text}
    if claim.name and (claim.vouched or not verified.name):
        known["name"] = claim.name
    for name, value in known.items():
        setattr(verified, name, value)
    moved: list[str] = []
    # Whoever signs in after somebody else in the same browser takes nothing of his.
    if not token.verified:
        moved = _take_over(session, site.id, token.visitor, verified)
    session.flush()
    closed = _close_older(session, now, verified.id) if moved else []
    return Identified(tokens.verified(site, verified.public_id, claim.secret), moved, closed)


def _row_of(session: Session, now: datetime, site_id: int, user_id: str, language: str) -> Visitor:
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    session.execute(
        dialect.insert(Visitor)
        .values(
            public_id=ids.new("visitor"), site_id=site_id, user_id=user_id, name="", language=language, page_url="",
            created_at=now, seen_at=now,
        )
        .on_conflict_do_nothing(index_elements=["site_id", "user_id"])
    )  # fmt: skip
    return session.execute(
        select(Visitor).where(Visitor.site_id == site_id, Visitor.user_id == user_id).with_for_update()
    ).scalar_one()


def _take_over(session: Session, site_id: int, anonymous: str, verified: Visitor) -> list[str]:
    """The public ids of the conversations that were the anonymous visitor's and are the verified one's now."""
    before = session.execute(
        select(Visitor)
        .where(Visitor.site_id == site_id, Visitor.public_id == anonymous, Visitor.user_id.is_(None))
        .with_for_update()
    ).scalar_one_or_none()
    if before is None:
        return []
    moved = session.scalars(
        update(conversations).where(c.visitor_id == before.id).values(visitor_id=verified.id).returning(c.public_id)
    ).all()
    session.execute(update(page_views).where(page_views.c.visitor_id == before.id).values(visitor_id=verified.id))
    session.execute(update(files).where(files.c.visitor == anonymous).values(visitor=verified.public_id))
    for name in ("name", "referrer", "utm"):
        setattr(verified, name, getattr(verified, name) or getattr(before, name))
    for name in ("page_url", "timezone", "device", "language"):
        setattr(verified, name, getattr(before, name) or getattr(verified, name))
    verified.visits = max(verified.visits, before.visits)
    if before.answers:
        verified.answers = {**(verified.answers or {}), **before.answers}
    # Nobody shakes a block off by signing in.
    if before.blocked_until and (verified.blocked_until is None or before.blocked_until > verified.blocked_until):
        verified.blocked_until, verified.blocked_by_id = before.blocked_until, before.blocked_by_id
    # The row stays, for another tab may be writing as this visitor; nothing that tells who it was does.
    before.name = before.page_url = before.timezone = before.device = before.referrer = ""
    before.answers = before.utm = None
    return list(moved)


def _close_older(session: Session, now: datetime, visitor_id: int) -> list[str]:
    """A visitor has one open conversation: close all but the newest; the public ids of those that were open."""
    newest = select(c.id).where(c.visitor_id == visitor_id).order_by(c.id.desc()).limit(1).scalar_subquery()
    older = (c.visitor_id == visitor_id) & (c.id != newest) & (c.status != rules.CLOSED)
    values = {"status": rules.CLOSED, "closed_at": now, "waiting_since": None, "missed_at": None}
    return list(session.scalars(update(conversations).where(older).values(values).returning(c.public_id)))
