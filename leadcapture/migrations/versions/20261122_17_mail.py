"""What the outbox needs to be quick"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "20261122_17"
down_revision = "20261122_16"


def upgrade() -> None:
    _waiting_mails()


def _waiting_mails() -> None:
    waits = sa.text("status IN ('queued', 'deferred')")
    op.create_index("ix_emails_waiting", "emails", ["due_at", "id"], sqlite_where=waits, postgresql_where=waits)
