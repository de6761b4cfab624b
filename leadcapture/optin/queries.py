"""Reading confirmations."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from leadcapture.errors import NotFound
from leadcapture.mail.models import Email
from leadcapture.optin.models import Confirmation


def by_public_id(session: Session, public_id: str, *, lock: bool = False) -> Confirmation:
    """The confirmation with that id; with `lock` its row is held until the transaction ends. Raises NotFound."""
    # Rows are changed by plain UPDATEs beside the session: what it holds of them may be old.
    found = select(Confirmation).where(Confirmation.public_id == public_id).execution_options(populate_existing=True)
    confirmation = session.scalar(found.with_for_update() if lock else found)
    if confirmation is None:
        raise NotFound("No such confirmation.")
    return confirmation


def mail_of(session: Session, confirmation: Confirmation) -> Email | None:
    """The mail that the person acted on: the newest that was handed over, else the newest there is; None without
    any."""
    newest_sent_first = (Email.sent_at.is_(None), Email.id.desc())
    return session.scalar(
        select(Email).where(Email.about == confirmation.public_id).order_by(*newest_sent_first).limit(1)
    )
