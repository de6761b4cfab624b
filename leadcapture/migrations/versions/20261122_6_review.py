"""The tables of reviews"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from leadcapture.db import UtcDateTime

revision = "20261122_6"
down_revision = "20261122_5"


def upgrade() -> None:
    op.create_table(
        "reviews",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=40), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("form_id", sa.Integer(), nullable=False),
        sa.Column("contact_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("stars", sa.Integer(), nullable=False),
        sa.Column("about", sa.String(length=160), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("told", sa.Boolean(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("answered_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("fk_reviews_contact_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["form_id"], ["forms.id"], name=op.f("fk_reviews_form_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_reviews_site_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reviews")),
        sa.UniqueConstraint("form_id", "contact_id", name=op.f("uq_reviews_form_id_contact_id")),
        sa.UniqueConstraint("public_id", name=op.f("uq_reviews_public_id")),
    )
    with op.batch_alter_table("reviews") as reviews:
        reviews.create_index(reviews.f("ix_reviews_contact_id"), ["contact_id"], unique=False)
        reviews.create_index("ix_reviews_form_state", ["form_id", "state", "at", "id"], unique=False)
