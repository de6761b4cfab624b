"""The tables of contests"""

from __future__ import annotations

revision = "20261122_3"
down_revision = "20261122_2"


def upgrade() -> None:
    pass
