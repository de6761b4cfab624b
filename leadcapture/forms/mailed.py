"""The mails that ask for confirmations are noted in the ledger as they were sent."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from leadcapture.consent import operations as consent
from leadcapture.forms.models import Submission
from leadcapture.mail.models import Email
from leadcapture.optin.models import Confirmation


def note(session: Session, now: datetime, *, email: Email) -> None:
    """For mail.operations.on_sent: where the mail is about the confirmation of a submission, that is an event of it.
    What has expired meanwhile is erased, and stays so."""
    if email.about is None:
        return
    submission = session.scalar(
        select(Submission.public_id)
        .join(Confirmation, Confirmation.id == Submission.confirmation_id)
        .where(Confirmation.public_id == email.about, Submission.status != "expired")
    )
    if submission is None:
        return
    consent.mailed(
        session,
        now,
        site_id=email.site_id,
        submission=submission,
        email_public_id=email.public_id,
        subject=email.subject,
        text=email.text,
        message_id=email.message_id,
        sent_at=now,
    )
