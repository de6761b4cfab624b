"""The tables of visitors, conversations and messages."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from leadcapture.contacts.models import Contact
from leadcapture.db import Base
from leadcapture.operators.models import Operator
from leadcapture.sites.models import Site


class Visitor(Base):
    """An anonymous browser; the row is made with its first message, never before."""

    __tablename__ = "visitors"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(40), unique=True)
    site_id: Mapped[int] = mapped_column(ForeignKey(Site.id, ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(120), default="")
    language: Mapped[str] = mapped_column(String(8), default="en")
    page_url: Mapped[str] = mapped_column(String(2000), default="")  # where they wrote from last
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]


class Conversation(Base):
    """One thread. `last_seq` numbers what the visitor sees: 1, 2, 3 … without a gap."""

    __tablename__ = "conversations"
    __table_args__ = (
        Index("ix_conversations_site_activity", "site_id", "active_at", "id"),
        Index("ix_conversations_site_status", "site_id", "status", "active_at"),
        Index("ix_conversations_waiting", "status", "waiting_since"),
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
    stars: Mapped[int | None]
    comment: Mapped[str] = mapped_column(String(1000), default="")
    created_at: Mapped[datetime]
    active_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class Message(Base):
    """One entry in a conversation. Notes between operators have no seq; they stand after `after_seq`."""

    __tablename__ = "messages"
    __table_args__ = (
        UniqueConstraint("conversation_id", "author_kind", "client_id"),
        UniqueConstraint("conversation_id", "seq"),
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
