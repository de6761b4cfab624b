"""Mails of a database that was brought back from a backup: what waited then may have been sent since.

First all of it is held: shown in the outbox as perhaps sent, and sent by nobody but a person who says so. Then, where
the database that was replaced can still be read, each mail becomes what that one knows of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, func, or_, select, text, update
from sqlalchemy.orm import Session

from leadcapture.db import UtcDateTime
from leadcapture.mail import operations
from leadcapture.mail.models import Email

HELD = "Held: it waited when the backup was made, and nobody can say whether it was sent since."
AT_ONCE = 500

_emails: Any = Email.__table__
_e = _emails.c
# What another answer of the former database may concern: all but what is settled for good.
_OPEN = ("queued", "deferred", "sending", "ambiguous", "failed", "bounced")

# Said in words that databases of older versions understand too: it comes before they are brought up to date.
_HOLD = text(
    "UPDATE emails SET status = 'ambiguous', last_answer = :why, claimed_by = NULL"
    " WHERE status IN ('deferred', 'sending') OR (status = 'queued' AND due_at <= :now)"
).bindparams(bindparam("now", type_=UtcDateTime()))
_TOLD = (_e.public_id, _e.status, _e.attempts, _e.due_at, _e.sent_at, _e.last_answer, _e.data_begun)
_SETTLE = (
    update(_emails)
    .where(_e.id == bindparam("mail"))
    .values(
        status=bindparam("to_status"),
        attempts=bindparam("tried"),
        due_at=bindparam("to_due_at"),
        sent_at=bindparam("to_sent_at"),
        last_answer=bindparam("answer"),
        claimed_by=None,
        data_begun=False,
    )
)


@dataclass(frozen=True)
class Outcome:
    """How many of the mails that were open in the backup turned out as sent, go on waiting, and are held for a person
    to decide."""

    sent: int
    waiting: int
    held: int


def hold(connection: Connection, now: datetime) -> None:
    """Let nothing go that waited or was being sent. Mails for a moment that is yet to come keep their place: nobody can
    have sent them."""
    connection.execute(_HOLD, {"why": HELD, "now": now})


def recognise(session: Session, former: Session | None) -> Outcome:
    """Let each mail that is not settled become what the former database knows of it (None: there is none that can be
    read). What it does not know stays as it is."""
    sent = 0
    if former is not None:
        open_ones = session.execute(select(_e.id, _e.public_id).where(_e.status.in_(_OPEN)).order_by(_e.id)).all()
        for begin in range(0, len(open_ones), AT_ONCE):
            some = {row.public_id: row.id for row in open_ones[begin : begin + AT_ONCE]}
            for known in former.execute(select(*_TOLD).where(_e.public_id.in_(some))):
                sent += _become(session, some[known.public_id], known)
    states = select(_e.status, func.count()).where(or_(_e.status.in_(operations.WAITING), _e.last_answer == HELD))
    counts: dict[str, int] = dict(session.execute(states.group_by(_e.status)).all())
    return Outcome(sent, sum(counts.get(status, 0) for status in operations.WAITING), counts.get("ambiguous", 0))


def newest(session: Session) -> int:
    """The internal id of the mail that was written last; 0 where there is none."""
    return session.scalar(select(func.max(_e.id))) or 0


def recognise_repeats(session: Session, former: Session | None, *, after: int) -> int:
    """What jobs have written anew, for the backup does not know that they had: the mails with an internal id above
    `after`. What the former database has to the same person about the same thing has gone its way already; where there
    is none that can be read, all of it is held. Returns how many mails that stopped."""
    anew = session.execute(select(_emails).where(_e.id > after, _e.status.in_(operations.WAITING))).all()
    stopped = 0
    for row in anew:
        values: dict[str, Any] = {"status": "ambiguous", "last_answer": HELD}
        if former is not None:
            same = [_e[name] == getattr(row, name) for name in ("name", "to_key", "subject")]
            same.append(_e.about.is_not_distinct_from(row.about))
            known = former.execute(select(*_TOLD).where(*same).order_by(_e.id.desc()).limit(1)).first()
            if known is None:
                continue
            # Written and not sent there: then nobody has it, and it goes from here.
            if known.status in operations.WAITING or (known.status == "sending" and not known.data_begun):
                continue
            status = "ambiguous" if known.status == "sending" else known.status
            values = {"status": status, "sent_at": known.sent_at, "last_answer": known.last_answer}
        session.execute(update(_emails).where(_e.id == row.id).values(**values))
        stopped += 1
    return stopped


def _become(session: Session, email_id: int, known: Any) -> bool:
    """Whether that made it a mail that was sent."""
    status = known.status
    if status == "sending":
        status = "ambiguous" if known.data_begun else "deferred"
    values = {"mail": email_id, "to_status": status, "tried": known.attempts, "to_due_at": known.due_at}
    values |= {"to_sent_at": known.sent_at, "answer": known.last_answer}
    session.execute(_SETTLE, values)
    if status != "sent":
        return False
    row = session.execute(select(_emails).where(_e.id == email_id)).one()
    for react in operations.on_sent:
        # As of when it was: what is noted of it says so.
        react(session, known.sent_at, email=row)
    return True
