"""The tables of downloads"""

from __future__ import annotations

revision = "20261122_5"
down_revision = "20261122_4"


def upgrade() -> None:
    pass
