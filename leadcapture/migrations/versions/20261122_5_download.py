"""The tables of downloads"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from leadcapture.db import UtcDateTime

revision = "20261122_5"
down_revision = "20261122_4"


def upgrade() -> None:
    op.create_table(
        "download_files",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=40), nullable=False),
        sa.Column("form_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("content_type", sa.String(length=120), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("stored", sa.String(length=40), nullable=False),
        sa.Column("downloads", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["form_id"], ["forms.id"], name=op.f("fk_download_files_form_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_download_files")),
        sa.UniqueConstraint("public_id", name=op.f("uq_download_files_public_id")),
    )
    with op.batch_alter_table("download_files") as files:
        files.create_index(files.f("ix_download_files_form_id"), ["form_id"], unique=False)
    op.create_table(
        "download_grants",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("form_id", sa.Integer(), nullable=False),
        sa.Column("contact_id", sa.Integer(), nullable=False),
        sa.Column("submission", sa.String(length=40), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("fk_download_grants_contact_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["form_id"], ["forms.id"], name=op.f("fk_download_grants_form_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_download_grants")),
        sa.UniqueConstraint("submission", name=op.f("uq_download_grants_submission")),
    )
    with op.batch_alter_table("download_grants") as grants:
        grants.create_index(grants.f("ix_download_grants_contact_id"), ["contact_id"], unique=False)
        grants.create_index(grants.f("ix_download_grants_form_id"), ["form_id"], unique=False)
    op.create_table(
        "download_takes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("grant_id", sa.Integer(), nullable=False),
        sa.Column("file_id", sa.Integer(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("last_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["file_id"], ["download_files.id"], name=op.f("fk_download_takes_file_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["grant_id"], ["download_grants.id"], name=op.f("fk_download_takes_grant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_download_takes")),
        sa.UniqueConstraint("grant_id", "file_id", name=op.f("uq_download_takes_grant_id_file_id")),
    )
    with op.batch_alter_table("download_takes") as takes:
        takes.create_index(takes.f("ix_download_takes_file_id"), ["file_id"], unique=False)
