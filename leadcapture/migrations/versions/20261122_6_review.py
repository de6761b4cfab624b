"""The tables of reviews"""

from __future__ import annotations

revision = "20261122_6"
down_revision = "20261122_5"


def upgrade() -> None:
    pass
