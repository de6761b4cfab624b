"""What was said is forgotten after its days: texts and files go, how many there were stays."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, delete, exists, select, update
from sqlalchemy.orm import Session

from leadcapture.chat.models import ChatFile, Conversation, ConversationTag, Mention, Message, PageView, Visitor
from leadcapture.mail import operations as mail

# Everything of a conversation that says who it was or what about.
ANONYMOUS = {
    "name": "",
    "email": None,
    "email_confirmed_at": None,
    "contact_id": None,
    "page_url": "",
    "subject": "",
    "comment": "",
}
NOBODY = {
    "name": "",
    "page_url": "",
    "user_id": None,
    "user": None,
    "verified_at": None,
    "timezone": "",
    "referrer": "",
    "utm": None,
    "device": "",
    "answers": None,
}


def forget_texts(session: Session, now: datetime, message_ids: Sequence[int]) -> None:
    """Erase what these messages (internal ids) say, their files, and their mails; their places stay, marked as deleted,
    and open browsers learn of it when they come back. The files' bytes go with the next sweep of `files.sweep_due`."""
    chosen = Message.id.in_(message_ids)
    told = session.execute(select(Message.public_id, Message.conversation_id).where(chosen)).all()
    for conversation_id in sorted({row.conversation_id for row in told}):
        rev = session.execute(
            update(Conversation)
            .where(Conversation.id == conversation_id)
            .values(rev=Conversation.rev + 1)
            .returning(Conversation.rev)
        ).scalar_one()
        session.execute(update(Message).where(chosen, Message.conversation_id == conversation_id).values(rev=rev))
    _give_up_files(session, chosen)
    session.execute(update(Message).where(chosen).values(body="", deleted_at=now, file_id=None))
    session.execute(delete(Mention).where(Mention.message_id.in_(message_ids)))
    mail.forget(session, now, about=[row.public_id for row in told])


def forget_conversations(session: Session, now: datetime, conversation_ids: Sequence[int]) -> None:
    """Erase all that these conversations (internal ids) hold: what was said, who said it, and who the visitor was,
    unless another conversation of theirs is kept. Their rows stay, to be counted."""
    chosen = Message.conversation_id.in_(conversation_ids)
    _give_up_files(session, chosen)
    said = session.scalars(delete(Message).where(chosen).returning(Message.public_id)).all()
    names = session.scalars(select(Conversation.public_id).where(Conversation.id.in_(conversation_ids))).all()
    mail.forget(session, now, about=[*said, *names])
    session.execute(delete(ConversationTag).where(ConversationTag.conversation_id.in_(conversation_ids)))
    visitors = session.scalars(
        update(Conversation)
        .where(Conversation.id.in_(conversation_ids))
        .values(ANONYMOUS)
        .returning(Conversation.visitor_id)
        .execution_options(synchronize_session=False)
    ).all()
    told_more = exists().where(Conversation.visitor_id == Visitor.id, Message.conversation_id == Conversation.id)
    alone = session.scalars(select(Visitor.id).where(Visitor.id.in_(set(visitors)), ~told_more)).all()
    session.execute(delete(PageView).where(PageView.visitor_id.in_(alone)))
    session.execute(
        update(Visitor).where(Visitor.id.in_(alone)).values(NOBODY).execution_options(synchronize_session=False)
    )


def _give_up_files(session: Session, of: ColumnElement[bool]) -> None:
    # The row stays until the bytes are gone: it is how they are found.
    carried = session.scalars(select(Message.file_id).where(of, Message.file_id.is_not(None))).all()
    session.execute(update(ChatFile).where(ChatFile.id.in_(carried)).values(name="", visitor=None))
