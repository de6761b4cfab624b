"""The tables of registrations"""

from __future__ import annotations

revision = "20261122_7"
down_revision = "20261122_6"


def upgrade() -> None:
    pass
