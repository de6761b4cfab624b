"""The tables of contests"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from leadcapture.db import UtcDateTime

revision = "20261122_3"
down_revision = "20261122_2"


def upgrade() -> None:
    op.create_table(
        "contests",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("form_id", sa.Integer(), nullable=False),
        sa.Column("seed", sa.String(length=64), nullable=False),
        sa.Column("commitment", sa.String(length=64), nullable=False),
        sa.Column("committed_at", UtcDateTime(), nullable=False),
        sa.Column("terms", sa.JSON(), nullable=False),
        sa.Column("opens_at", UtcDateTime(), nullable=True),
        sa.Column("closes_at", UtcDateTime(), nullable=True),
        sa.Column("opened_at", UtcDateTime(), nullable=True),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("last_number", sa.Integer(), nullable=False),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.Column("count", sa.Integer(), nullable=True),
        sa.Column("root", sa.String(length=64), nullable=True),
        sa.Column("drawn_at", UtcDateTime(), nullable=True),
        sa.Column("beacon", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["form_id"], ["forms.id"], name=op.f("fk_contests_form_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contests")),
        sa.UniqueConstraint("form_id", name=op.f("uq_contests_form_id")),
    )
    with op.batch_alter_table("contests") as contests:
        contests.create_index(contests.f("ix_contests_closes_at"), ["closes_at"], unique=False)
    op.create_table(
        "contest_entries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=40), nullable=False),
        sa.Column("contest_id", sa.Integer(), nullable=False),
        sa.Column("contact_id", sa.Integer(), nullable=True),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("address", sa.String(length=320), nullable=True),
        sa.Column("salt", sa.String(length=32), nullable=True),
        sa.Column("leaf", sa.String(length=64), nullable=False),
        sa.Column("confirmed_at", UtcDateTime(), nullable=False),
        sa.Column("proof_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["contest_id"], ["contests.id"], name=op.f("fk_contest_entries_contest_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("fk_contest_entries_contact_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contest_entries")),
        sa.UniqueConstraint("public_id", name=op.f("uq_contest_entries_public_id")),
        sa.UniqueConstraint("contest_id", "address", name=op.f("uq_contest_entries_contest_id_address")),
        sa.UniqueConstraint("contest_id", "leaf", name=op.f("uq_contest_entries_contest_id_leaf")),
    )
    with op.batch_alter_table("contest_entries") as entries:
        entries.create_index(entries.f("ix_contest_entries_contact_id"), ["contact_id"], unique=False)
        entries.create_index("ix_contest_entries_unproven", ["contest_id", "proof_at"], unique=False)
    op.create_table(
        "contest_disqualifications",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("contest_id", sa.Integer(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["contest_id"], ["contests.id"], name=op.f("fk_contest_disqualifications_contest_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contest_disqualifications")),
        sa.UniqueConstraint("contest_id", "rank", name=op.f("uq_contest_disqualifications_contest_id_rank")),
    )
    op.create_table(
        "contest_tallies",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("contest_id", sa.Integer(), nullable=False),
        sa.Column("hour", UtcDateTime(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["contest_id"], ["contests.id"], name=op.f("fk_contest_tallies_contest_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contest_tallies")),
        sa.UniqueConstraint("contest_id", "hour", name=op.f("uq_contest_tallies_contest_id_hour")),
    )
