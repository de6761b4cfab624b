"""Checkpoints: once a day, wherever something is new, the service signs where each site's ledger stands."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from leadcapture import db
from leadcapture.consent import heads, queries, rules
from leadcapture.consent.heads import Checkpoint
from leadcapture.consent.models import LedgerCheckpoint, LedgerHead

EVERY = timedelta(days=1)


def make(session: Session, now: datetime, site_id: int) -> Checkpoint:
    """A checkpoint over the site's whole ledger: a new one, or the last where nothing came after it.

    Raises NotFound where there is no such site.
    """
    head = heads.lock(session, site_id)
    newest = queries.newest_checkpoint(session, site_id)
    if newest is not None and newest.seq == head.seq:
        return newest
    made = heads.checkpoint(session, now, head)
    heads.save(session, head)
    return made


def due(now: datetime) -> None:
    """The job: sign every ledger to which something was added since its last checkpoint, a day old or older."""
    with db.read() as session:
        sites = _due(session, now)
    for site_id in sites:
        db.write(make, now, site_id)


def _due(session: Session, now: datetime) -> list[int]:
    newest = (
        select(
            LedgerCheckpoint.site_id,
            func.max(LedgerCheckpoint.seq).label("seq"),
            func.max(LedgerCheckpoint.at).label("at"),
        )
        .group_by(LedgerCheckpoint.site_id)
        .subquery()
    )
    old = and_(newest.c.seq < LedgerHead.seq, newest.c.at <= rules.moment(now - EVERY))
    return list(
        session.scalars(
            select(LedgerHead.site_id)
            .outerjoin(newest, newest.c.site_id == LedgerHead.site_id)
            .where(LedgerHead.seq > 0, or_(newest.c.seq.is_(None), old))
            .order_by(LedgerHead.site_id)
        )
    )
