"""Which operators are there. One row a connection; what counts is decided when it is asked.

A connection that broke counts for the grace, because people change pages and trains enter tunnels. One that says
nothing (a laptop asleep, a network gone, a process killed) counts for as long from when it was last heard, so nobody
has to notice its end. A person who touches nothing is idle: connected, but not there to be asked.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, delete, exists, insert, or_, select, update
from sqlalchemy.orm import Session

from leadcapture.operators.models import Membership, Operator, Presence

# Rows this old say nothing any more. Long enough for a clock that jumps by hours: what lives is heard again at once.
FORGOTTEN_AFTER = timedelta(days=2)


def beat_every(grace: int) -> float:
    """Seconds between two questions to a connection whether it lives: a third of the grace, but from 1 to 10."""
    return min(10.0, max(1.0, grace / 3))


def silence(grace: int) -> timedelta:
    """How long a connection that was not heard counts: the grace, and at least three beats (one may be lost)."""
    return timedelta(seconds=max(grace, 3 * beat_every(grace)))


# ---- what connections do ---------------------------------------------------------------------------------------------


def connected(
    session: Session, now: datetime, operator_id: int, socket_id: str, *, device: str = "", idle: bool = False
) -> None:
    """A connection of the operator begins; `device` names the sign-in it came with."""
    session.execute(
        insert(Presence).values(
            socket_id=socket_id,
            operator_id=operator_id,
            device=device,
            heard_at=now,
            idle_at=now if idle else None,
            gone_at=None,
        )
    )


def disconnected(session: Session, now: datetime, socket_id: str, *, silently: bool = False) -> None:
    """The connection ended; it counts for the grace from now, or, if it only fell silent, from when it was heard."""
    ended = update(Presence).where(Presence.socket_id == socket_id, Presence.gone_at.is_(None))
    session.execute(ended.values(gone_at=Presence.heard_at if silently else now))


def heard(session: Session, now: datetime, socket_ids: Collection[str]) -> None:
    """These connections live; rows nobody needs any more are forgotten."""
    session.execute(
        update(Presence).where(Presence.socket_id.in_(socket_ids), Presence.gone_at.is_(None)).values(heard_at=now)
    )
    session.execute(delete(Presence).where(Presence.heard_at < now - FORGOTTEN_AFTER))


def set_idle(session: Session, now: datetime, socket_id: str, idle: bool) -> None:
    """The person at this connection has touched nothing for long, or moves again."""
    session.execute(
        update(Presence).where(Presence.socket_id == socket_id).values(heard_at=now, idle_at=now if idle else None)
    )


def all_gone(session: Session, now: datetime, *, except_for: Collection[str] = ()) -> None:
    """The only process begins anew: no connection is left but these. Whoever was there counts for the grace."""
    left = Presence.gone_at.is_(None) & Presence.socket_id.not_in(except_for)
    session.execute(update(Presence).where(left).values(gone_at=now))


def signed_out(session: Session, now: datetime, operator_id: int, device: str) -> None:
    """The operator left on purpose: the connections of that sign-in count no more, those of other devices do."""
    session.execute(delete(Presence).where(Presence.operator_id == operator_id, Presence.device == device))


def set_available(session: Session, now: datetime, operator_id: int, available: bool) -> None:
    """What the operator chose: to be asked or not."""
    session.execute(update(Operator).where(Operator.id == operator_id).values(available=available))


# ---- who is there ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Colleague:
    """An operator of a site. `here`: a connection counts; `idle`: one does, but nobody sits at any."""

    operator: Operator
    here: bool
    idle: bool

    @property
    def answers(self) -> bool:
        """Whether this one can be asked now."""
        return self.operator.available and self.here and not self.idle


def is_here(now: datetime, grace: int) -> ColumnElement[bool]:
    """The condition on rows of operators: a connection counts."""
    return exists().where(Presence.operator_id == Operator.id, _counts(now, grace)).correlate(Operator)


def is_awake(now: datetime, grace: int) -> ColumnElement[bool]:
    """As is_here: a connection counts whose person is not idle."""
    awake = and_(_counts(now, grace), Presence.idle_at.is_(None))
    return exists().where(Presence.operator_id == Operator.id, awake).correlate(Operator)


def answers(now: datetime, grace: int) -> ColumnElement[bool]:
    """As is_awake: and the operator wants to be asked."""
    return and_(Operator.available.is_(True), is_awake(now, grace))


def _counts(now: datetime, grace: int) -> ColumnElement[bool]:
    # Nor does a moment count that is yet to come, by a clock that was put back since: what lives is heard again soon.
    silent, left = silence(grace), timedelta(seconds=grace)
    return or_(
        and_(Presence.gone_at.is_(None), Presence.heard_at > now - silent, Presence.heard_at < now + silent),
        and_(Presence.gone_at > now - left, Presence.gone_at < now + left),
    )


def anyone_available(session: Session, now: datetime, site_id: int, grace: int) -> bool:
    """Whether an operator of the site is there and wants to be asked."""
    return site_id in sites_available(session, now, grace, site_id=site_id)


def sites_available(session: Session, now: datetime, grace: int, *, site_id: int | None = None) -> set[int]:
    """The sites (or that one) where an operator is there and wants to be asked."""
    wanted = (
        select(Membership.site_id)
        .join(Operator, Operator.id == Membership.operator_id)
        .where(answers(now, grace))
        .distinct()
    )
    if site_id is not None:
        wanted = wanted.where(Membership.site_id == site_id)
    return set(session.scalars(wanted))


def here(session: Session, now: datetime, site_id: int, grace: int) -> Sequence[Colleague]:
    """The site's operators by name, each with whether they are there."""
    rows = session.execute(
        select(Operator, is_here(now, grace), is_awake(now, grace))
        .join(Membership, Membership.operator_id == Operator.id)
        .where(Membership.site_id == site_id)
        .order_by(Operator.name, Operator.id)
    )
    return [Colleague(operator, is_there, is_there and not awake) for operator, is_there, awake in rows]


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


def signed_in(session: Session, socket_ids: Collection[str]) -> set[str]:
    """Those of these connections that were not signed out."""
    return set(session.scalars(select(Presence.socket_id).where(Presence.socket_id.in_(socket_ids))))
