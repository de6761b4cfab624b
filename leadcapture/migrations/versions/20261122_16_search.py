"""What makes a million contacts and messages searchable"""

from __future__ import annotations

revision = "20261122_16"
down_revision = "20261122_15"


def upgrade() -> None:
    pass
