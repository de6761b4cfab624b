"""What the outbox needs to be quick"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from leadcapture.mail import naming

revision = "20261122_17"
down_revision = "20261122_16"


def upgrade() -> None:
    _waiting_mails()
    _named_addresses()


def _waiting_mails() -> None:
    waits = sa.text("status IN ('queued', 'deferred')")
    op.create_index("ix_emails_waiting", "emails", ["due_at", "id"], sqlite_where=waits, postgresql_where=waits)


def _named_addresses() -> None:
    op.create_table(
        "emails_naming",
        sa.Column("address", sa.String(320), nullable=False),
        sa.Column("email_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["email_id"], ["emails.id"], name=op.f("fk_emails_naming_email_id_emails"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("address", "email_id", name=op.f("pk_emails_naming")),
    )
    op.create_index(op.f("ix_emails_naming_email_id"), "emails_naming", ["email_id"])
    last = 0
    while rows := _mails_after(last):
        found = [{"address": mark, "email_id": row[0]} for row in rows for mark in sorted(_marks(*row[1:]))]
        if found:
            op.get_bind().execute(
                sa.text("INSERT INTO emails_naming (address, email_id) VALUES (:address, :email_id)"), found
            )
        last = rows[-1][0]


def _mails_after(last: int) -> list[tuple[Any, ...]]:
    said = "SELECT id, to_email, to_key, subject, text, html, reply_to, CAST(headers AS TEXT) FROM emails"
    rows = op.get_bind().execute(sa.text(f"{said} WHERE id > :last ORDER BY id LIMIT 500"), {"last": last})
    return [tuple(row) for row in rows]


def _marks(to_email: str, to_key: str, *texts: str | None) -> set[str]:
    receiver = {*naming.marks(to_email), *naming.marks(to_key)}
    return {mark for text in texts if text for mark in naming.marks(text)} - receiver
