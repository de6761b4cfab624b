"""Who joined a conversation; connections of operators by the sign-in they came with, and when each was last heard"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from leadcapture.db import UtcDateTime

revision = "20261122_12"
down_revision = "20261122_11"


def upgrade() -> None:
    op.create_table(
        "conversation_joins",
        sa.Column("conversation_id", sa.Integer(), nullable=False),
        sa.Column("operator_id", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name=op.f("fk_conversation_joins_conversation_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["operator_id"], ["operators.id"], name=op.f("fk_conversation_joins_operator_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("conversation_id", "operator_id", name=op.f("pk_conversation_joins")),
    )
    # No connection outlives the service it was made to: there is nothing to keep.
    op.drop_table("presences")
    op.create_table(
        "presences",
        sa.Column("socket_id", sa.String(length=40), nullable=False),
        sa.Column("operator_id", sa.Integer(), nullable=False),
        sa.Column("device", sa.String(length=40), nullable=False),
        sa.Column("heard_at", UtcDateTime(), nullable=False),
        sa.Column("gone_at", UtcDateTime(), nullable=True),
        sa.Column("idle_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["operator_id"], ["operators.id"], name=op.f("fk_presences_operator_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("socket_id", name=op.f("pk_presences")),
    )
    with op.batch_alter_table("presences") as presences:
        presences.create_index(presences.f("ix_presences_operator_id"), ["operator_id"], unique=False)
        presences.create_index(presences.f("ix_presences_heard_at"), ["heard_at"], unique=False)
