"""Which operators are there. One row a connection; what counts is decided when it is asked.

A connection that broke counts for the grace, because people change pages and trains enter tunnels. A process that was
killed says no goodbye: its rows stop counting STALE after they were last seen.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, delete, exists, insert, or_, select, update
from sqlalchemy.orm import Session

from leadcapture.operators.models import Membership, Operator, Presence

STALE = timedelta(seconds=45)
HEARTBEAT = 15.0  # seconds between two heartbeats of a process


def connected(session: Session, now: datetime, operator_id: int, socket_id: str) -> None:
    """A connection of the operator begins."""
    session.execute(insert(Presence).values(socket_id=socket_id, operator_id=operator_id, seen_at=now, gone_at=None))


def disconnected(session: Session, now: datetime, socket_id: str) -> None:
    """The connection ended; the operator counts as there for the grace."""
    session.execute(update(Presence).where(Presence.socket_id == socket_id).values(gone_at=now))


def heartbeat(session: Session, now: datetime, socket_ids: Collection[str]) -> None:
    """These connections of the calling process live; rows nobody needs any more are forgotten."""
    session.execute(delete(Presence).where(Presence.seen_at < now - timedelta(hours=1)))
    session.execute(
        update(Presence).where(Presence.socket_id.in_(socket_ids), Presence.gone_at.is_(None)).values(seen_at=now)
    )


def all_gone(session: Session, now: datetime, *, except_for: Collection[str] = ()) -> None:
    """The only process begins anew: no connection is left but these. Whoever was there counts for the grace."""
    left = Presence.gone_at.is_(None) & Presence.socket_id.not_in(except_for)
    session.execute(update(Presence).where(left).values(gone_at=now))


def signed_out(session: Session, now: datetime, operator_id: int) -> None:  # noqa: ARG001 every operation takes now
    """The operator left on purpose: counts as gone at once."""
    session.execute(delete(Presence).where(Presence.operator_id == operator_id))


def set_available(session: Session, now: datetime, operator_id: int, available: bool) -> None:  # noqa: ARG001 as above
    """What the operator chose: to be asked or not."""
    session.execute(update(Operator).where(Operator.id == operator_id).values(available=available))


def is_here(now: datetime, grace: int) -> ColumnElement[bool]:
    """The condition on rows of operators: there is a connection, or one broke less than `grace` seconds ago."""
    counts = or_(
        and_(Presence.gone_at.is_(None), Presence.seen_at > now - STALE),
        Presence.gone_at > now - timedelta(seconds=grace),
    )
    return exists().where(Presence.operator_id == Operator.id, counts).correlate(Operator)


def anyone_available(session: Session, now: datetime, site_id: int, grace: int) -> bool:
    """Whether an operator of the site is there and wants to be asked."""
    return site_id in sites_available(session, now, grace, site_id=site_id)


def sites_available(session: Session, now: datetime, grace: int, *, site_id: int | None = None) -> set[int]:
    """The sites (or that one) where an operator is there and wants to be asked."""
    wanted = (
        select(Membership.site_id)
        .join(Operator, Operator.id == Membership.operator_id)
        .where(Operator.available.is_(True), is_here(now, grace))
        .distinct()
    )
    if site_id is not None:
        wanted = wanted.where(Membership.site_id == site_id)
    return set(session.scalars(wanted))


def here(session: Session, now: datetime, site_id: int, grace: int) -> Sequence[tuple[Operator, bool]]:
    """The site's operators by name, each with whether they are there."""
    rows = session.execute(
        select(Operator, is_here(now, grace))
        .join(Membership, Membership.operator_id == Operator.id)
        .where(Membership.site_id == site_id)
        .order_by(Operator.name, Operator.id)
    )
    return [(operator, is_there) for operator, is_there in rows]


def standing(session: Session, operator_ids: Collection[int]) -> dict[int, tuple[int, tuple[int, ...]]]:
    """For each operator the session epoch and the ids of the sites, in order; nothing for one who is no more."""
    rows = session.execute(
        select(Operator.id, Operator.session_epoch, Membership.site_id)
        .join(Membership, Membership.operator_id == Operator.id)
        .where(Operator.id.in_(operator_ids))
        .order_by(Membership.site_id)
    )
    found: dict[int, tuple[int, tuple[int, ...]]] = {}
    for operator_id, epoch, site_id in rows:
        found[operator_id] = (epoch, (*found.get(operator_id, (epoch, ()))[1], site_id))
    return found
