"""How messages get their numbers: the statements beneath every message, all of them Core, for this is the hottest path.

The conversation's row is locked, then its last number is raised unless the author has sent this client id before, then
the message is inserted with the new number; all in one transaction. So numbers have no gaps, and what is sent again is
found instead of stored.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, bindparam, exists, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from leadcapture import ids
from leadcapture.chat import rules
from leadcapture.chat.models import Visitor
from leadcapture.chat.protocol import FileView, Incoming, MessageView
from leadcapture.chat.queries import conversations, messages, visitors
from leadcapture.errors import NotFound

# Built once: to build and to hash a statement costs more than to run it.
_ROW = (
    select(
        conversations.c.id,
        conversations.c.public_id,
        conversations.c.site_id,
        conversations.c.status,
        conversations.c.operator_id,
        conversations.c.last_seq,
        conversations.c.waiting_since,
        conversations.c.closed_at,
        conversations.c.snoozed_until,
        conversations.c.page_url,
        conversations.c.active_at,
        conversations.c.contact_id,
        visitors.c.name.label("visitor_name"),
    )
    .join(visitors, visitors.c.id == conversations.c.visitor_id)
    .with_for_update(of=conversations)
)
_CURRENT: Select[Any] = (
    _ROW.where(visitors.c.public_id == bindparam("visitor"), visitors.c.site_id == bindparam("site"))
    .order_by(conversations.c.id.desc())
    .limit(1)
)
_LOCKED: Select[Any] = _ROW.where(conversations.c.id == bindparam("conversation"))
_WAS_SENT = exists().where(
    messages.c.conversation_id == bindparam("conversation"),
    messages.c.author_kind == bindparam("author"),
    messages.c.client_id == bindparam("client"),
)
_SENT_BEFORE = select(_WAS_SENT)
_RAISE = (
    update(conversations)
    .where(conversations.c.id == bindparam("conversation"), ~_WAS_SENT)
    .values(
        last_seq=conversations.c.last_seq + 1,
        status=bindparam("new_status"),
        operator_id=bindparam("new_operator_id"),
        waiting_since=bindparam("new_waiting_since"),
        closed_at=bindparam("new_closed_at"),
        snoozed_until=bindparam("new_snoozed_until"),
        page_url=bindparam("new_page_url"),
        active_at=bindparam("new_active_at"),
    )
    .returning(conversations.c.last_seq)
)
_STORE = insert(messages)


def current(session: Session, site_id: int, visitor: str) -> Row[Any] | None:
    """The visitor's newest conversation, locked on PostgreSQL (SQLite has one writer anyway)."""
    return session.connection().execute(_CURRENT, {"visitor": visitor, "site": site_id}).first()


def locked(session: Session, conversation_id: int) -> Row[Any]:
    """That conversation, which must exist, locked."""
    return session.connection().execute(_LOCKED, {"conversation": conversation_id}).one()


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
    session: Session, row: Row[Any], author_kind: str, client_id: str, *, now: datetime, **changed: Any
) -> int | None:
    """Raise the last number of the locked conversation `row` and change what is named.

    Comes back with the new number, or None (nothing is changed) when the author has sent that client id before.
    """
    values = {
        "new_status": row.status,
        "new_operator_id": row.operator_id,
        "new_waiting_since": row.waiting_since,
        "new_closed_at": row.closed_at,
        "new_snoozed_until": row.snoozed_until,
        "new_page_url": row.page_url,
        "new_active_at": now,
    }
    values |= {f"new_{name}": value for name, value in changed.items()}
    asked = {"conversation": row.id, "author": author_kind, "client": client_id}
    found: int | None = session.connection().execute(_RAISE, asked | values).scalar()
    return found


def sent_before(session: Session, conversation_id: int, author_kind: str, client_id: str) -> bool:
    """Whether the author has sent that client id into the conversation."""
    asked = {"conversation": conversation_id, "author": author_kind, "client": client_id}
    return bool(session.connection().execute(_SENT_BEFORE, asked).scalar())


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
    operator: str | None = None,
    file: tuple[int, FileView] | None = None,
) -> MessageView:
    """Insert a message into the locked conversation `row`; without a number (a note) it stands after the last one.

    `operator` is the public id of `operator_id`; `file` what was claimed for it, with its internal id.
    """
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
        operator=operator,
        file=file[1] if file else None,
        by_email=incoming.by_email,
    )
    session.connection().execute(
        _STORE,
        {
            "public_id": view.id,
            "conversation_id": row.id,
            "client_id": view.client_id,
            "seq": seq,
            "after_seq": view.after_seq,
            "kind": kind,
            "author_kind": author_kind,
            "author_name": author_name,
            "operator_id": operator_id,
            "body": view.body,
            "file_id": file[0] if file else None,
            "by_email": incoming.by_email,
            "created_at": now,
        },
    )
    return view
