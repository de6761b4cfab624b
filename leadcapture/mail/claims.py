"""Who sends which mail: claiming due rows, noting that DATA begins, writing down answers, giving up claims of the dead.

A mail is claimed once: by a conditional update, over rows that no other worker holds (SKIP LOCKED on PostgreSQL).
`begin` is committed before DATA is sent. So of a worker that died, what had not begun goes back into the queue, and
what had begun becomes `ambiguous`: perhaps it was delivered, so it is never sent again by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Table, bindparam, func, or_, select, text, update
from sqlalchemy.orm import Session

from leadcapture.mail import operations, queries, rules
from leadcapture.mail.models import WAITS, Email
from leadcapture.mail.rules import Answer, Verdict
from leadcapture.prepared import Prepared

_emails: Table = Email.__table__  # type: ignore[assignment]  # declared as FromClause, always a Table
_e = _emails.c

_waiting = text(f"emails.{WAITS}")


@dataclass(frozen=True, slots=True)
class Claimed:
    """A mail this worker may send: copied out of its row."""

    id: int
    public_id: str
    site_id: int
    attempts: int
    from_email: str
    from_name: str
    to_email: str
    to_key: str
    to_name: str
    reply_to: str | None
    subject: str
    text: str
    html: str
    headers: dict[str, str]
    message_id: str
    attachments: list[dict[str, str]] | None
    about: str | None
    purpose: str | None


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of one try."""

    mail: Claimed
    answer: Answer
    verdict: Verdict


