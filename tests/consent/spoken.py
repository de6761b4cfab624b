"""What people said about their consents, as the ledger has it."""

from __future__ import annotations

from sqlalchemy import select

from leadcapture import db
from leadcapture.consent import queries, rules
from leadcapture.consent.models import LedgerEvent
from leadcapture.consent.queries import Entry


def spoken() -> list[Entry]:
    """Every grant and withdrawal there is, oldest first."""
    with db.read() as session:
        rows = session.scalars(
            select(LedgerEvent)
            .where(LedgerEvent.event.in_(rules.SPOKEN))
            .order_by(LedgerEvent.site_id, LedgerEvent.seq)
        )
        return [queries.entry(row) for row in rows]
