"""What operators see of a conversation in a list: read again and again while people talk, in one query of Core rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, bindparam, func, or_, select, true
from sqlalchemy.orm import Session, aliased

from leadcapture import clock
from leadcapture.chat import rules
from leadcapture.chat.models import Conversation, ConversationTag, Message, Visitor
from leadcapture.chat.protocol import QUEUE_PAGE
from leadcapture.chat.queries import JOINED, names_in
from leadcapture.contacts.models import Contact
from leadcapture.errors import Invalid
from leadcapture.operators.models import Operator
from leadcapture.sites.models import Site

_Last = aliased(Message)
_Answering = aliased(Operator)
_unread = (
    select(func.count())
    .where(
        Message.conversation_id == Conversation.id,
        Message.seq > Conversation.operator_seen,
        Message.author_kind == "visitor",
    )
    .correlate(Conversation)
    .scalar_subquery()
)
_tags = (
    select(func.aggregate_strings(ConversationTag.tag, "\n"))
    .where(ConversationTag.conversation_id == Conversation.id)
    .correlate(Conversation)
    .scalar_subquery()
)
# Columns, no objects: it is read again and again while people talk.
_SUMMARIES: Select[Any] = (
    select(
        *Conversation.__table__.c,
        Visitor.public_id.label("visitor"),
        Visitor.name.label("visitor_name"),
        Visitor.language.label("visitor_language"),
        Visitor.user_id.label("visitor_user"),
        Visitor.device.label("visitor_device"),
        Visitor.blocked_until,
        Site.key.label("site_key"),
        Site.name.label("site_name"),
        _Answering.public_id.label("operator"),
        _Answering.name.label("operator_name"),
        Contact.public_id.label("contact"),
        _Last.body.label("last_body"),
        _Last.created_at.label("last_at"),
        _Last.author_kind.label("last_author"),
        _Last.deleted_at.label("last_deleted"),
        _Last.file_id.label("last_file"),
        _unread.label("unread"),
        _tags.label("tags"),
        JOINED.label("joined"),
    )
    .join(Visitor, Visitor.id == Conversation.visitor_id)
    .join(Site, Site.id == Conversation.site_id)
    .outerjoin(_Answering, _Answering.id == Conversation.operator_id)
    .outerjoin(Contact, Contact.id == Conversation.contact_id)
    .outerjoin(_Last, and_(_Last.conversation_id == Conversation.id, _Last.seq == Conversation.last_seq))
)
_SUMMARIES_OF = _SUMMARIES.where(Conversation.public_id.in_(bindparam("public_ids", expanding=True)))
_SUMMARIES_IN = _SUMMARIES.where(Conversation.id.in_(bindparam("row_ids", expanding=True)))
_BY_STATUS = {
    "open": and_(
        Conversation.status.in_(rules.OPEN), Conversation.snoozed_until.is_(None), Conversation.held_at.is_(None)
    ),
    "closed": Conversation.status == rules.CLOSED,
    "all": true(),
}


def one(session: Session, public_id: str) -> tuple[int, dict[str, Any]] | None:
    """The internal id of the conversation's site, and the Summary; None when there is no such conversation."""
    return next(iter(several(session, [public_id])), None)


def several(session: Session, public_ids: Sequence[str]) -> list[tuple[int, dict[str, Any]]]:
    """As `one`, of several at once; those that do not exist are left out."""
    rows = session.connection().execute(_SUMMARIES_OF, {"public_ids": list(public_ids)})
    return [(row.site_id, _summary(row)) for row in rows]


def page(
    session: Session,
    site_ids: Sequence[int],
    *,
    status: str = "open",
    where: ColumnElement[bool] | None = None,
    before: str | None = None,
) -> tuple[list[dict[str, Any]], str | None]:
    """Summaries of these sites' conversations, newest activity first, and the cursor of the next page (None: no more).

    `status` is open (what is put aside until later is not), closed or all; `where` is a condition in its place. Raises
    Invalid for a cursor that is not ours.
    """
    wanted = select(Conversation.id, Conversation.active_at).where(_BY_STATUS[status] if where is None else where)
    if before is not None:
        moment, row_id = _read_cursor(before)
        # The first is said twice: by it alone the index is entered where the page begins.
        wanted = wanted.where(
            Conversation.active_at <= moment, or_(Conversation.active_at < moment, Conversation.id < row_id)
        )
    ordered = wanted.order_by(Conversation.active_at.desc(), Conversation.id.desc()).limit(QUEUE_PAGE + 1)
    # Site by site: each is in this order in the index, all of them together are in none.
    found = [row for site_id in site_ids for row in session.execute(ordered.where(Conversation.site_id == site_id))]
    rows = sorted(found, key=lambda row: (row.active_at, row.id), reverse=True)[: QUEUE_PAGE + 1]
    shown = rows[:QUEUE_PAGE]
    cursor = f"{shown[-1].active_at.isoformat()}|{shown[-1].id}" if len(rows) > QUEUE_PAGE else None
    return _summaries_in_order(session, [row.id for row in shown]), cursor


