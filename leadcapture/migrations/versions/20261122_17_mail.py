"""What the outbox needs to be quick"""

from __future__ import annotations

revision = "20261122_17"
down_revision = "20261122_16"


def upgrade() -> None:
    pass
