"""The open tabs of visitors who chat or agreed to be seen"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from leadcapture.db import UtcDateTime

revision = "20261122_13"
down_revision = "20261122_12"


def upgrade() -> None:
    op.create_table(
        "visitor_presences",
        sa.Column("socket_id", sa.String(length=40), nullable=False),
        sa.Column("process", sa.String(length=40), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("visitor", sa.String(length=40), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("timezone", sa.String(length=64), nullable=False),
        sa.Column("device", sa.String(length=120), nullable=False),
        sa.Column("referrer", sa.String(length=2000), nullable=False),
        sa.Column("url", sa.String(length=2000), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("heard_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["site_id"], ["sites.id"], name=op.f("fk_visitor_presences_site_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("socket_id", name=op.f("pk_visitor_presences")),
    )
    with op.batch_alter_table("visitor_presences") as presences:
        for column in ("process", "site_id", "visitor", "heard_at"):
            presences.create_index(presences.f(f"ix_visitor_presences_{column}"), [column], unique=False)
