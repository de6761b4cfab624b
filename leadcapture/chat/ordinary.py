"""The ordinary message, which is nearly every message: the next one in a conversation that goes on, of a visitor or of
the operator who has taken it. Those of many callers are stored together, with three statements for all of them.

Whatever is not ordinary (a first message, a file, a note, an e-mail, a change of status, one that was sent before, a
conversation that somebody else is changing right now) is left out here and goes its way alone, through `posting`. What
is stored and told is the same on either way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple, cast

from sqlalchemy import Table, and_, bindparam, func, select
from sqlalchemy.orm import Session

from leadcapture.chat import held, numbering, rules
from leadcapture.chat.masking import masked
from leadcapture.chat.numbering import Entry, Locked
from leadcapture.chat.operations import Posted
from leadcapture.chat.protocol import Incoming
from leadcapture.chat.queries import conversations, visitors
from leadcapture.contacts import operations as contacts
from leadcapture.operators.models import Membership, Operator
from leadcapture.prepared import Prepared
from leadcapture.sites import chat_settings
from leadcapture.sites.models import Site

sites = cast(Table, Site.__table__)
memberships = cast(Table, Membership.__table__)
operators = cast(Table, Operator.__table__)
c = conversations.c


@dataclass(frozen=True, slots=True)
class ByVisitor:
    """What a visitor sends; see posting.by_visitor."""

    now: datetime
    site_id: int
    visitor: str
    incoming: Incoming
    available: bool


@dataclass(frozen=True, slots=True)
class ByOperator:
    """What an operator sends; see posting.by_operator."""

    now: datetime
    operator_id: int
    epoch: int
    conversation: str
    incoming: Incoming
    kind: str


Letter = ByVisitor | ByOperator

# What is asked of either side. On PostgreSQL a conversation that somebody else has locked is left out: nobody waits
# here for a lock, so that two groups can never wait for each other.
_SEEN = (*numbering.COLUMNS, visitors.c.public_id.label("visitor"), sites.c.chat)
_newest = select(func.max(c.id).label("id")).where(c.visitor_id == visitors.c.id).correlate(visitors).scalar_subquery()
_VISITORS = Prepared(
    select(*_SEEN, visitors.c.blocked_until)
    .join(visitors, visitors.c.id == c.visitor_id)
    .join(sites, sites.c.id == c.site_id)
    .where(visitors.c.public_id == bindparam("visitor"), visitors.c.site_id == bindparam("site"), c.id == _newest)
    .with_for_update(of=conversations, skip_locked=True)
)
_OPERATORS = Prepared(
    select(*_SEEN, operators.c.name.label("author_name"), operators.c.public_id.label("author"))
    .join(visitors, visitors.c.id == c.visitor_id)
    .join(sites, sites.c.id == c.site_id)
    .join(memberships, and_(memberships.c.site_id == c.site_id, memberships.c.operator_id == bindparam("operator")))
    .join(operators, and_(operators.c.id == memberships.c.operator_id, operators.c.session_epoch == bindparam("epoch")))
    .where(c.public_id == bindparam("conversation"))
    .with_for_update(of=conversations, skip_locked=True)
)
_SEEN_COLUMNS = len(Locked._fields)


class _Found(NamedTuple):
    """A letter that is ordinary, with its conversation."""

    place: int
    row: Locked
    visitor: str
    incoming: Incoming
    author_name: str
    author: str | None  # the operator's public id


def post(session: Session, letters: list[Letter]) -> list[Posted | None]:
    """Store those of these letters that are ordinary; None for the others, of which nothing is stored."""
    found = [*_by_visitors(session, letters), *_by_operators(session, letters)]
    found.sort(key=lambda one: one.place)
    numbers = numbering.number_each(session, [_numbering(letters[one.place], one) for one in found])
    posted: list[Posted | None] = [None] * len(letters)
    entries: list[Entry] = []
    for one, seq in zip(found, numbers, strict=True):
        if seq is None:
            continue  # it was sent before
        letter = letters[one.place]
        entries.append(
            numbering.entry(
                letter.now, one.row, seq, one.incoming, kind="reply",
                author_kind="visitor" if isinstance(letter, ByVisitor) else "operator", author_name=one.author_name,
                operator_id=None if isinstance(letter, ByVisitor) else letter.operator_id, operator=one.author,
            )
        )  # fmt: skip
        answering = one.row.operator_id if one.row.status == rules.ACTIVE else None
        posted[one.place] = Posted(
            entries[-1].view, one.row.site_id, one.visitor, first=True, moved=False, answering=answering
        )
        if isinstance(letter, ByVisitor) and one.row.contact_id is not None:
            contacts.heard_of(session, letter.now, contact_id=one.row.contact_id)
    numbering.store_each(session, entries)
    return posted


def _by_visitors(session: Session, letters: list[Letter]) -> list[_Found]:
    asked = [
        (place, letter)
        for place, letter in enumerate(letters)
        if isinstance(letter, ByVisitor) and not letter.incoming.file
    ]
    rows = _VISITORS.each(session, [{"visitor": letter.visitor, "site": letter.site_id} for _place, letter in asked])
    found = []
    for (place, letter), answer in zip(asked, rows, strict=True):
        if not answer:
            continue
        row = Locked(*answer[0][:_SEEN_COLUMNS])
        visitor, chat, blocked_until = answer[0][_SEEN_COLUMNS:]
        if (
            row.status == rules.after_visitor_message(row.status, available=letter.available)
            and row.snoozed_until is None
            and row.last_seq >= held.FIRST  # the first ones are looked at for spam
            and (blocked_until is None or blocked_until <= letter.now)
        ):
            found.append(_Found(place, row, visitor, _masked(letter.incoming, chat), row.visitor_name, None))
    return found


def _by_operators(session: Session, letters: list[Letter]) -> list[_Found]:
    asked = [
        (place, letter)
        for place, letter in enumerate(letters)
        if isinstance(letter, ByOperator)
        and letter.kind == "reply"
        and not (letter.incoming.file or letter.incoming.by_email)
    ]
    rows = _OPERATORS.each(
        session,
        [
            {"operator": letter.operator_id, "epoch": letter.epoch, "conversation": letter.conversation}
            for _place, letter in asked
        ],
    )
    found = []
    for (place, letter), answer in zip(asked, rows, strict=True):
        if not answer:
            continue
        row = Locked(*answer[0][:_SEEN_COLUMNS])
        visitor, chat, name, author = answer[0][_SEEN_COLUMNS:]
        if row.status == rules.ACTIVE and row.operator_id is not None:
            found.append(_Found(place, row, visitor, _masked(letter.incoming, chat), name, author))
    return found


def _numbering(letter: Letter, found: _Found) -> tuple[Locked, str, str, datetime, dict[str, Any]]:
    """What changes with the number: who waits since when, and where the visitor is."""
    row, client_id = found.row, found.incoming.client_id
    if isinstance(letter, ByVisitor):
        changed = {"waiting_since": row.waiting_since or letter.now, "page_url": letter.incoming.page or row.page_url}
        return row, "visitor", client_id, letter.now, changed
    return row, "operator", client_id, letter.now, {"waiting_since": None}


def _masked(incoming: Incoming, chat: Mapping[str, Any] | None) -> Incoming:
    if not (chat or {}).get("masking", chat_settings.DEFAULTS.masking):
        return incoming
    body = masked(incoming.body)
    return incoming if body == incoming.body else replace(incoming, body=body)
