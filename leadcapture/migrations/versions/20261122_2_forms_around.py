"""Attachments of mails, placement of forms, tokens of programs"""

from __future__ import annotations

import secrets

import sqlalchemy as sa
from alembic import op

from leadcapture.db import UtcDateTime

revision = "20261122_2"
down_revision = "20261122_1"


def upgrade() -> None:
    with op.batch_alter_table("emails") as emails:
        emails.add_column(sa.Column("attachments", sa.JSON(), nullable=True))
    with op.batch_alter_table("forms") as forms:
        forms.add_column(sa.Column("placement", sa.JSON(), nullable=True))
        forms.add_column(sa.Column("archived_at", UtcDateTime(), nullable=True))
        forms.add_column(sa.Column("short", sa.String(length=12), nullable=True))
    _give_short_codes()
    with op.batch_alter_table("forms") as forms:
        forms.alter_column("short", existing_type=sa.String(length=12), nullable=False)
        forms.create_unique_constraint(op.f("uq_forms_short"), ["short"])
    op.create_table(
        "api_tokens",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=40), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_api_tokens_site_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_tokens")),
        sa.UniqueConstraint("digest", name=op.f("uq_api_tokens_digest")),
        sa.UniqueConstraint("public_id", name=op.f("uq_api_tokens_public_id")),
    )
    with op.batch_alter_table("api_tokens") as tokens:
        tokens.create_index(tokens.f("ix_api_tokens_site_id"), ["site_id"], unique=False)


def _give_short_codes() -> None:
    forms = sa.table("forms", sa.column("id", sa.Integer), sa.column("short", sa.String))
    connection = op.get_bind()
    for form_id in connection.scalars(sa.select(forms.c.id)).all():
        code = "".join(secrets.choice("23456789abcdefghjkmnpqrstuvwxyz") for _digit in range(8))
        connection.execute(sa.update(forms).where(forms.c.id == form_id).values(short=code))
