"""The tables of registrations"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from leadcapture.db import UtcDateTime

revision = "20261122_7"
down_revision = "20261122_6"


def upgrade() -> None:
    op.create_table(
        "members",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=40), nullable=False),
        sa.Column("form_id", sa.Integer(), nullable=False),
        sa.Column("contact_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("ended_by", sa.String(length=10), nullable=False),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("fk_members_contact_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["form_id"], ["forms.id"], name=op.f("fk_members_form_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_members")),
        sa.UniqueConstraint("form_id", "contact_id", name=op.f("uq_members_form_id_contact_id")),
        sa.UniqueConstraint("form_id", "number", name=op.f("uq_members_form_id_number")),
        sa.UniqueConstraint("public_id", name=op.f("uq_members_public_id")),
    )
    with op.batch_alter_table("members") as members:
        members.create_index(members.f("ix_members_contact_id"), ["contact_id"], unique=False)
