"""Reading sites."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from leadcapture.errors import NotFound
from leadcapture.sites.models import Site


def by_key(session: Session, key: str) -> Site:
    """The site with that key. Raises NotFound."""
    site = session.scalar(select(Site).where(Site.key == key))
    if site is None:
        raise NotFound("No such site.")
    return site


def find(session: Session, key: str) -> Site | None:
    """The site with that key; None when there is none."""
    return session.scalar(select(Site).where(Site.key == key))


def by_id(session: Session, site_id: int) -> Site:
    """The site with that internal id, which must exist."""
    return session.get_one(Site, site_id)


def every(session: Session) -> Sequence[Site]:
    """All sites, oldest first."""
    return session.scalars(select(Site).order_by(Site.id)).all()
