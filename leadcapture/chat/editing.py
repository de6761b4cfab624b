"""Messages that operators correct or take back, and how whoever was away learns of it.

A conversation counts its edits and deletions in `rev`, each message keeps the one it was changed by. Who comes back
says the last one they know and is told every message that changed since, as it is now. What was deleted is gone from
the database: its place stays, empty and marked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete as sql_delete
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from leadcapture.chat import mentions, queries, rules
from leadcapture.chat.masking import masked
from leadcapture.chat.models import Conversation, Mention, Message
from leadcapture.chat.protocol import PAGE, MessageView
from leadcapture.chat.queries import Thread
from leadcapture.errors import Conflict, Forbidden, NotFound
from leadcapture.i18n import gettext as _
from leadcapture.operators import rules as roles
from leadcapture.operators.models import Membership
from leadcapture.sites import chat_settings
from leadcapture.sites.models import Site


@dataclass(frozen=True)
class Changed:
    """A message as it is now, and whom it concerns. `changed` is False where it was like that already; `named` are the
    public ids of operators whom the edit of a note names anew."""

    message: MessageView
    site_id: int
    visitor: str
    changed: bool
    named: tuple[str, ...] = ()


def edit(session: Session, now: datetime, *, operator_id: int, epoch: int, message: str, body: str) -> Changed:
    """Give an operator's message another text; the visitor sees that it was edited.

    Raises NotFound, Forbidden (not_allowed: a colleague's, or one that went out by e-mail), Conflict (deleted),
    Invalid (too_long, or bad_request for an empty one without a file).
    """
    thread, row = _changeable(session, operator_id, epoch, message)
    if row.by_email:
        raise Forbidden(_("It went out by e-mail: that cannot be changed any more."), code="not_allowed")
    body = "" if row.file_id is not None and not body.strip() else rules.clean_body(body)
    if chat_settings.of(session.execute(select(Site.chat).where(Site.id == thread.site_id)).scalar_one()).masking:
        body = masked(body)
    if body == row.body:
        return _told(session, thread, message, changed=False)
    _change(session, thread, row.id, {"body": body, "edited_at": now})
    named = mentions.note(session, now, site_id=thread.site_id, message_id=message, text=body) if row.note else []
    return _told(session, thread, message, changed=True, named=named)


def delete(session: Session, now: datetime, *, operator_id: int, epoch: int, message: str) -> Changed:
    """Take an operator's message back: its text, its file and whom it named are gone, its place stays.

    Again changes nothing. Raises NotFound, Forbidden (not_allowed: a colleague's).
    """
    thread, row = _changeable(session, operator_id, epoch, message, deleted=True)
    if row.deleted_at is not None:
        return _told(session, thread, message, changed=False)
    _change(session, thread, row.id, {"body": "", "deleted_at": now, "file_id": None})
    session.execute(sql_delete(Mention).where(Mention.message_id == row.id))
    return _told(session, thread, message, changed=True)


def changed_since(session: Session, conversation_id: int, after_rev: int, *, notes: bool) -> list[MessageView]:
    """What was edited or deleted after that rev, as it is now, oldest change first and at most PAGE; the visitor's side
    asks without notes."""
    return queries.changed_messages(session, conversation_id, after_rev, notes=notes)


def with_changes(
    session: Session, thread: Thread, page: dict[str, Any], after_rev: int | None, *, notes: bool
) -> dict[str, Any]:
    """A page of messages, with what was `changed` after that rev (None: nobody asks), the `rev` to go on from, and
    whether there is more of either.

    The thread must have been read before the page: an edit in between is then told again, never left out.
    """
    if after_rev is None or after_rev >= thread.rev:
        return page | {"changed": [], "rev": thread.rev}
    found = changed_since(session, thread.id, after_rev, notes=notes)
    more = len(found) == PAGE
    tell = MessageView.for_operator if notes else MessageView.for_visitor
    told = {"changed": [tell(view) for view in found], "rev": found[-1].rev if more else thread.rev}
    return page | told | {"more": page["more"] or more}


def _changeable(
    session: Session, operator_id: int, epoch: int, public_id: str, *, deleted: bool = False
) -> tuple[Thread, Any]:
    """An operator's message and its conversation, where this operator may change it: it is theirs, or they are the
    site's admin or owner."""
    conversation = session.scalar(
        select(Conversation.public_id)
        .join(Message, Message.conversation_id == Conversation.id)
        .where(Message.public_id == public_id)
    )
    if conversation is None:
        raise NotFound(_("This message is gone."))
    thread = queries.operators_thread(session, operator_id, epoch, conversation)
    # Locked in the order everybody takes: the conversation, then its message.
    session.execute(select(Conversation.id).where(Conversation.id == thread.id).with_for_update())
    row = session.execute(
        select(
            Message.id,
            Message.body,
            Message.operator_id,
            Message.author_kind,
            Message.deleted_at,
            Message.file_id,
            Message.by_email,
            (Message.kind == "note").label("note"),
        ).where(Message.public_id == public_id)
    ).one()
    role = session.execute(
        select(Membership.role).where(Membership.operator_id == operator_id, Membership.site_id == thread.site_id)
    ).scalar_one()
    if row.author_kind != "operator" or not (row.operator_id == operator_id or roles.reaches(role, "admin")):
        raise Forbidden(_("You can change your own messages only."), code="not_allowed")
    if row.deleted_at is not None and not deleted:
        raise Conflict(_("This message was deleted meanwhile."), code="not_found")
    return thread, row


def _change(session: Session, thread: Thread, message_id: int, values: dict[str, Any]) -> None:
    rev = session.execute(
        update(Conversation)
        .where(Conversation.id == thread.id)
        .values(rev=Conversation.rev + 1)
        .returning(Conversation.rev)
    ).scalar_one()
    session.execute(update(Message).where(Message.id == message_id).values(rev=rev, **values))


def _told(session: Session, thread: Thread, public_id: str, *, changed: bool, named: Sequence[str] = ()) -> Changed:
    return Changed(queries.message(session, public_id), thread.site_id, thread.visitor, changed, tuple(named))
