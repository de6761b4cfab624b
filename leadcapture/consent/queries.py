"""Reading the ledger of consents."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from leadcapture.consent.models import Consent


def history(session: Session, contact_id: int) -> Sequence[Consent]:
    """Everything the contact agreed to and withdrew, newest first."""
    return session.scalars(select(Consent).where(Consent.contact_id == contact_id).order_by(Consent.id.desc())).all()


def granted(session: Session, contact_id: int) -> Sequence[Consent]:
    """The grants that hold now: of each purpose the newest entry, where that is a grant; oldest first."""
    newest = select(func.max(Consent.id)).where(Consent.contact_id == contact_id).group_by(Consent.purpose)
    return session.scalars(
        select(Consent).where(Consent.id.in_(newest), Consent.action == "grant").order_by(Consent.id)
    ).all()


def granted_purposes(session: Session, contact_id: int) -> set[str]:
    """The purposes the contact agrees to now."""
    return {consent.purpose for consent in granted(session, contact_id)}
