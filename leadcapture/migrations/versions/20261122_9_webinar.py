"""The tables of webinars"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from leadcapture.db import UtcDateTime

revision = "20261122_9"
down_revision = "20261122_8"


def upgrade() -> None:
    op.create_table(
        "webinar_sessions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("form_id", sa.Integer(), nullable=False),
        sa.Column("row_id", sa.String(length=40), nullable=False),
        sa.Column("titles", sa.JSON(), nullable=False),
        sa.Column("starts_at", UtcDateTime(), nullable=False),
        sa.Column("timezone", sa.String(length=64), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("room_url", sa.String(length=2000), nullable=False),
        sa.Column("cancelled", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["form_id"], ["forms.id"], name=op.f("fk_webinar_sessions_form_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webinar_sessions")),
        sa.UniqueConstraint("form_id", "row_id", name=op.f("uq_webinar_sessions_form_id_row_id")),
    )
    with op.batch_alter_table("webinar_sessions") as sessions:
        sessions.create_index(sessions.f("ix_webinar_sessions_starts_at"), ["starts_at"], unique=False)
    op.create_table(
        "webinar_seats",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=40), nullable=False),
        sa.Column("session_id", sa.Integer(), nullable=False),
        sa.Column("contact_id", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("reminded", sa.Integer(), nullable=True),
        sa.Column("notice", sa.String(length=10), nullable=True),
        sa.Column("taken_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("fk_webinar_seats_contact_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["session_id"], ["webinar_sessions.id"], name=op.f("fk_webinar_seats_session_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webinar_seats")),
        sa.UniqueConstraint("public_id", name=op.f("uq_webinar_seats_public_id")),
        sa.UniqueConstraint("session_id", "contact_id", name=op.f("uq_webinar_seats_session_id_contact_id")),
    )
    with op.batch_alter_table("webinar_seats") as seats:
        seats.create_index(seats.f("ix_webinar_seats_contact_id"), ["contact_id"], unique=False)
        seats.create_index(seats.f("ix_webinar_seats_notice"), ["notice"], unique=False)
        seats.create_index("ix_webinar_seats_order", ["session_id", "status", "place"], unique=False)
