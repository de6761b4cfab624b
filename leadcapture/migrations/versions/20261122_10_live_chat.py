"""What live chat grew: files, tags, canned replies, mentions, views, pages seen, edits, who a visitor is"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from leadcapture.db import UtcDateTime

revision = "20261122_10"
down_revision = "20261122_9"


def upgrade() -> None:
    op.create_table(
        "canned_replies",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=40), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("shortcut", sa.String(length=40), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_canned_replies_site_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_canned_replies")),
        sa.UniqueConstraint("public_id", name=op.f("uq_canned_replies_public_id")),
        sa.UniqueConstraint("site_id", "shortcut", name=op.f("uq_canned_replies_site_id_shortcut")),
    )
    op.create_table(
        "chat_files",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=40), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("visitor", sa.String(length=40), nullable=True),
        sa.Column("operator_id", sa.Integer(), nullable=True),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("content_type", sa.String(length=120), nullable=False),
        sa.Column("stored", sa.String(length=64), nullable=False),
        sa.Column("thumb", sa.String(length=64), nullable=True),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("claimed", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["operator_id"], ["operators.id"], name=op.f("fk_chat_files_operator_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_chat_files_site_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chat_files")),
        sa.UniqueConstraint("public_id", name=op.f("uq_chat_files_public_id")),
    )
    with op.batch_alter_table("chat_files") as chat_files:
        chat_files.create_index(chat_files.f("ix_chat_files_created_at"), ["created_at"], unique=False)
        chat_files.create_index(chat_files.f("ix_chat_files_site_id"), ["site_id"], unique=False)
        chat_files.create_index(chat_files.f("ix_chat_files_visitor"), ["visitor"], unique=False)

    op.create_table(
        "saved_views",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=40), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("operator_id", sa.Integer(), nullable=True),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("filter", sa.JSON(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["operator_id"], ["operators.id"], name=op.f("fk_saved_views_operator_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_saved_views_site_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_views")),
        sa.UniqueConstraint("public_id", name=op.f("uq_saved_views_public_id")),
    )
    with op.batch_alter_table("saved_views") as saved_views:
        saved_views.create_index(saved_views.f("ix_saved_views_site_id"), ["site_id"], unique=False)

    op.create_table(
        "tags",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_tags_site_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tags")),
        sa.UniqueConstraint("site_id", "name", name=op.f("uq_tags_site_id_name")),
    )
    op.create_table(
        "page_views",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("visitor_id", sa.Integer(), nullable=False),
        sa.Column("url", sa.String(length=2000), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["visitor_id"], ["visitors.id"], name=op.f("fk_page_views_visitor_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_page_views")),
    )
    with op.batch_alter_table("page_views") as page_views:
        page_views.create_index(page_views.f("ix_page_views_visitor_id"), ["visitor_id"], unique=False)

    op.create_table(
        "conversation_tags",
        sa.Column("conversation_id", sa.Integer(), nullable=False),
        sa.Column("tag", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name=op.f("fk_conversation_tags_conversation_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("conversation_id", "tag", name=op.f("pk_conversation_tags")),
    )
    with op.batch_alter_table("conversation_tags") as conversation_tags:
        conversation_tags.create_index(conversation_tags.f("ix_conversation_tags_tag"), ["tag"], unique=False)

    op.create_table(
        "mentions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.Column("operator_id", sa.Integer(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["message_id"], ["messages.id"], name=op.f("fk_mentions_message_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["operator_id"], ["operators.id"], name=op.f("fk_mentions_operator_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mentions")),
        sa.UniqueConstraint("message_id", "operator_id", name=op.f("uq_mentions_message_id_operator_id")),
    )
    with op.batch_alter_table("mentions") as mentions:
        mentions.create_index(mentions.f("ix_mentions_operator_id"), ["operator_id"], unique=False)

    with op.batch_alter_table("conversations") as conversations:
        conversations.add_column(sa.Column("subject", sa.String(length=200), server_default="", nullable=False))
        conversations.add_column(sa.Column("rated_at", UtcDateTime(), nullable=True))
        conversations.add_column(sa.Column("rev", sa.Integer(), server_default="0", nullable=False))
        conversations.add_column(sa.Column("last_operator_id", sa.Integer(), nullable=True))
        conversations.add_column(sa.Column("assigned_at", UtcDateTime(), nullable=True))
        conversations.add_column(sa.Column("escalation", sa.Integer(), server_default="0", nullable=False))
        conversations.add_column(sa.Column("escalated_at", UtcDateTime(), nullable=True))
        conversations.add_column(sa.Column("missed_at", UtcDateTime(), nullable=True))
        conversations.add_column(sa.Column("snoozed_until", UtcDateTime(), nullable=True))
        conversations.add_column(sa.Column("ended_by", sa.String(length=10), server_default="", nullable=False))
        conversations.create_index(conversations.f("ix_conversations_snoozed_until"), ["snoozed_until"], unique=False)
        conversations.create_foreign_key(
            conversations.f("fk_conversations_last_operator_id"),
            "operators",
            ["last_operator_id"],
            ["id"],
            ondelete="SET NULL",
        )

    with op.batch_alter_table("messages") as messages:
        messages.add_column(sa.Column("rev", sa.Integer(), nullable=True))
        messages.add_column(sa.Column("edited_at", UtcDateTime(), nullable=True))
        messages.add_column(sa.Column("deleted_at", UtcDateTime(), nullable=True))
        messages.add_column(sa.Column("file_id", sa.Integer(), nullable=True))
        messages.add_column(sa.Column("by_email", sa.Boolean(), server_default=sa.false(), nullable=False))
        messages.create_index("ix_messages_conversation_rev", ["conversation_id", "rev"], unique=False)
        messages.create_index(messages.f("ix_messages_file_id"), ["file_id"], unique=False)
        messages.create_foreign_key(
            messages.f("fk_messages_file_id"), "chat_files", ["file_id"], ["id"], ondelete="SET NULL"
        )

    with op.batch_alter_table("presences") as presences:
        presences.add_column(sa.Column("idle_at", UtcDateTime(), nullable=True))
        presences.add_column(sa.Column("heard_at", UtcDateTime(), nullable=True))

    with op.batch_alter_table("sites") as sites:
        sites.add_column(sa.Column("chat", sa.JSON(), nullable=True))
        sites.add_column(sa.Column("identity_secret", sa.String(length=140), nullable=True))

    with op.batch_alter_table("visitors") as visitors:
        visitors.add_column(sa.Column("user_id", sa.String(length=200), nullable=True))
        visitors.add_column(sa.Column("user", sa.JSON(), nullable=True))
        visitors.add_column(sa.Column("verified_at", UtcDateTime(), nullable=True))
        visitors.add_column(sa.Column("timezone", sa.String(length=64), server_default="", nullable=False))
        visitors.add_column(sa.Column("referrer", sa.String(length=2000), server_default="", nullable=False))
        visitors.add_column(sa.Column("utm", sa.JSON(), nullable=True))
        visitors.add_column(sa.Column("device", sa.String(length=120), server_default="", nullable=False))
        visitors.add_column(sa.Column("visits", sa.Integer(), server_default="0", nullable=False))
        visitors.add_column(sa.Column("answers", sa.JSON(), nullable=True))
        visitors.add_column(sa.Column("blocked_until", UtcDateTime(), nullable=True))
        visitors.add_column(sa.Column("blocked_by_id", sa.Integer(), nullable=True))
        visitors.create_unique_constraint(visitors.f("uq_visitors_site_id_user_id"), ["site_id", "user_id"])
        visitors.create_foreign_key(
            visitors.f("fk_visitors_blocked_by_id"), "operators", ["blocked_by_id"], ["id"], ondelete="SET NULL"
        )
