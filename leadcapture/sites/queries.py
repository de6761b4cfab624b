"""Reading sites."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from leadcapture.errors import NotFound
from leadcapture.prepared import Prepared, loaded
from leadcapture.sites.models import ApiToken, Site

_sites = Site.__table__
_BY_KEY = Prepared(select(_sites).where(_sites.c.key == bindparam("key")))


def by_key(session: Session, key: str) -> Site:
    """The site with that key, to be read alone: no session knows the object. Raises NotFound."""
    found = _BY_KEY.named(session, {"key": key})
    if found is None:
        raise NotFound("No such site.")
    return loaded(Site, found)


def find(session: Session, key: str) -> Site | None:
    """The site with that key; None when there is none."""
    return session.scalar(select(Site).where(Site.key == key))


def by_id(session: Session, site_id: int) -> Site:
    """The site with that internal id, which must exist."""
    return session.get_one(Site, site_id)


def every(session: Session) -> Sequence[Site]:
    """All sites, oldest first."""
    return session.scalars(select(Site).order_by(Site.id)).all()


def identity_secrets(site: Site) -> tuple[str, ...]:
    """What the host site signs its users' ids with, the newest first: one, two while it changes over, or none yet."""
    return tuple(site.identity_secret.split(",")) if site.identity_secret else ()


def tokens(session: Session, site_id: int) -> Sequence[ApiToken]:
    """The tokens of the site's programs, newest first, revoked ones too."""
    return session.scalars(select(ApiToken).where(ApiToken.site_id == site_id).order_by(ApiToken.id.desc())).all()


def token(session: Session, site_id: int, public_id: str) -> ApiToken | None:
    """The site's token with that id; None when it has none."""
    return session.scalar(select(ApiToken).where(ApiToken.site_id == site_id, ApiToken.public_id == public_id))


def by_token(session: Session, digest: str) -> tuple[ApiToken, Site] | None:
    """The token with that digest and its site; None when there is none or it was revoked."""
    row = session.execute(
        select(ApiToken, Site)
        .join(Site, Site.id == ApiToken.site_id)
        .where(ApiToken.digest == digest, ApiToken.revoked_at.is_(None))
    ).first()
    return (row[0], row[1]) if row else None
