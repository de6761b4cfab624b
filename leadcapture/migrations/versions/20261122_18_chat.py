"""What the chat needs to be quick"""

from __future__ import annotations

revision = "20261122_18"
down_revision = "20261122_17"


def upgrade() -> None:
    pass
