"""How messages get their numbers: the statements beneath every message, all of them Core, for this is the hottest path.

The conversation's row is locked, then its last number is raised unless the author has sent this client id before, then
the message is inserted with the new number; all in one transaction. So numbers have no gaps, and what is sent again is
found instead of stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import bindparam, exists, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from leadcapture import ids
from leadcapture.chat import rules
from leadcapture.chat.models import Visitor
from leadcapture.chat.protocol import FileView, Incoming, MessageView
from leadcapture.chat.queries import conversations, messages, visitors
from leadcapture.errors import NotFound
from leadcapture.prepared import Prepared, inserted


class Locked(NamedTuple):
    """A conversation as it is before a message, locked on PostgreSQL (SQLite has one writer anyway)."""

    id: int
    public_id: str
    site_id: int
    status: str
    operator_id: int | None
    last_seq: int
    waiting_since: datetime | None
    closed_at: datetime | None
    snoozed_until: datetime | None
    page_url: str
    active_at: datetime
    contact_id: int | None
    visitor_name: str


COLUMNS = [*(conversations.c[name] for name in Locked._fields[:-1]), visitors.c.name.label("visitor_name")]
_ROW = select(*COLUMNS).join(visitors, visitors.c.id == conversations.c.visitor_id).with_for_update(of=conversations)
_CURRENT = Prepared(
    _ROW.where(visitors.c.public_id == bindparam("visitor"), visitors.c.site_id == bindparam("site"))
    .order_by(conversations.c.id.desc())
    .limit(1)
)
_LOCKED = Prepared(_ROW.where(conversations.c.id == bindparam("conversation")))
_WAS_SENT = exists().where(
    messages.c.conversation_id == bindparam("conversation"),
    messages.c.author_kind == bindparam("author"),
    messages.c.client_id == bindparam("client"),
)
_SENT_BEFORE = Prepared(select(_WAS_SENT))
_RAISE = Prepared(
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
_STORE = Prepared(
    insert(messages).values(
        inserted(
            messages, "public_id", "conversation_id", "client_id", "seq", "after_seq", "kind", "author_kind",
            "author_name", "operator_id", "body", "file_id", "by_email", "created_at",
        )
    )
)  # fmt: skip


def current(session: Session, site_id: int, visitor: str) -> Locked | None:
    """The visitor's newest conversation, locked."""
    row = _CURRENT.row(session, {"visitor": visitor, "site": site_id})
    return None if row is None else Locked(*row)


def locked(session: Session, conversation_id: int) -> Locked:
    """That conversation, which must exist, locked. Raises NotFound where it does not."""
    row = _LOCKED.row(session, {"conversation": conversation_id})
    if row is None:
        raise NotFound("No such conversation.")
    return Locked(*row)


def begin(
    session: Session, now: datetime, *, site_id: int, visitor: str, page: str, language: str, kind: str, name: str
) -> Locked:
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
    session: Session, row: Locked, author_kind: str, client_id: str, *, now: datetime, **changed: Any
) -> int | None:
    """Raise the last number of the locked conversation `row` and change what is named.

    Comes back with the new number, or None (nothing is changed) when the author has sent that client id before.
    """
    found: int | None = _RAISE.scalar(session, _raising(row, author_kind, client_id, now, changed))
    return found


def number_each(
    session: Session, several: Sequence[tuple[Locked, str, str, datetime, dict[str, Any]]]
) -> list[int | None]:
    """As `number`, for several at once, each with its conversation, author kind, client id, time and what is changed.
    Two of one conversation are numbered one after the other."""
    found = _RAISE.each(session, [_raising(*one) for one in several])
    return [rows[0][0] if rows else None for rows in found]


def _raising(row: Locked, author_kind: str, client_id: str, now: datetime, changed: dict[str, Any]) -> dict[str, Any]:
    values = {
        "conversation": row.id,
        "author": author_kind,
        "client": client_id,
        "new_status": row.status,
        "new_operator_id": row.operator_id,
        "new_waiting_since": row.waiting_since,
        "new_closed_at": row.closed_at,
        "new_snoozed_until": row.snoozed_until,
        "new_page_url": row.page_url,
        "new_active_at": now,
    }
    for name, value in changed.items():
        values[f"new_{name}"] = value
    return values


def sent_before(session: Session, conversation_id: int, author_kind: str, client_id: str) -> bool:
    """Whether the author has sent that client id into the conversation."""
    asked = {"conversation": conversation_id, "author": author_kind, "client": client_id}
    return bool(_SENT_BEFORE.scalar(session, asked))


class Entry(NamedTuple):
    """A message on its way into its conversation: what is told of it, and what is kept of it beside that."""

    view: MessageView
    conversation_id: int
    operator_id: int | None = None
    file_id: int | None = None


def entry(
    now: datetime,
    row: Locked,
    seq: int | None,
    incoming: Incoming,
    *,
    kind: str,
    author_kind: str,
    author_name: str,
    operator_id: int | None = None,
    operator: str | None = None,
    file: tuple[int, FileView] | None = None,
) -> Entry:
    """A message for the locked conversation `row`; without a number (a note) it stands after the last one.

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
    return Entry(view, row.id, operator_id, file[0] if file else None)


def store(
    session: Session, now: datetime, row: Locked, seq: int | None, incoming: Incoming, **more: Any
) -> MessageView:
    """Insert the message that `entry` makes of this."""
    made = entry(now, row, seq, incoming, **more)
    store_each(session, [made])
    return made.view


def store_each(session: Session, entries: Sequence[Entry]) -> None:
    """Insert these messages."""
    _STORE.each(
        session,
        [
            {
                "public_id": view.id,
                "conversation_id": conversation_id,
                "client_id": view.client_id,
                "seq": view.seq,
                "after_seq": view.after_seq,
                "kind": view.kind,
                "author_kind": view.author_kind,
                "author_name": view.author_name,
                "operator_id": operator_id,
                "body": view.body,
                "file_id": file_id,
                "by_email": view.by_email,
                "created_at": view.at,
            }
            for view, conversation_id, operator_id, file_id in entries
        ],
    )
