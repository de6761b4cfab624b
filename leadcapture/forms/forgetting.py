"""Erasing what a person sent by forms, whatever became of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from leadcapture.forms import kinds
from leadcapture.forms.models import Submission
from leadcapture.optin.models import Confirmation


@dataclass(frozen=True)
class Forgotten:
    """The public ids of what was erased."""

    submissions: list[str]
    confirmations: list[str]


def forget_person(session: Session, now: datetime, *, site_id: int, contact_id: int, email_key: str) -> Forgotten:
    """Erase what the contact sent by the site's forms, and what came with their address and was never confirmed; what
    kinds keep of them is erased by the kinds."""
    for kind in kinds.registry().values():
        kind.forget(session, now, contact_id)
    theirs = or_(Submission.contact_id == contact_id, Submission.email_key == email_key)
    sent = session.execute(
        select(Submission.id, Submission.public_id, Submission.confirmation_id).where(
            Submission.site_id == site_id, theirs
        )
    ).all()
    asked = [row.confirmation_id for row in sent if row.confirmation_id is not None]
    session.execute(delete(Submission).where(Submission.id.in_([row.id for row in sent])))
    confirmations = session.scalars(
        delete(Confirmation)
        .where(Confirmation.site_id == site_id, or_(Confirmation.id.in_(asked), Confirmation.email_key == email_key))
        .returning(Confirmation.public_id)
    ).all()
    return Forgotten([row.public_id for row in sent], list(confirmations))
