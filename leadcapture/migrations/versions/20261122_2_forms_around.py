"""Attachments of mails, placement of forms, tokens of programs"""

from __future__ import annotations

revision = "20261122_2"
down_revision = "20261122_1"


def upgrade() -> None:
    pass