def waiting(session: Session, site_ids: Sequence[int], *, where: ColumnElement[bool]) -> list[dict[str, Any]]:
    """Summaries of those under the condition in which somebody waits, longest first, at most QUEUE_PAGE."""
    wanted = select(Conversation.id).where(
        Conversation.site_id.in_(site_ids), Conversation.waiting_since.is_not(None), where
    )
    longest_first = wanted.order_by(Conversation.waiting_since).limit(QUEUE_PAGE)
    return _summaries_in_order(session, session.scalars(longest_first).all())


def _summaries_in_order(session: Session, row_ids: Sequence[int]) -> list[dict[str, Any]]:
    """What is read of each is read once it is known which: it takes longer than finding them."""
    rows = session.connection().execute(_SUMMARIES_IN, {"row_ids": list(row_ids)})
    found = {row.id: _summary(row) for row in rows}
    return [found[row_id] for row_id in row_ids if row_id in found]


def of_contact(session: Session, site_id: int, contact_id: int) -> list[dict[str, Any]]:
    """Summaries of the conversations with this contact of the site, newest activity first, at most QUEUE_PAGE."""
    # Not by the site as well: SQLite would walk through all of the site's then.
    theirs = select(Conversation.id, Conversation.site_id).where(Conversation.contact_id == contact_id)
    newest = theirs.order_by(Conversation.active_at.desc(), Conversation.id.desc()).limit(QUEUE_PAGE)
    return _summaries_in_order(session, [row.id for row in session.execute(newest) if row.site_id == site_id])


def _read_cursor(cursor: str) -> tuple[datetime, int]:
    moment, _bar, row_id = cursor.partition("|")
    try:
        at = datetime.fromisoformat(moment)
        if at.tzinfo is None:
            raise ValueError("no zone")
        return at, int(row_id)
    except ValueError as error:
        raise Invalid("This cursor is not ours.", code="bad_request") from error


def _summary(row: Row[Any]) -> dict[str, Any]:
    last = None
    if row.last_at:
        last = {"body": row.last_body[:140], "at": clock.wire(row.last_at), "author": row.last_author}
        last |= {"deleted": row.last_deleted is not None, "file": row.last_file is not None}
    return {
        "id": row.public_id,
        "site": {"key": row.site_key, "name": row.site_name},
        "status": row.status,
        "kind": row.kind,
        "visitor": {
            "id": row.visitor,
            "name": row.name or row.visitor_name,
            "email": row.email,
            "email_confirmed": None if row.email is None else row.email_confirmed_at is not None,
            "language": row.visitor_language,
            "page": row.page_url,
            "user_id": row.visitor_user,
            "device": row.visitor_device,
        },
        "operator": None if row.operator is None else {"id": row.operator, "name": row.operator_name},
        "last": last,
        "last_seq": row.last_seq,
        "unread": row.unread,
        "waiting_since": clock.wire_or_none(row.waiting_since),
        "created_at": clock.wire(row.created_at),
        "active_at": clock.wire(row.active_at),
        "seen": {"visitor": row.visitor_seen, "operator": row.operator_seen},
        "delivered": {"visitor": row.visitor_delivered, "operator": row.operator_delivered},
        "rating": None if row.stars is None else {"stars": row.stars, "comment": row.comment},
        "contact": row.contact,
        "tags": sorted(row.tags.split("\n")) if row.tags else [],
        "snoozed_until": clock.wire_or_none(row.snoozed_until),
        "missed": row.missed_at is not None,
        # Held as spam, why (codes), and what a person has decided (None: nobody has).
        "held": row.held_at is not None,
        "held_why": row.held_why or [],
        "spam": row.spam,
        # What was told of an earlier wait says nothing about this one.
        "escalation": row.escalation if _told(row) else 0,
        "blocked": row.blocked_until is not None and row.blocked_until > clock.now(),
        "subject": row.subject,
        "verified": row.visitor_user is not None,
        "joined": names_in(row.joined),
        "rev": row.rev,
    }


def _told(row: Row[Any]) -> bool:
    return None not in (row.waiting_since, row.escalated_at) and bool(row.waiting_since <= row.escalated_at)
