"""Erasing what a person wrote in chats: conversations, their files, and who the visitor was."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, String, and_, cast, delete, func, or_, select, text, update
from sqlalchemy.orm import Session

from leadcapture import db
from leadcapture.addresses import Address
from leadcapture.chat.models import ChatFile, Conversation, Message, Visitor, VisitorPresence

AT_ONCE = 500  # ids in one statement
INDEXES = ("message_search", "conversation_search", "contact_search")
PAGES = 200  # of the search index, merged in one transaction


def forget_person(
    session: Session, now: datetime, *, site_id: int, contact_id: int, address: Address
) -> tuple[list[str], list[str]]:
    """Erase the person's conversations of the site, with what was answered in them: those with the contact, those in
    which the address was left, and what the same visitors wrote without leaving any. Returns the public ids of the
    conversations and of the messages erased.

    Of a visitor who has also written under another address, those conversations stay, without this person's name. The
    files' bytes go with the next sweep of `files.sweep_due`.
    """
    people = _visitors(session, site_id, contact_id, address)
    nobodys = and_(Conversation.visitor_id.in_(people), Conversation.email.is_(None), Conversation.contact_id.is_(None))
    theirs = or_(_with(contact_id, address), nobodys)
    found = session.execute(
        select(Conversation.id, Conversation.public_id).where(Conversation.site_id == site_id, theirs)
    ).all()
    said: list[str] = []
    for part in _parts([row.id for row in found]):
        said += _forget_messages(session, part)
        session.execute(delete(Conversation).where(Conversation.id.in_(part)))
    for part in _parts(people):
        _forget_visitors(session, part)
    return [row.public_id for row in found], said


def purge_index(now: datetime) -> None:
    """Write SQLite's search indexes anew without what was erased: until then words stand there that nothing leads to
    any more (https://sqlite.org/fts5.html, 6.8). A part at a time, so that others may write in between; PostgreSQL does
    this by itself."""
    pages = -PAGES
    while db.write(_merge, now, pages):
        pages = PAGES


def _merge(session: Session, now: datetime, pages: int) -> bool:
    if session.get_bind().dialect.name != "sqlite":
        return False
    changes = select(func.total_changes())
    before = session.scalar(changes) or 0
    for index in INDEXES:
        session.execute(text(f"INSERT INTO {index}({index}, rank) VALUES ('merge', :pages)"), {"pages": pages})  # noqa: S608 names of ours
    # Each command counts as a change by itself; what is more was merged.
    return (session.scalar(changes) or 0) - before > len(INDEXES)


def _with(contact_id: int, address: Address) -> ColumnElement[bool]:
    """The conversations with the contact, or with that address, proven or not."""
    left = func.lower(Conversation.email).in_({address.typed.lower(), address.key})
    return or_(Conversation.contact_id == contact_id, left)


def _visitors(session: Session, site_id: int, contact_id: int, address: Address) -> list[int]:
    """The internal ids of the visitors who the person was: by their conversations, by what the host site said of them,
    by what they answered before a chat."""
    wrote = select(Conversation.visitor_id).where(Conversation.site_id == site_id, _with(contact_id, address))
    # As it stands in the JSON, where what is not ASCII is written by its numbers.
    spelt = {json.dumps(one).lower() for one in (address.typed, address.key)}
    told = [
        func.lower(cast(column, String)).contains(one, autoescape=True)
        for column in (Visitor.user, Visitor.answers)
        for one in spelt
    ]
    known = or_(Visitor.id.in_(wrote), *told)
    return list(session.scalars(select(Visitor.id).where(Visitor.site_id == site_id, known)))


def _forget_messages(session: Session, conversation_ids: Sequence[int]) -> list[str]:
    """Erase all that was said in these conversations; the public ids of the messages."""
    mine = Message.conversation_id.in_(conversation_ids)
    carried = select(Message.file_id).where(mine, Message.file_id.is_not(None))
    # The row stays until the bytes are gone: it is how they are found.
    _give_up(session, ChatFile.id.in_(list(session.scalars(carried))))
    return list(session.scalars(delete(Message).where(mine).returning(Message.public_id)))


def _forget_visitors(session: Session, visitor_ids: Collection[int]) -> None:
    public = session.execute(select(Visitor.id, Visitor.public_id).where(Visitor.id.in_(visitor_ids))).all()
    names = [row.public_id for row in public]
    session.execute(delete(VisitorPresence).where(VisitorPresence.visitor.in_(names)))
    _give_up(session, ChatFile.visitor.in_(names) & ChatFile.claimed.is_(False))
    others = set(session.scalars(select(Conversation.visitor_id).where(Conversation.visitor_id.in_(visitor_ids))))
    session.execute(delete(Visitor).where(Visitor.id.in_([row.id for row in public if row.id not in others])))
    session.execute(
        update(Visitor).where(Visitor.id.in_(others)).values(name="", user_id=None, user=None, answers=None, utm=None)
    )


def _give_up(session: Session, which: ColumnElement[bool]) -> None:
    """Leave these files to the sweep, which deletes what no message carries; nothing can claim them meanwhile."""
    session.execute(
        update(ChatFile)
        .where(which)
        .values(claimed=True, name="", visitor=None)
        .execution_options(synchronize_session=False)
    )


def _parts(ids: Sequence[int]) -> list[Sequence[int]]:
    return [ids[begin : begin + AT_ONCE] for begin in range(0, len(ids), AT_ONCE)]
