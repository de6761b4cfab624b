"""The tables of coupons"""

from __future__ import annotations

revision = "20261122_4"
down_revision = "20261122_3"


def upgrade() -> None:
    pass
