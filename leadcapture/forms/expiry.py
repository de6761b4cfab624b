"""What nobody confirmed in its days is erased: the address was given for that one confirmation and for nothing else."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from leadcapture import db
from leadcapture.chat import operations as chat
from leadcapture.forms.models import Submission
from leadcapture.mail import operations as mail
from leadcapture.optin import operations as optin


def purge_expired(session: Session, now: datetime, *, limit: int = 500) -> int:
    """Erase what was never confirmed in its days: the row stays to say so, nothing of the person does.

    Returns how many confirmations ended, at most `limit`; 0 says that nothing is left to do.
    """
    ended = optin.expire_due(session, now, limit)
    going = session.execute(
        select(Submission.public_id, Submission.conversation_id, Submission.email).where(
            Submission.confirmation_id.in_(ended), Submission.status == "pending"
        )
    ).all()
    for _public_id, conversation_id, email in going:
        if conversation_id is not None:
            chat.address_forgotten(session, now, conversation_id=conversation_id, email=email)
    mail.forget(session, now, about=[public_id for public_id, _conversation_id, _email in going])
    session.execute(
        update(Submission)
        .where(Submission.confirmation_id.in_(ended), Submission.status == "pending")
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
        )
        .execution_options(synchronize_session=False)
    )
    return len(ended)


def expire_due(now: datetime) -> None:
    """The job: erase what was not confirmed in its days."""
    # A transaction for each batch, so that nobody else waits long.
    while db.write(purge_expired, now):
        pass