_due = (
    select(_e.id)
    .where(_waiting, _e.due_at <= bindparam("now"))
    .order_by(_e.due_at, _e.id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
    .cte("due")
)
_CLAIM = Prepared(
    update(_emails)
    .where(_e.id.in_(select(_due.c.id)))
    .values(status="sending", claimed_at=bindparam("now"), claimed_by=bindparam("worker"), data_begun=False)
    .returning(*(_e[name] for name in Claimed.__dataclass_fields__))
)


def claim(session: Session, now: datetime, worker: str, limit: int) -> list[Claimed]:
    """Take up to `limit` due mails for this worker, the longest due first; no other worker gets the same."""
    rows = _CLAIM.rows(session, {"now": now, "worker": worker, "most": limit})
    return sorted((Claimed(*row) for row in rows), key=lambda mail: mail.id)


_MINE = (_e.id == bindparam("mail"), _e.claimed_by == bindparam("worker"), _e.status == "sending")
# Held from here on: whoever withdraws at this moment comes before or after, never in between.
_HELD = select(_e.id, _e.site_id, _e.contact, _e.purpose, _e.headers, _e.to_key).where(*_MINE).with_for_update()
_BEGIN = Prepared(update(_emails).where(*_MINE).values(data_begun=True, claimed_at=bindparam("now")).returning(_e.id))
_PUT_OFF = (
    update(_emails)
    .where(*_MINE)
    .values(
        status=bindparam("to_status"),
        claimed_by=None,
        due_at=func.coalesce(bindparam("to_due_at", type_=_e.due_at.type), _e.due_at),
        last_answer=bindparam("to_answer"),
    )
)


def begin(session: Session, now: datetime, worker: str, mails: Sequence[Claimed]) -> set[int]:
    """Note that DATA of these mails is about to be sent; the ids of those that may go. The others must not: the claim
    was lost meanwhile, the consent a mail rests on was withdrawn, or its receiver wants it later."""
    may = [mail for mail in sorted(mails, key=_order) if mail.purpose is None or _wanted(session, now, worker, mail)]
    begun = _BEGIN.each(session, [{"mail": mail.id, "worker": worker, "now": now} for mail in may])
    return {rows[0][0] for rows in begun if rows}


def _wanted(session: Session, now: datetime, worker: str, mail: Claimed) -> bool:
    mine = {"mail": mail.id, "worker": worker}
    row: Any = session.connection().execute(_HELD, mine).one_or_none()
    if row is None:
        return False
    answer = operations.still_wanted(session, now, row)
    if answer == "yes":
        return True
    values: dict[str, Any] = {"to_status": "suppressed", "to_due_at": None, "to_answer": operations.WITHDRAWN}
    if answer != "no":
        values = {"to_status": "deferred", "to_due_at": answer, "to_answer": "Its receiver asked for a pause."}
    session.connection().execute(_PUT_OFF, {**mine, **values})
    return False


def _order(mail: Claimed) -> tuple[int, int]:
    """In which several mails are written, so that two workers wait for each other never crosswise."""
    return mail.site_id, mail.id


_RECORD = Prepared(
    update(_emails)
    .where(
        _e.id == bindparam("mail"),
        _e.claimed_by == bindparam("worker"),
        # An answer that comes after another worker gave the claim up is still the truth.
        or_(_e.status == "sending", _e.status == "ambiguous"),
    )
    .values(
        status=bindparam("to_status"),
        attempts=bindparam("tried"),
        last_answer=bindparam("to_answer"),
        claimed_by=None,
        data_begun=False,
        sent_at=func.coalesce(bindparam("to_sent_at", type_=_e.due_at.type), _e.sent_at),
        due_at=func.coalesce(bindparam("to_due_at", type_=_e.due_at.type), _e.due_at),
    )
    .returning(_e.id)
)


def record(session: Session, now: datetime, worker: str, settled: Sequence[Settled]) -> None:
    """Write down what became of these tries."""
    settled = sorted(settled, key=lambda one: _order(one.mail))
    known = _RECORD.each(session, [{"worker": worker, **_recorded(one, now)} for one in settled])
    for one, rows in zip(settled, known, strict=True):
        if not rows:
            continue
        if one.verdict.status == "sent":
            for react in operations.on_sent:
                react(session, now, email=one.mail)
        elif one.verdict.no_such_address:
            operations.suppress(session, now, site_id=one.mail.site_id, email_key=one.mail.to_key, reason="bounce")


def _recorded(one: Settled, now: datetime) -> dict[str, Any]:
    return {
        "mail": one.mail.id,
        "to_status": one.verdict.status,
        "tried": one.mail.attempts + one.verdict.counts,
        "to_answer": rules.one_line(str(one.answer), 500),
        "to_sent_at": now if one.verdict.status == "sent" else None,
        "to_due_at": one.verdict.due_at,
    }


def write_down(
    session: Session, now: datetime, worker: str, settled: Sequence[Settled], beginning: Sequence[Claimed]
) -> set[int]:
    """What several connections have to tell, at once: their answers, then what they are about to begin; as `begin`."""
    if settled:
        record(session, now, worker, settled)
    return begin(session, now, worker, beginning) if beginning else set()


_RELEASE = (
    update(_emails)
    .where(_e.claimed_by == bindparam("worker"), _e.status == "sending", _e.data_begun.is_(False))
    .values(status="deferred", due_at=bindparam("now"), claimed_by=None)
)


def release(session: Session, now: datetime, worker: str) -> None:
    """Put back what this worker claimed and never began."""
    session.connection().execute(_RELEASE, {"now": now, "worker": worker})


def take_back(session: Session, now: datetime, worker: str, ids: Sequence[int]) -> None:
    """Put back these mails of this worker, whose DATA was not sent although that it begins was perhaps written down."""
    session.connection().execute(
        update(_emails)
        .where(_e.id.in_(ids), _e.claimed_by == worker, _e.status == "sending")
        .values(status="deferred", due_at=now, claimed_by=None, data_begun=False)
    )


def explain(session: Session, now: datetime, reason: str) -> None:
    """The mail server is away: what is due waits and shows why. No try is counted: no mail is to blame."""
    reason = rules.one_line(reason, 500)
    session.connection().execute(
        update(_emails)
        # Not what says so already: an outage of hours must not rewrite a long queue again and again.
        .where(_waiting, _e.due_at <= now, or_(_e.status == "queued", _e.last_answer.is_distinct_from(reason)))
        .values(status="deferred", last_answer=reason)
    )


def postpone(session: Session, now: datetime, worker: str, mail: Claimed, reason: str) -> None:
    """The server takes nothing from the sender of that mail now: whatever of theirs is due waits and shows why."""
    waits = or_(_waiting, (_e.status == "sending") & (_e.claimed_by == worker) & _e.data_begun.is_(False))
    session.connection().execute(
        update(_emails)
        .where(_e.from_email == mail.from_email, _e.due_at <= now, waits)
        .values(
            status="deferred",
            claimed_by=None,
            due_at=now + rules.SENDER_WAITS,
            last_answer=rules.one_line(reason, 500),
        )
    )


def give_up(session: Session, now: datetime, worker: str, alive: Callable[[str], bool | None], *, mine: bool) -> None:
    """Resolve the claims of workers that are no more; `mine`: also this worker's own, none of which it knows of."""
    for email_id, claimed_by, claimed_at, data_begun in queries.claims(session):
        if claimed_by == worker:
            if not mine:
                continue
        elif not rules.abandoned(
            claimed_at=claimed_at, worker_alive=None if claimed_by is None else alive(claimed_by), now=now
        ):
            continue
        values: dict[str, Any] = {"status": "deferred", "due_at": now}
        if data_begun:
            values = {"status": "ambiguous", "last_answer": "The sending was interrupted before the server's answer."}
        # Conditional, also on the claim: another worker may have been faster, or the answer may have come.
        session.connection().execute(
            update(_emails)
            .where(
                _e.id == email_id,
                _e.status == "sending",
                _e.claimed_by == claimed_by,
                _e.claimed_at == claimed_at,
                _e.data_begun.is_(data_begun),
            )
            .values(**values)
        )
