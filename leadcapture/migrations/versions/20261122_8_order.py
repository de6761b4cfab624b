"""The tables of orders"""

from __future__ import annotations

revision = "20261122_8"
down_revision = "20261122_7"


def upgrade() -> None:
    pass
