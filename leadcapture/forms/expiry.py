"""What nobody confirmed in its days is erased: the address was given for that one confirmation and for nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from leadcapture import db
from leadcapture.chat import operations as chat
from leadcapture.consent import operations as consent
from leadcapture.forms.models import Submission
from leadcapture.mail import operations as mail
from leadcapture.optin import operations as optin
from leadcapture.optin.models import Confirmation

UNCONFIRMED = ("pending", "held")


def purge_expired(session: Session, now: datetime, *, limit: int = 500) -> int:
    """Erase what was never confirmed in its days: the row stays to say so, nothing of the person does.

    Returns how many confirmations ended, at most `limit`; 0 says that nothing is left to do.
    """
    ended = optin.expire_due(session, now, limit)
    # What is held waits for a person's decision, however long that takes.
    _erase(session, now, Submission.confirmation_id.in_(ended) & (Submission.status == "pending"))
    return len(ended)


def purge(session: Session, now: datetime, submission_ids: Sequence[int]) -> None:
    """Erase these submissions (internal ids) as if their days were over; what was confirmed is left alone."""
    mine = select(Submission.confirmation_id).where(
        Submission.id.in_(submission_ids), Submission.status.in_(UNCONFIRMED), Submission.confirmation_id.is_not(None)
    )
    session.execute(
        update(Confirmation)
        .where(Confirmation.id.in_(session.scalars(mine).all()), Confirmation.status == "pending")
        .values(expires_at=now)
        .execution_options(synchronize_session=False)
    )
    while purge_expired(session, now):
        pass
    _erase(session, now, Submission.id.in_(submission_ids) & Submission.status.in_(UNCONFIRMED))


def expire_due(now: datetime) -> None:
    """The job: erase what was not confirmed in its days."""
    # A transaction for each batch, so that nobody else waits long.
    while db.write(purge_expired, now):
        pass


def _erase(session: Session, now: datetime, which: ColumnElement[bool]) -> None:
    going = session.execute(
        select(Submission.public_id, Submission.conversation_id, Submission.email, Submission.site_id).where(which)
    ).all()
    for row in going:
        if row.conversation_id is not None:
            chat.address_forgotten(session, now, conversation_id=row.conversation_id, email=row.email)
    mail.forget(session, now, about=[row.public_id for row in going])
    session.execute(
        update(Submission)
        .where(which)
        .values(
            status="expired",
            email="",
            email_key="",
            name="",
            phone="",
            data={},
            consents=[],
            page_url="",
            ip=None,
            user_agent="",
            held_why=None,
        )
        .execution_options(synchronize_session=False)
    )
    for site_id in sorted({row.site_id for row in going}):
        submissions = [row.public_id for row in going if row.site_id == site_id]
        consent.erase_submissions(session, now, site_id=site_id, submissions=submissions, reason="retention")
