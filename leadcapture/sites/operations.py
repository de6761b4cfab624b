"""Writing sites."""

from __future__ import annotations

import dataclasses
import hashlib
import secrets
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import update as sql_update
from sqlalchemy.orm import Session

from leadcapture import ids, signing
from leadcapture.errors import BadToken, Conflict, Invalid, NotFound
from leadcapture.i18n import gettext as _
from leadcapture.sites import chat_settings, protection, queries, retention_settings, rules
from leadcapture.sites.kept import Kept
from leadcapture.sites.models import ApiToken, Site

CHANGEABLE = frozenset(
    {
        "name", "allowed_origins", "timezone", "hours", "language", "accent", "position", "reply_time", "privacy_url",
        "sender_name", "sender_email", "chat", "protection", "retention",
    }
)  # fmt: skip


def create(
    session: Session,
    now: datetime,
    *,
    name: str,
    allowed_origins: Sequence[str] = (),
    key: str | None = None,
    **settings: Any,
) -> Site:
    """A new site with its own key; `settings` are further columns.

    Raises Invalid for a name or origin that will not do.
    """
    site = Site(key=key or ids.new("site"), name="", allowed_origins=[], created_at=now, updated_at=now, **settings)
    session.add(site)
    _change(site, {"name": name, "allowed_origins": list(allowed_origins)})
    session.flush()
    return site


def update(session: Session, now: datetime, *, site_id: int, **settings: Any) -> Site:
    """Change what the owner sets; see CHANGEABLE. The recipient has a life of its own: see `set_recipient`.

    Raises Invalid with the fields that will not do.
    """
    site = queries.by_id(session, site_id)
    _change(site, settings)
    site.updated_at = now
    return site


def change_chat(session: Session, now: datetime, *, site_id: int, **values: Any) -> Site:
    """Change some of how the site's chat works (see chat_settings); what is not named stays as it is.

    Raises Invalid with the settings that will not do.
    """
    return _change_kept(session, now, site_id, "chat", lambda site: chat_settings.of(site.chat), values)


def change_protection(session: Session, now: datetime, *, site_id: int, **values: Any) -> Site:
    """Change some of how the site protects itself (see protection); what is not named stays as it is.

    Raises Invalid with the settings that will not do.
    """
    return _change_kept(session, now, site_id, "protection", lambda site: protection.of(site), values)


def change_retention(session: Session, now: datetime, *, site_id: int, **values: Any) -> Site:
    """Change how long the site keeps some kinds of data (see retention_settings); what is not named stays as it is.

    Raises Invalid with the settings that will not do.
    """
    return _change_kept(session, now, site_id, "retention", lambda site: retention_settings.of(site), values)


def set_recipient(session: Session, now: datetime, *, site_id: int, email: str | None) -> bool:
    """Set who gets offline questions by e-mail; returns whether that address is still to be verified by its owner."""
    site = queries.by_id(session, site_id)
    if email != site.recipient_email:
        site.recipient_email = email
        site.recipient_verified_at = None
        site.updated_at = now
    return email is not None and site.recipient_verified_at is None


def recipient_token(site: Site) -> str:
    """The token of the link by which the recipient's address is verified: good for this site and this address alone."""
    return signing.sign("recipient", f"{site.key}:{site.recipient_email}")


def recipient_of(session: Session, token: str) -> Site:
    """The site whose recipient a token verifies.

    Raises BadToken, or Conflict when another recipient was set meanwhile.
    """
    key, _colon, email = signing.verify("recipient", token).partition(":")
    site = queries.find(session, key)
    if site is None:
        raise BadToken(_("This link is not valid."))
    if site.recipient_email != email:
        raise Conflict(_("This link is for an address that gets no questions any more."), code="other_recipient")
    return site


def verify_recipient(session: Session, now: datetime, *, token: str) -> Site:
    """The recipient agreed to get the site's questions; again changes nothing. Raises as `recipient_of` does."""
    site = recipient_of(session, token)
    site.recipient_verified_at = site.recipient_verified_at or now
    return site


def create_token(
    session: Session, now: datetime, *, site_id: int, name: str, token: str | None = None
) -> tuple[ApiToken, str]:
    """A token for a program of the site's owner, and its plain text, which is known only now. `token` gives it a text
    of one's own, at least 20 characters after `lc_`.

    Raises Invalid without a name.
    """
    name = " ".join(name.split())[:120]
    if not name:
        raise Invalid(_("A token needs a name."), fields={"name": [_("Say what will use it.")]})
    token = token or f"lc_{secrets.token_urlsafe(30)}"
    made = ApiToken(public_id=ids.new("token"), site_id=site_id, name=name, digest=token_digest(token), created_at=now)
    session.add(made)
    session.flush()
    return made, token


def token_digest(token: str) -> str:
    """What is kept of a token. It is as long as a key, so a plain hash cannot be guessed back."""
    return hashlib.sha256(token.encode()).hexdigest()


def revoke_token(session: Session, now: datetime, *, site_id: int, public_id: str) -> None:
    """End a token; again changes nothing. Raises NotFound for a token of another site."""
    token = queries.token(session, site_id, public_id)
    if token is None:
        raise NotFound("No such token.")
    token.revoked_at = token.revoked_at or now


def token_used(session: Session, now: datetime, *, token_id: int) -> None:
    """Note when a token was used last."""
    session.execute(sql_update(ApiToken).where(ApiToken.id == token_id).values(used_at=now))


def new_identity_secret(session: Session, now: datetime, *, site_id: int) -> str:
    """A new secret for the host site to sign its users' ids with; from now on it is the first of
    `queries.identity_secrets`.

    The one before holds on until `end_old_identity_secret`, so that the host site can change over without a gap.
    """
    site = session.get_one(Site, site_id, with_for_update=True)
    secret = secrets.token_urlsafe(32)  # 256 bits, as HS256 wants (RFC 7518, 3.2)
    site.identity_secret = ",".join((secret, *queries.identity_secrets(site)[:1]))
    site.updated_at = now
    return secret


def end_old_identity_secret(session: Session, now: datetime, *, site_id: int) -> None:
    """From now on the newest secret alone holds; what was proven with another has to be proven anew."""
    site = session.get_one(Site, site_id, with_for_update=True)
    site.identity_secret = next(iter(queries.identity_secrets(site)), None)
    site.updated_at = now


def _change_kept(
    session: Session, now: datetime, site_id: int, column: str, read: Callable[[Site], Kept], values: dict[str, Any]
) -> Site:
    site = session.get_one(Site, site_id, with_for_update=True)
    _change(site, {column: dataclasses.replace(read(site), **values).as_json() or None})
    site.updated_at = now
    return site


def _change(site: Site, settings: dict[str, Any]) -> None:
    unknown = settings.keys() - CHANGEABLE
    if unknown:
        raise ValueError(f"not settings of a site: {', '.join(sorted(unknown))}")
    problems = rules.problems(settings)
    if problems:
        raise Invalid(_("Some settings cannot be used."), fields=problems)
    for name, value in settings.items():
        setattr(site, name, value)
