"""Reading confirmations."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from leadcapture.errors import NotFound
from leadcapture.optin.models import Confirmation


def by_public_id(session: Session, public_id: str) -> Confirmation:
    """The confirmation with that id. Raises NotFound."""
    # Rows are changed by plain UPDATEs beside the session: what it holds of them may be old.
    found = select(Confirmation).where(Confirmation.public_id == public_id).execution_options(populate_existing=True)
    confirmation = session.scalar(found)
    if confirmation is None:
        raise NotFound("No such confirmation.")
    return confirmation
