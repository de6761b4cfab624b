"""Operators named in notes: "@Name" of somebody on the site's team, who is told and finds it in a list."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session, aliased

from leadcapture import clock
from leadcapture.chat import queries
from leadcapture.chat.models import Conversation, Mention, Message
from leadcapture.operators.models import Membership, Operator

LISTED = 50  # the newest mentions of an operator
SHOWN = 140  # characters of the note


def named(text: str, names: Mapping[str, str]) -> list[str]:
    """The keys of the names that stand after an "@" in the text, each once, in the order of the text.

    Small and capital letters are alike. The first word of a name is enough where nobody else's begins with it; the
    longest name that fits is meant, and everybody who bears it.
    """
    spoken: dict[str, list[str]] = {}
    firsts: dict[str, list[str]] = {}
    for key, name in names.items():
        full = _folded(name)
        if full:
            spoken.setdefault(full, []).append(key)
            firsts.setdefault(full.split(" ")[0], []).append(key)
    for first, keys in firsts.items():
        if len(keys) == 1:
            spoken.setdefault(first, keys)
    if not spoken:
        return []
    longest_first = sorted(spoken, key=len, reverse=True)
    pattern = re.compile(rf"(?<![\w@.])@({'|'.join(map(re.escape, longest_first))})(?!\w)")
    return list(dict.fromkeys(key for match in pattern.finditer(_folded(text)) for key in spoken[match[1]]))


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


@dataclass(frozen=True)
class Named:
    """What an operator is told who was named in a note; `id` is the note's."""

    id: str
    conversation: str
    by: str
    body: str
    at: datetime
    seen: bool

    def for_operator(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "conversation": self.conversation,
            "by": self.by,
            "body": self.body[:SHOWN],
            "at": clock.wire(self.at),
            "seen": self.seen,
        }


def note(session: Session, now: datetime, *, site_id: int, message_id: str, text: str) -> list[str]:
    """Keep who is named in the note with that public id: the public ids of those who were not named in it before.

    Who wrote it is not told of it.
    """
    message = session.execute(select(Message.id, Message.operator_id).where(Message.public_id == message_id)).one()
    team = session.execute(
        select(Operator.id, Operator.public_id, Operator.name)
        .join(Membership, Membership.operator_id == Operator.id)
        .where(Membership.site_id == site_id)
    ).all()
    meant = named(text, {person.public_id: person.name for person in team})
    told = set(session.scalars(select(Mention.operator_id).where(Mention.message_id == message.id)))
    new = [
        person
        for key in meant
        for person in team
        if person.public_id == key and person.id not in told and person.id != message.operator_id
    ]
    session.add_all(Mention(message_id=message.id, operator_id=person.id) for person in new)
    session.flush()
    return [person.public_id for person in new]


_Me = aliased(Operator)
_MENTIONS = (
    select(
        Message.public_id,
        Conversation.public_id.label("conversation"),
        Message.author_name,
        Message.body,
        Message.created_at,
        Mention.seen_at,
    )
    .select_from(Mention)
    .join(Message, Message.id == Mention.message_id)
    .join(Conversation, Conversation.id == Message.conversation_id)
)


def of_operator(session: Session, operator_id: int, epoch: int) -> list[Named]:
    """Where the operator was named on the sites they belong to, newest first, at most LISTED.

    Nothing for an operator whose sessions ended.
    """
    rows = session.execute(
        _MENTIONS.join(
            Membership, (Membership.site_id == Conversation.site_id) & (Membership.operator_id == operator_id)
        )
        .join(_Me, (_Me.id == operator_id) & (_Me.session_epoch == epoch))
        .where(Mention.operator_id == operator_id, Message.deleted_at.is_(None))
        .order_by(Mention.id.desc())
        .limit(LISTED)
    )
    return [_named(row) for row in rows]


def named_in(session: Session, message: str) -> list[str]:
    """The public ids of those who are named in the note with that public id."""
    named = (
        select(Operator.public_id)
        .join(Mention, Mention.operator_id == Operator.id)
        .join(Message, Message.id == Mention.message_id)
        .where(Message.public_id == message)
    )
    return list(session.scalars(named))


def in_note(session: Session, message: str) -> Named:
    """What somebody is told who is named in that note, which must exist."""
    note = queries.message(session, message)
    return Named(note.id, note.conversation, note.author_name, note.body, note.at, seen=False)


def seen(session: Session, now: datetime, *, operator_id: int, epoch: int, message: str) -> bool:
    """The operator saw that they are named in that note; whether that is news."""
    mine = (
        select(Mention.id)
        .join(Message, Message.id == Mention.message_id)
        .join(_Me, (_Me.id == Mention.operator_id) & (_Me.session_epoch == epoch))
        .where(Message.public_id == message, Mention.operator_id == operator_id)
    )
    changed = update(Mention).where(Mention.id.in_(mine), Mention.seen_at.is_(None)).values(seen_at=now)
    return session.execute(changed.returning(Mention.id)).first() is not None


def _named(row: Any) -> Named:
    return Named(
        row.public_id, row.conversation, row.author_name, row.body, row.created_at, seen=row.seen_at is not None
    )
