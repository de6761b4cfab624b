"""The tables of webinars"""

from __future__ import annotations

revision = "20261122_9"
down_revision = "20261122_8"


def upgrade() -> None:
    pass
