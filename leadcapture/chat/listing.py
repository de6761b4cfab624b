"""What is done to conversations in a list, one or many at once: putting aside until later, tagging, closing, handing
over, marking as read. Many are done by a few statements, so that nobody else waits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, case, select, update
from sqlalchemy.orm import Session

from leadcapture.chat import rules, tags
from leadcapture.chat.operations import BEGUN_ANEW, answered_by
from leadcapture.chat.queries import conversations
from leadcapture.errors import Invalid, NotFound
from leadcapture.i18n import gettext as _
from leadcapture.operators.models import Membership, Operator

c = conversations.c
AT_ONCE = 500  # conversations in one call
LONGEST_SNOOZE = timedelta(days=366)


@dataclass(frozen=True)
class Done:
    """The public ids of the conversations that were changed, and of those that were left as they are: of other
    people's sites, or where there was nothing to do."""

    done: list[str]
    left: list[str]


def snooze(
    session: Session,
    now: datetime,
    *,
    operator_id: int,
    epoch: int,
    chosen: Sequence[str],
    until: datetime | None,
) -> Done:
    """Put open conversations aside until then; None brings them back now.

    One that nobody has taken becomes the operator's, who has answered for it: its visitor does not wait meanwhile.
    Raises Invalid for a time that is past or further away than LONGEST_SNOOZE.
    """
    rows = _mine(session, operator_id, epoch, chosen)
    if until is None:
        return _change(session, rows, chosen, c.snoozed_until.is_not(None), {"snoozed_until": None, "active_at": now})
    if not now < until <= now + LONGEST_SNOOZE:
        raise Invalid(_("Choose a time to come, within a year."), code="bad_request")
    waits = c.status == rules.WAITING
    taken = {"status": rules.ACTIVE, **answered_by(operator_id, now)}
    values = {"snoozed_until": until, "waiting_since": None, "escalation": 0, "escalated_at": None} | {
        name: case((waits, value), else_=c[name]) for name, value in taken.items()
    }
    return _change(session, rows, chosen, c.status != rules.CLOSED, values)


def snoozed_due(session: Session, now: datetime) -> list[str]:
    """Bring back what was put aside until now: the public ids."""
    back = update(conversations).where(c.snoozed_until <= now).values(snoozed_until=None, active_at=now)
    return list(session.scalars(back.returning(c.public_id)))


def close(session: Session, now: datetime, *, operator_id: int, epoch: int, chosen: Sequence[str]) -> Done:
    """Close those that are open, as operations.close does one."""
    rows = _mine(session, operator_id, epoch, chosen)
    values = {
        "status": rules.CLOSED,
        "closed_at": now,
        "ended_by": "operator",
        "waiting_since": None,
        "snoozed_until": None,
        "missed_at": None,
        "active_at": now,
    }
    return _change(session, rows, chosen, c.status != rules.CLOSED, values)


def assign(session: Session, now: datetime, *, operator_id: int, epoch: int, chosen: Sequence[str], to: str) -> Done:
    """Hand those that are open to a colleague who belongs to their site. Raises NotFound for somebody unknown."""
    rows = _mine(session, operator_id, epoch, chosen)
    colleague = session.scalar(select(Operator.id).where(Operator.public_id == to))
    theirs = set(session.scalars(select(Membership.site_id).where(Membership.operator_id == colleague)))
    if colleague is None or (rows and not theirs & {row.site_id for row in rows}):
        raise NotFound("No such operator.")
    values = {"status": rules.ACTIVE, "active_at": now, **BEGUN_ANEW, **answered_by(colleague, now)}
    somebody_elses = and_(c.status != rules.CLOSED, c.operator_id.is_distinct_from(colleague))
    return _change(session, [row for row in rows if row.site_id in theirs], chosen, somebody_elses, values)


def seen(session: Session, now: datetime, *, operator_id: int, epoch: int, chosen: Sequence[str]) -> Done:
    """Mark everything in them as read."""
    rows = _mine(session, operator_id, epoch, chosen)
    values = {"operator_seen": c.last_seq, "operator_delivered": c.last_seq}
    return _change(session, rows, chosen, c.operator_seen < c.last_seq, values)


def tag(
    session: Session,
    now: datetime,
    *,
    operator_id: int,
    epoch: int,
    chosen: Sequence[str],
    add: Sequence[str],
    remove: Sequence[str],
) -> Done:
    """Put tags on them and take others off. Raises Conflict when a site would have too many."""
    rows = _mine(session, operator_id, epoch, chosen)
    tags.change(session, [(row.id, row.site_id) for row in rows], add=add, remove=remove)
    return _done(chosen, [row.public_id for row in rows])


def _mine(session: Session, operator_id: int, epoch: int, chosen: Sequence[str]) -> list[Row[Any]]:
    """Those of the operator's sites, locked in one order, so that two who choose the same do not block each other."""
    wanted = (
        select(c.id, c.public_id, c.site_id)
        .join(Membership, and_(Membership.site_id == c.site_id, Membership.operator_id == operator_id))
        .join(Operator, and_(Operator.id == Membership.operator_id, Operator.session_epoch == epoch))
        .where(c.public_id.in_(chosen))
    )
    return list(session.execute(wanted.order_by(c.id).with_for_update(of=conversations)))


def _change(
    session: Session,
    rows: Sequence[Row[Any]],
    chosen: Sequence[str],
    where: ColumnElement[bool],
    values: dict[str, Any],
) -> Done:
    changed = update(conversations).where(c.id.in_([row.id for row in rows]), where).values(values)
    return _done(chosen, list(session.scalars(changed.returning(c.public_id))))


def _done(chosen: Sequence[str], changed: Sequence[str]) -> Done:
    did = set(changed)
    return Done([one for one in chosen if one in did], [one for one in chosen if one not in did])
