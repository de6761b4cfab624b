"""Reading conversations. Hot paths get Core rows; shapes for the wire are made here, in one query each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Row, Table, and_, bindparam, case, func, or_, select
from sqlalchemy.orm import Session, aliased

from leadcapture.chat import rules
from leadcapture.chat.models import ChatFile, Conversation, ConversationJoin, Message, Visitor
from leadcapture.chat.protocol import PAGE, FileView, MessageView
from leadcapture.errors import NotFound
from leadcapture.operators import presence
from leadcapture.operators.models import Membership, Operator
from leadcapture.prepared import Prepared
from leadcapture.sites import hours
from leadcapture.sites.models import Site

conversations = cast(Table, Conversation.__table__)
messages = cast(Table, Message.__table__)
visitors = cast(Table, Visitor.__table__)
files = cast(Table, ChatFile.__table__)


@dataclass(frozen=True)
class Thread:
    """A conversation as those who relay it know it. `place` counts from 1 in the queue of those who wait, else None;
    `joined` are the names of those who joined, one a line."""

    id: int
    public_id: str
    site_id: int
    visitor: str
    visitor_name: str
    status: str
    operator_id: int | None
    operator_name: str | None
    last_seq: int
    visitor_seen: int
    visitor_delivered: int
    operator_seen: int
    operator_delivered: int
    rev: int
    joined: str | None
    place: int | None = None

    @property
    def answering(self) -> int | None:
        """The internal id of the operator who answers now."""
        return self.operator_id if self.status == rules.ACTIVE else None

    def for_visitor(self) -> dict[str, Any]:
        operator = None if self.operator_name is None else {"name": self.operator_name}
        return {
            "id": self.public_id,
            "status": self.status,
            "operator": operator,
            "place": self.place,
            "joined": names_in(self.joined),
        }


def names_in(lines: str | None) -> list[str]:
    return sorted(lines.split("\n")) if lines else []


_Ahead, _Joined = aliased(Conversation), aliased(Operator)
# Whoever took the conversation after all answers, and is not said to have joined beside himself.
JOINED = (
    select(func.aggregate_strings(_Joined.name, "\n"))
    .select_from(ConversationJoin)
    .join(_Joined, _Joined.id == ConversationJoin.operator_id)
    .where(
        ConversationJoin.conversation_id == Conversation.id,
        Conversation.status != rules.CLOSED,
        or_(Conversation.operator_id.is_(None), Conversation.operator_id != _Joined.id),
    )
    .correlate(Conversation)
    .scalar_subquery()
)
_ahead = or_(
    _Ahead.waiting_since < Conversation.waiting_since,
    and_(_Ahead.waiting_since == Conversation.waiting_since, _Ahead.id <= Conversation.id),
)
# What is held as spam keeps nobody waiting; its own visitor is told a place as everybody is.
_takes_a_place = or_(_Ahead.held_at.is_(None), _Ahead.id == Conversation.id)
_place = case(
    (
        and_(Conversation.status == rules.WAITING, Conversation.waiting_since.is_not(None)),
        select(func.count())
        .where(_Ahead.site_id == Conversation.site_id, _Ahead.status == rules.WAITING, _ahead, _takes_a_place)
        .correlate(Conversation)
        .scalar_subquery(),
    ),
    else_=None,
)
_THREADS = (
    select(
        Conversation.id,
        Conversation.public_id,
        Conversation.site_id,
        Visitor.public_id.label("visitor"),
        Visitor.name.label("visitor_name"),
        Conversation.status,
        Conversation.operator_id,
        Operator.name.label("operator_name"),
        Conversation.last_seq,
        Conversation.visitor_seen,
        Conversation.visitor_delivered,
        Conversation.operator_seen,
        Conversation.operator_delivered,
        Conversation.rev,
        JOINED.label("joined"),
    )
    .join(Visitor, Visitor.id == Conversation.visitor_id)
    .outerjoin(Operator, Operator.id == Conversation.operator_id)
)
_THREAD = _THREADS.add_columns(_place.label("place"))
# The two that every sign of typing and of reading asks for; their columns stand in the order of Thread's fields.
_OF_VISITOR = Prepared(
    _THREAD.add_columns(Conversation.active_at)
    .where(Visitor.public_id == bindparam("visitor"), Visitor.site_id == bindparam("site"))
    .order_by(Conversation.id.desc())
    .limit(1)
)
_Me = aliased(Operator)
_OF_OPERATOR = Prepared(
    _THREAD.join(
        Membership, and_(Membership.site_id == Conversation.site_id, Membership.operator_id == bindparam("operator"))
    )
    .join(_Me, and_(_Me.id == Membership.operator_id, _Me.session_epoch == bindparam("epoch")))
    .where(Conversation.public_id == bindparam("conversation"))
)


def thread(session: Session, public_id: str) -> Thread | None:
    """The conversation with that public id; None when there is none."""
    row = session.execute(_THREAD.where(Conversation.public_id == public_id)).first()
    return None if row is None else Thread(**row._mapping)


def threads(session: Session, public_ids: Sequence[str]) -> list[Thread]:
    """Those conversations, in no order; `place` is not looked up. Those that do not exist are left out."""
    rows = session.execute(_THREADS.where(Conversation.public_id.in_(public_ids)))
    return [Thread(**row._mapping) for row in rows]


def active_since(session: Session, since: datetime) -> list[Thread]:
    """The conversations in which something has happened since; `place` is not looked up."""
    rows = session.execute(_THREADS.where(Conversation.active_at >= since).order_by(Conversation.id))
    return [Thread(**row._mapping) for row in rows]


def visitors_thread(session: Session, now: datetime, site_id: int, visitor: str) -> Thread | None:
    """What this visitor of this site is in now; None before the first message and when the last one is over."""
    row = _OF_VISITOR.row(session, {"visitor": visitor, "site": site_id})
    if row is None:
        return None
    found = Thread(*row[:-1])
    return None if rules.is_over(found.status, row[-1], now) else found


def operators_thread(session: Session, operator_id: int, epoch: int, public_id: str) -> Thread:
    """A conversation of one of the operator's sites.

    Raises NotFound for any other, and for an operator whose sessions ended.
    """
    row = _OF_OPERATOR.row(session, {"conversation": public_id, "operator": operator_id, "epoch": epoch})
    if row is None:
        raise NotFound("No such conversation.")
    return Thread(*row)


def visitors_messages(session: Session, conversation_id: int, after_seq: int) -> list[MessageView]:
    """What the visitor sees after that number: a page in order of the numbers, at most PAGE."""
    found = session.execute(
        _MESSAGES.where(messages.c.conversation_id == conversation_id, messages.c.seq > after_seq)
        .order_by(messages.c.seq)
        .limit(PAGE)
    )
    return [message_view(row) for row in found]


def visitors_page(session: Session, thread: Thread, after_seq: int) -> dict[str, Any]:
    """The messages after that number, `next` to go on from, and whether there are more."""
    found = visitors_messages(session, thread.id, after_seq)
    following = found[-1].seq if found else min(after_seq, thread.last_seq)
    return {
        "messages": [message.for_visitor() for message in found],
        "next": following,
        "more": len(found) == PAGE,
    }


def operators_page(session: Session, thread: Thread, after_seq: int) -> dict[str, Any]:
    """As visitors_page, with every note that stands after one of these numbers."""
    numbered = visitors_messages(session, thread.id, after_seq)
    following = (numbered[-1].seq if numbered else None) or min(after_seq, thread.last_seq)
    more = len(numbered) == PAGE
    notes = _MESSAGES.where(
        messages.c.conversation_id == thread.id, messages.c.seq.is_(None), messages.c.after_seq >= after_seq
    ).order_by(messages.c.id)
    if more:
        notes = notes.where(messages.c.after_seq < following)
    both = _in_order(numbered + [message_view(row) for row in session.execute(notes)])
    return {"messages": [view.for_operator() for view in both], "next": following, "more": more}


def operators_page_before(session: Session, thread: Thread, before_seq: int) -> dict[str, Any]:
    """The newest messages before that number: at most PAGE and the notes among them, in order. `first` is the number
    they begin with (1: there are no older ones), `next` the last one."""
    rows = session.execute(
        _MESSAGES.where(messages.c.conversation_id == thread.id, messages.c.seq < before_seq)
        .order_by(messages.c.seq.desc())
        .limit(PAGE)
    )
    numbered = [message_view(row) for row in rows][::-1]
    first = (numbered[0].seq if numbered else None) or 1
    last = (numbered[-1].seq if numbered else None) or 0
    notes = _MESSAGES.where(
        messages.c.conversation_id == thread.id,
        messages.c.seq.is_(None),
        # A note before the first message stands after number 0.
        messages.c.after_seq >= (first if first > 1 else 0),
        messages.c.after_seq < before_seq,
    ).order_by(messages.c.id)
    both = _in_order(numbered + [message_view(row) for row in session.execute(notes)])
    return {"messages": [view.for_operator() for view in both], "first": first, "next": last, "more": first > 1}


def _in_order(views: list[MessageView]) -> list[MessageView]:
    # A note stands after the message whose number it carries. Sorting is stable: notes keep their own order.
    return sorted(views, key=lambda view: (view.after_seq, True) if view.seq is None else (view.seq, False))


def message(session: Session, public_id: str) -> MessageView:
    """The message with that public id, which must exist."""
    return message_view(session.execute(_MESSAGES.where(messages.c.public_id == public_id)).one())


def changed_messages(session: Session, conversation_id: int, after_rev: int, *, notes: bool) -> list[MessageView]:
    """What was edited or deleted after that rev, as it is now: oldest change first, at most PAGE."""
    wanted = _MESSAGES.where(messages.c.conversation_id == conversation_id, messages.c.rev > after_rev)
    if not notes:
        wanted = wanted.where(messages.c.seq.is_not(None))
    return [message_view(row) for row in session.execute(wanted.order_by(messages.c.rev).limit(PAGE))]


_Wrote = aliased(Operator)
_MESSAGES = (
    select(
        messages,
        conversations.c.public_id.label("conversation"),
        _Wrote.public_id.label("operator"),
        files.c.public_id.label("file"),
        files.c.name.label("file_name"),
        files.c.size.label("file_size"),
        files.c.content_type.label("file_type"),
        files.c.width.label("file_width"),
        files.c.height.label("file_height"),
    )
    .join(conversations, conversations.c.id == messages.c.conversation_id)
    .outerjoin(_Wrote, _Wrote.id == messages.c.operator_id)
    .outerjoin(files, files.c.id == messages.c.file_id)
)


def message_view(row: Row[Any]) -> MessageView:
    """A row of messages with its conversation's public id as what is told of it."""
    return MessageView(
        id=row.public_id,
        client_id=row.client_id,
        seq=row.seq,
        after_seq=row.after_seq,
        conversation=row.conversation,
        kind=row.kind,
        author_kind=row.author_kind,
        author_name=row.author_name,
        body=row.body,
        at=row.created_at,
        operator=row.operator,
        file=None if row.file is None else _file_view(row),
        rev=row.rev,
        edited_at=row.edited_at,
        deleted=row.deleted_at is not None,
        by_email=row.by_email,
    )


def _file_view(row: Row[Any]) -> FileView:
    thumb = None if row.file_width is None else (row.file_width, row.file_height)
    return FileView(row.file, row.file_name, row.file_size, row.file_type, thumb)


def stored(session: Session, conversation_id: int, author_kind: str, client_id: str) -> MessageView:
    """The message an author has sent under that client id, which must exist."""
    return message_view(
        session.execute(
            _MESSAGES.where(
                messages.c.conversation_id == conversation_id,
                messages.c.author_kind == author_kind,
                messages.c.client_id == client_id,
            )
        ).one()
    )


def any_conversation(session: Session, site_id: int) -> bool:
    """Whether anybody has ever written to the site."""
    return session.scalar(select(Conversation.id).where(Conversation.site_id == site_id).limit(1)) is not None


# ---- whether somebody can answer ------------------------------------------------------------------------------------


def available(session: Session, now: datetime, site: Site, grace: int) -> bool:
    """Whether the site can answer now: it is open, and an operator who wants to is there (or was within the grace)."""
    return hours.is_open(site, now) and presence.anyone_available(session, now, site.id, grace)
