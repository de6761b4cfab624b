"""Caps of mail, spent proofs of work, what is held as spam, imports and the quarantine, asking again, preferences"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from leadcapture.db import UtcDateTime

revision = "20261122_14"
down_revision = "20261122_13"


def upgrade() -> None:
    _new_tables()
    _new_columns()


def _new_tables() -> None:
    op.create_table(
        "mail_caps",
        sa.Column("owner", sa.String(length=40), nullable=False),
        sa.Column("mailbox", sa.String(length=64), nullable=False),
        sa.Column("times", sa.JSON(), nullable=False),
        sa.Column("newest", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("owner", "mailbox", name=op.f("pk_mail_caps")),
    )
    with op.batch_alter_table("mail_caps") as table:
        table.create_index(table.f("ix_mail_caps_newest"), ["newest"], unique=False)

    op.create_table(
        "mail_opens",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("about", sa.String(length=40), nullable=False),
        sa.Column("link", sa.String(length=20), nullable=False),
        sa.Column("ip_digest", sa.String(length=64), nullable=False),
        sa.Column("agent", sa.String(length=200), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_opens")),
    )
    with op.batch_alter_table("mail_opens") as table:
        table.create_index(table.f("ix_mail_opens_about"), ["about"], unique=False)
        table.create_index(table.f("ix_mail_opens_at"), ["at"], unique=False)

    op.create_table(
        "spent_challenges",
        sa.Column("challenge", sa.String(length=128), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("challenge", name=op.f("pk_spent_challenges")),
    )
    with op.batch_alter_table("spent_challenges") as table:
        table.create_index(table.f("ix_spent_challenges_expires_at"), ["expires_at"], unique=False)

    op.create_table(
        "imports",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=40), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("operator_id", sa.Integer(), nullable=True),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("stored", sa.String(length=80), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("encoding", sa.String(length=20), nullable=False),
        sa.Column("dialect", sa.JSON(), nullable=False),
        sa.Column("header", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("mapping", sa.JSON(), nullable=False),
        sa.Column("provenance", sa.JSON(), nullable=False),
        sa.Column("evidence", sa.String(length=80), nullable=True),
        sa.Column("mode", sa.String(length=12), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("dry_run", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("rows_total", sa.Integer(), nullable=True),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.Column("row_no", sa.Integer(), nullable=False),
        sa.Column("report", sa.String(length=80), nullable=True),
        sa.Column("report_bytes", sa.BigInteger(), nullable=False),
        sa.Column("error", sa.String(length=500), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=True),
        sa.Column("claimed_by", sa.String(length=60), nullable=True),
        sa.Column("heard_at", UtcDateTime(), nullable=True),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["operator_id"], ["operators.id"], name=op.f("fk_imports_operator_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_imports_site_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imports")),
        sa.UniqueConstraint("public_id", name=op.f("uq_imports_public_id")),
    )
    with op.batch_alter_table("imports") as table:
        table.create_index("ix_imports_site_recent", ["site_id", "id"], unique=False)
        table.create_index(table.f("ix_imports_state"), ["state"], unique=False)

    op.create_table(
        "permission_campaigns",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=40), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("operator_id", sa.Integer(), nullable=True),
        sa.Column("purpose", sa.String(length=60), nullable=False),
        sa.Column("version", sa.String(length=40), nullable=False),
        sa.Column("statement", sa.JSON(), nullable=False),
        sa.Column("old_versions", sa.JSON(), nullable=False),
        sa.Column("ground", sa.Text(), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("per_hour", sa.Integer(), nullable=False),
        sa.Column("ends_after_days", sa.Integer(), nullable=True),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=True),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["site_id"], ["sites.id"], name=op.f("fk_permission_campaigns_site_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_permission_campaigns")),
        sa.UniqueConstraint("public_id", name=op.f("uq_permission_campaigns_public_id")),
    )
    with op.batch_alter_table("permission_campaigns") as table:
        table.create_index(table.f("ix_permission_campaigns_import_id"), ["import_id"], unique=False)
        table.create_index(table.f("ix_permission_campaigns_site_id"), ["site_id"], unique=False)
        table.create_index(table.f("ix_permission_campaigns_state"), ["state"], unique=False)

    op.create_table(
        "spam_counts",
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("ham", sa.Integer(), nullable=False),
        sa.Column("spam", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_spam_counts_site_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("site_id", name=op.f("pk_spam_counts")),
    )
    op.create_table(
        "spam_words",
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("word", sa.String(length=40), nullable=False),
        sa.Column("ham", sa.Integer(), nullable=False),
        sa.Column("spam", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_spam_words_site_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("site_id", "word", name=op.f("pk_spam_words")),
    )
    op.create_table(
        "address_changes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=40), nullable=False),
        sa.Column("contact_id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("email_key", sa.String(length=320), nullable=False),
        sa.Column("code_digest", sa.String(length=64), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("requested_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("confirmed_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("fk_address_changes_contact_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_address_changes")),
        sa.UniqueConstraint("public_id", name=op.f("uq_address_changes_public_id")),
    )
    with op.batch_alter_table("address_changes") as table:
        table.create_index(table.f("ix_address_changes_contact_id"), ["contact_id"], unique=False)

    op.create_table(
        "permission_asks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=40), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("contact_id", sa.Integer(), nullable=True),
        sa.Column("quarantined_id", sa.Integer(), nullable=True),
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("email_public_id", sa.String(length=40), nullable=True),
        sa.Column("asked_at", UtcDateTime(), nullable=True),
        sa.Column("answered_at", UtcDateTime(), nullable=True),
        sa.Column("answer", sa.String(length=8), nullable=True),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["permission_campaigns.id"],
            name=op.f("fk_permission_asks_campaign_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("fk_permission_asks_contact_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_permission_asks")),
        sa.UniqueConstraint("campaign_id", "contact_id", name=op.f("uq_permission_asks_campaign_id_contact_id")),
        sa.UniqueConstraint(
            "campaign_id", "quarantined_id", name=op.f("uq_permission_asks_campaign_id_quarantined_id")
        ),
        sa.UniqueConstraint("public_id", name=op.f("uq_permission_asks_public_id")),
    )
    with op.batch_alter_table("permission_asks") as table:
        table.create_index(table.f("ix_permission_asks_asked_at"), ["asked_at"], unique=False)
        table.create_index(table.f("ix_permission_asks_campaign_id"), ["campaign_id"], unique=False)
        table.create_index(table.f("ix_permission_asks_contact_id"), ["contact_id"], unique=False)
        table.create_index(table.f("ix_permission_asks_quarantined_id"), ["quarantined_id"], unique=False)

    op.create_table(
        "quarantined",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=40), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("email_key", sa.String(length=320), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("phone", sa.String(length=40), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("attributes", sa.JSON(), nullable=False),
        sa.Column("row_no", sa.Integer(), nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=True),
        sa.Column("answered_at", UtcDateTime(), nullable=True),
        sa.Column("answer", sa.String(length=8), nullable=True),
        sa.ForeignKeyConstraint(
            ["import_id"], ["imports.id"], name=op.f("fk_quarantined_import_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_quarantined_site_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quarantined")),
        sa.UniqueConstraint("public_id", name=op.f("uq_quarantined_public_id")),
        sa.UniqueConstraint("site_id", "email_key", name=op.f("uq_quarantined_site_id_email_key")),
    )
    with op.batch_alter_table("quarantined") as table:
        table.create_index("ix_quarantined_import", ["import_id", "id"], unique=False)


def _new_columns() -> None:
    with op.batch_alter_table("confirmations") as table:
        table.add_column(sa.Column("code_before", sa.String(length=64), server_default="", nullable=False))

    with op.batch_alter_table("contacts") as table:
        table.add_column(sa.Column("channel", sa.String(length=6), server_default="mail", nullable=False))
        table.add_column(sa.Column("call_hours", sa.JSON(none_as_null=True), nullable=True))
        table.add_column(sa.Column("topics", sa.JSON(none_as_null=True), nullable=True))
        table.add_column(sa.Column("paused_until", UtcDateTime(), nullable=True))
        table.add_column(sa.Column("import_id", sa.Integer(), nullable=True))
        table.add_column(sa.Column("active_at", UtcDateTime(), nullable=True))
        table.create_index(table.f("ix_contacts_import_id"), ["import_id"], unique=False)
    op.execute("UPDATE contacts SET active_at = updated_at")
    with op.batch_alter_table("contacts") as table:
        table.alter_column("active_at", existing_type=UtcDateTime(), nullable=False)
        table.create_index(table.f("ix_contacts_active_at"), ["active_at"], unique=False)

    with op.batch_alter_table("conversations") as table:
        table.add_column(sa.Column("held_at", UtcDateTime(), nullable=True))
        table.add_column(sa.Column("held_why", sa.JSON(none_as_null=True), nullable=True))
        table.add_column(sa.Column("spam", sa.Boolean(), nullable=True))

    with op.batch_alter_table("emails") as table:
        table.add_column(sa.Column("contact", sa.String(length=40), nullable=True))
        table.add_column(sa.Column("purpose", sa.String(length=60), nullable=True))
        table.create_index(table.f("ix_emails_contact"), ["contact"], unique=False)

    with op.batch_alter_table("sites") as table:
        table.add_column(sa.Column("protection", sa.JSON(none_as_null=True), nullable=True))
        table.add_column(sa.Column("retention", sa.JSON(none_as_null=True), nullable=True))

    with op.batch_alter_table("submissions") as table:
        table.add_column(sa.Column("held_at", UtcDateTime(), nullable=True))
        table.add_column(sa.Column("held_why", sa.JSON(none_as_null=True), nullable=True))
        table.add_column(sa.Column("spam", sa.Boolean(), nullable=True))
        table.create_index(table.f("ix_submissions_held_at"), ["held_at"], unique=False)
