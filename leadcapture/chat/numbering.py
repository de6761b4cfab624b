"""How messages get their numbers: the statements beneath every message, all of them Core, for this is the hottest path.

The conversation's row is locked, then its last number is raised unless the author has sent this client id before, then
the message is inserted with the new number; all in one transaction. So numbers have no gaps, and what is sent again is
found instead of stored.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, exists, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from leadcapture import ids
from leadcapture.chat import rules
from leadcapture.chat.models import Visitor
from leadcapture.chat.protocol import Incoming, MessageView
from leadcapture.chat.queries import conversations, messages, visitors
from leadcapture.errors import NotFound

_CURRENT: Select[Any] = select(
    conversations.c.id,
    conversations.c.public_id,
    conversations.c.site_id,
    conversations.c.status,
    conversations.c.operator_id,
    conversations.c.last_seq,
    conversations.c.active_at,
    visitors.c.name.label("visitor_name"),
).join(visitors, visitors.c.id == conversations.c.visitor_id)


def current(session: Session, site_id: int, visitor: str) -> Row[Any] | None:
    """The visitor's newest conversation, locked on PostgreSQL (SQLite has one writer anyway)."""
    return session.execute(
        _CURRENT.where(visitors.c.public_id == visitor, visitors.c.site_id == site_id)
        .order_by(conversations.c.id.desc())
        .limit(1)
        .with_for_update(of=conversations)
    ).first()


def locked(session: Session, conversation_id: int) -> Row[Any]:
    """That conversation, which must exist, locked."""
    return session.execute(
        _CURRENT.where(conversations.c.id == conversation_id).with_for_update(of=conversations)
    ).one()


def begin(
    session: Session, now: datetime, *, site_id: int, visitor: str, page: str, language: str, kind: str, name: str
) -> Row[Any]:
    """A new conversation, and its visitor if that is new too. Of two tabs at once the second finds the first one's.

    Raises NotFound for a visitor of another site.
    """
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    session.execute(
        dialect.insert(Visitor)
        .values(
            public_id=visitor, site_id=site_id, name=name, language=language, page_url=page, created_at=now, seen_at=now
        )
        .on_conflict_do_nothing(index_elements=["public_id"])
    )
    # Whoever comes second waits here for the first one's commit, and then sees the conversation.
    owner = session.execute(
        select(visitors.c.id).where(visitors.c.public_id == visitor, visitors.c.site_id == site_id).with_for_update()
    ).scalar_one_or_none()
    if owner is None:
        raise NotFound("No such visitor.")
    row = current(session, site_id, visitor)
    if row is not None and not rules.is_over(row.status, row.active_at, now):
        return row
    made = insert(conversations).values(
        public_id=ids.new("conversation"),
        site_id=site_id,
        visitor_id=owner,
        kind=kind,
        status=rules.WAITING,
        last_seq=0,
        visitor_seen=0,
        visitor_delivered=0,
        operator_seen=0,
        operator_delivered=0,
        name="",
        page_url=page,
        comment="",
        created_at=now,
        active_at=now,
    )
    made_id = session.execute(made.returning(conversations.c.id)).scalar_one()
    return locked(session, made_id)


def number(
    session: Session, conversation_id: int, author_kind: str, client_id: str, values: dict[str, Any]
) -> int | None:
    """Raise the last number and set the values: the new number, or None (nothing set) when that client id is known."""
    raised = (
        update(conversations)
        .where(conversations.c.id == conversation_id, ~_was_sent(conversation_id, author_kind, client_id))
        .values(values | {"last_seq": conversations.c.last_seq + 1})
        .returning(conversations.c.last_seq)
    )
    return session.execute(raised).scalar()


def _was_sent(conversation_id: int, author_kind: str, client_id: str) -> Any:
    return exists().where(
        messages.c.conversation_id == conversation_id,
        messages.c.author_kind == author_kind,
        messages.c.client_id == client_id,
    )


def sent_before(session: Session, conversation_id: int, author_kind: str, client_id: str) -> bool:
    """Whether the author has sent that client id into the conversation."""
    return bool(session.scalar(select(_was_sent(conversation_id, author_kind, client_id))))


def store(
    session: Session,
    now: datetime,
    row: Row[Any],
    seq: int | None,
    incoming: Incoming,
    *,
    kind: str,
    author_kind: str,
    author_name: str,
    operator_id: int | None = None,
) -> MessageView:
    """Insert a message into the locked conversation `row`; without a number (a note) it stands after the last one."""
    view = MessageView(
        id=ids.new("message"),
        client_id=incoming.client_id,
        seq=seq,
        after_seq=row.last_seq if seq is None else seq - 1,
        conversation=row.public_id,
        kind=kind,
        author_kind=author_kind,
        author_name=author_name,
        body=incoming.body,
        at=now,
    )
    session.execute(
        insert(messages).values(
            public_id=view.id,
            conversation_id=row.id,
            client_id=view.client_id,
            seq=seq,
            after_seq=view.after_seq,
            kind=kind,
            author_kind=author_kind,
            author_name=author_name,
            operator_id=operator_id,
            body=view.body,
            created_at=now,
        )
    )
    return view
