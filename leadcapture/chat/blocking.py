"""Visitors who may not write for a time. Their forms still work: whoever leaves an address can be answered."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from leadcapture.chat import operations, queries
from leadcapture.chat.models import Visitor
from leadcapture.errors import Forbidden, Invalid
from leadcapture.i18n import gettext as _
from leadcapture.prepared import Prepared

HOURS = (1, 24, 7 * 24, 0)  # what an operator may choose; 0: for ever
FOR_EVER = datetime(9999, 1, 1, tzinfo=UTC)


_BLOCKED_UNTIL = Prepared(select(Visitor.blocked_until).where(Visitor.public_id == bindparam("visitor")))


class Blocked(Forbidden):
    """The visitor may not write now."""

    code = "blocked"


def check(session: Session, now: datetime, visitor: str) -> None:
    """Raises Blocked while the visitor with that public id may not write; one without a row may."""
    until = _BLOCKED_UNTIL.scalar(session, {"visitor": visitor})
    if until is not None and until > now:
        raise Blocked(_("You cannot write here at the moment. You can still use the forms of this site."))


def block(session: Session, now: datetime, *, operator_id: int, epoch: int, conversation: str, hours: int) -> None:
    """Let the visitor of that conversation write nothing for so many hours (0: for ever), and close the conversation.

    Raises NotFound, Invalid for any other number of hours than HOURS.
    """
    if hours not in HOURS:
        raise Invalid(_("Choose one of these."), code="bad_request")
    until = FOR_EVER if hours == 0 else now + timedelta(hours=hours)
    thread = queries.operators_thread(session, operator_id, epoch, conversation)
    session.execute(
        update(Visitor)
        .where(Visitor.public_id == thread.visitor)
        .values(blocked_until=until, blocked_by_id=operator_id)
    )
    operations.close(session, now, operator_id=operator_id, epoch=epoch, conversation=conversation)


def unblock(session: Session, now: datetime, *, operator_id: int, epoch: int, conversation: str) -> None:
    """Let the visitor of that conversation write again. Raises NotFound."""
    thread = queries.operators_thread(session, operator_id, epoch, conversation)
    session.execute(
        update(Visitor).where(Visitor.public_id == thread.visitor).values(blocked_until=None, blocked_by_id=None)
    )
