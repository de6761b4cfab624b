"""The tables of visitors, conversations and messages, and of what operators keep beside them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from leadcapture.contacts.models import Contact
from leadcapture.db import Base
from leadcapture.operators.models import Operator
from leadcapture.sites.models import Site

_HELD = text("held_at IS NOT NULL")


class Visitor(Base):
    """An anonymous browser; the row is made with its first message, never before."""

    __tablename__ = "visitors"
    __table_args__ = (UniqueConstraint("site_id", "user_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(40), unique=True)
    site_id: Mapped[int] = mapped_column(ForeignKey(Site.id, ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(120), default="")
    language: Mapped[str] = mapped_column(String(8), default="en")
    page_url: Mapped[str] = mapped_column(String(2000), default="")  # where they wrote from last
    # Who it is on the host site, proven by its signature; None for whoever is not signed in there.
    user_id: Mapped[str | None] = mapped_column(String(200))
    user: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))  # name, e-mail as the host site says
    verified_at: Mapped[datetime | None]
    timezone: Mapped[str] = mapped_column(String(64), default="", server_default="")  # IANA's name, "" unknown
    referrer: Mapped[str] = mapped_column(String(2000), default="", server_default="")
    utm: Mapped[dict[str, str] | None] = mapped_column(JSON(none_as_null=True))
    device: Mapped[str] = mapped_column(String(120), default="", server_default="")  # "Chrome on Android"
    visits: Mapped[int] = mapped_column(default=0, server_default="0")
    answers: Mapped[dict[str, str] | None] = mapped_column(JSON(none_as_null=True))  # to the site's pre-chat questions
    blocked_until: Mapped[datetime | None]
    blocked_by_id: Mapped[int | None] = mapped_column(ForeignKey(Operator.id, ondelete="SET NULL"))
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]


class PageView(Base):
    """A page that a visitor who has written looked at; the newest ones are kept."""

    __tablename__ = "page_views"

    id: Mapped[int] = mapped_column(primary_key=True)
    visitor_id: Mapped[int] = mapped_column(ForeignKey(Visitor.id, ondelete="CASCADE"), index=True)
    url: Mapped[str] = mapped_column(String(2000))
    title: Mapped[str] = mapped_column(String(200), default="")
    at: Mapped[datetime]


class VisitorPresence(Base):
    """One open tab of a visitor who chats or agreed to be seen. The row goes when the tab does: nothing is kept."""

    __tablename__ = "visitor_presences"

    socket_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    process: Mapped[str] = mapped_column(String(40), index=True)
    site_id: Mapped[int] = mapped_column(ForeignKey(Site.id, ondelete="CASCADE"), index=True)
    visitor: Mapped[str] = mapped_column(String(40), index=True)  # the public id; there may be no row yet
    language: Mapped[str] = mapped_column(String(8))
    timezone: Mapped[str] = mapped_column(String(64))
    device: Mapped[str] = mapped_column(String(120))
    referrer: Mapped[str] = mapped_column(String(2000))
    url: Mapped[str] = mapped_column(String(2000))
    title: Mapped[str] = mapped_column(String(200))
    since: Mapped[datetime]  # on that page
    heard_at: Mapped[datetime] = mapped_column(index=True)  # when the process said last that the tab is open


class Conversation(Base):
    """One thread. `last_seq` numbers what the visitor sees: 1, 2, 3 … without a gap."""

    __tablename__ = "conversations"
    __table_args__ = (
        Index("ix_conversations_site_activity", "site_id", "active_at", "id"),
        Index("ix_conversations_site_status", "site_id", "status", "active_at"),
        Index("ix_conversations_waiting", "status", "waiting_since"),
        # The few that are held, of a hundred thousand that are not.
        Index("ix_conversations_held", "site_id", "active_at", "id", sqlite_where=_HELD, postgresql_where=_HELD),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(40), unique=True)
    site_id: Mapped[int] = mapped_column(ForeignKey(Site.id, ondelete="CASCADE"))
    visitor_id: Mapped[int] = mapped_column(ForeignKey(Visitor.id, ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(10), default="chat")  # chat, question (begun by the offline form)
    status: Mapped[str] = mapped_column(String(12), default="waiting")  # waiting, active, unanswered, closed
    operator_id: Mapped[int | None] = mapped_column(ForeignKey(Operator.id, ondelete="SET NULL"), index=True)
    last_seq: Mapped[int] = mapped_column(default=0)
    visitor_seen: Mapped[int] = mapped_column(default=0)
    visitor_delivered: Mapped[int] = mapped_column(default=0)
    operator_seen: Mapped[int] = mapped_column(default=0)
    operator_delivered: Mapped[int] = mapped_column(default=0)
    # Since when the visitor waits for an answer; None while nobody waits.
    waiting_since: Mapped[datetime | None]
    # The address an offline question left; confirmed_at stays None until its owner proved it.
    name: Mapped[str] = mapped_column(String(120), default="")
    email: Mapped[str | None] = mapped_column(String(320))
    email_confirmed_at: Mapped[datetime | None]
    contact_id: Mapped[int | None] = mapped_column(ForeignKey(Contact.id, ondelete="SET NULL"), index=True)
    page_url: Mapped[str] = mapped_column(String(2000), default="")
    subject: Mapped[str] = mapped_column(String(200), default="", server_default="")  # of its e-mails
    stars: Mapped[int | None]
    comment: Mapped[str] = mapped_column(String(1000), default="")
    rated_at: Mapped[datetime | None]
    # Counts what was edited or deleted, as last_seq counts what was said.
    rev: Mapped[int] = mapped_column(default=0, server_default="0")
    # Who had it before.
    last_operator_id: Mapped[int | None] = mapped_column(ForeignKey(Operator.id, ondelete="SET NULL"))
    assigned_at: Mapped[datetime | None]
    # How loudly operators were told that the visitor waits: 0 not yet, 1 everybody, 2 by e-mail.
    escalation: Mapped[int] = mapped_column(default=0, server_default="0")
    escalated_at: Mapped[datetime | None]
    missed_at: Mapped[datetime | None]  # nobody came in time, and nobody has said anything since
    snoozed_until: Mapped[datetime | None] = mapped_column(index=True)
    ended_by: Mapped[str] = mapped_column(String(10), default="", server_default="")  # visitor, operator
    # Held as spam: since when, why (codes), and what a person decided.
    held_at: Mapped[datetime | None]
    held_why: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    spam: Mapped[bool | None]
    created_at: Mapped[datetime]
    active_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class ConversationTag(Base):
    """A tag on a conversation."""

    __tablename__ = "conversation_tags"

    conversation_id: Mapped[int] = mapped_column(ForeignKey(Conversation.id, ondelete="CASCADE"), primary_key=True)
    tag: Mapped[str] = mapped_column(String(40), primary_key=True, index=True)


class ConversationJoin(Base):
    """A supervisor who joined the conversation beside the operator who answers; until it is closed."""

    __tablename__ = "conversation_joins"

    conversation_id: Mapped[int] = mapped_column(ForeignKey(Conversation.id, ondelete="CASCADE"), primary_key=True)
    operator_id: Mapped[int] = mapped_column(ForeignKey(Operator.id, ondelete="CASCADE"), primary_key=True)
    at: Mapped[datetime]


class Tag(Base):
    """A tag that a site's operators have used: what is offered when the next conversation is tagged."""

    __tablename__ = "tags"
    __table_args__ = (UniqueConstraint("site_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey(Site.id, ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(40))


class ChatFile(Base):
    """A file somebody sends into a conversation. Until a message claims it, it is nobody's and goes after a day."""

    __tablename__ = "chat_files"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(40), unique=True)
    site_id: Mapped[int] = mapped_column(ForeignKey(Site.id, ondelete="CASCADE"), index=True)
    # The id out of the visitor's token: there may be no row of that visitor yet.
    visitor: Mapped[str | None] = mapped_column(String(40), index=True)
    operator_id: Mapped[int | None] = mapped_column(ForeignKey(Operator.id, ondelete="SET NULL"))
    name: Mapped[str] = mapped_column(String(200))
    size: Mapped[int]  # bytes
    content_type: Mapped[str] = mapped_column(String(120))  # by what is in it
    stored: Mapped[str] = mapped_column(String(64))  # its name in the folder of uploads
    thumb: Mapped[str | None] = mapped_column(String(64))
    width: Mapped[int | None]  # of the thumbnail, pixels
    height: Mapped[int | None]
    claimed: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(index=True)


class Message(Base):
    """One entry in a conversation. Notes between operators have no seq; they stand after `after_seq`."""

    __tablename__ = "messages"
    __table_args__ = (
        UniqueConstraint("conversation_id", "author_kind", "client_id"),
        UniqueConstraint("conversation_id", "seq"),
        Index("ix_messages_conversation_rev", "conversation_id", "rev"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(40), unique=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey(Conversation.id, ondelete="CASCADE"))
    client_id: Mapped[str] = mapped_column(String(64))
    seq: Mapped[int | None]
    after_seq: Mapped[int]
    kind: Mapped[str] = mapped_column(String(10))  # reply (chat, both ways), note, question, system
    author_kind: Mapped[str] = mapped_column(String(10))  # visitor, operator, system
    author_name: Mapped[str] = mapped_column(String(120), default="")
    operator_id: Mapped[int | None] = mapped_column(ForeignKey(Operator.id, ondelete="SET NULL"))
    body: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
    # Where it stands among the edits and deletions of its conversation; None while it is as it was written.
    rev: Mapped[int | None]
    edited_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]
    file_id: Mapped[int | None] = mapped_column(ForeignKey(ChatFile.id, ondelete="SET NULL"), index=True)
    by_email: Mapped[bool] = mapped_column(default=False, server_default=false())


class Mention(Base):
    """An operator who was named in a note."""

    __tablename__ = "mentions"
    __table_args__ = (UniqueConstraint("message_id", "operator_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    message_id: Mapped[int] = mapped_column(ForeignKey(Message.id, ondelete="CASCADE"))
    operator_id: Mapped[int] = mapped_column(ForeignKey(Operator.id, ondelete="CASCADE"), index=True)
    seen_at: Mapped[datetime | None]


class CannedReply(Base):
    """A text that a site's operators insert by its shortcut."""

    __tablename__ = "canned_replies"
    __table_args__ = (UniqueConstraint("site_id", "shortcut"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(40), unique=True)
    site_id: Mapped[int] = mapped_column(ForeignKey(Site.id, ondelete="CASCADE"))
    shortcut: Mapped[str] = mapped_column(String(40))
    body: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class SavedView(Base):
    """A filter of the inbox under a name: one operator's, or of all of the site where `operator_id` is None."""

    __tablename__ = "saved_views"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(40), unique=True)
    site_id: Mapped[int] = mapped_column(ForeignKey(Site.id, ondelete="CASCADE"), index=True)
    operator_id: Mapped[int | None] = mapped_column(ForeignKey(Operator.id, ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(60))
    filter: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime]
