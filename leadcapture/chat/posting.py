"""What happens around a message when it is stored: secrets are masked, files claimed, colleagues named, e-mails sent.

Whoever takes in a message calls this, all within one transaction.
"""

from __future__ import annotations

import dataclasses
from datetime import datetime

from sqlalchemy.orm import Session

from leadcapture.chat import blocking, mailing, mentions, operations, pre_chat, queries
from leadcapture.chat.operations import Posted
from leadcapture.chat.protocol import Incoming


def by_visitor(
    session: Session, now: datetime, *, site_id: int, visitor: str, incoming: Incoming, available: bool, language: str
) -> Posted:
    """As operations.post_by_visitor. Raises Blocked for who may not write now."""
    blocking.check(session, now, visitor)
    posted = operations.post_by_visitor(
        session, now, site_id=site_id, visitor=visitor, incoming=incoming, available=available, language=language
    )
    if posted.first and posted.message.seq == 1:
        pre_chat.carry(session, visitor=visitor)
    return posted


def by_operator(
    session: Session, now: datetime, *, operator_id: int, epoch: int, conversation: str, incoming: Incoming, kind: str
) -> Posted:
    """As operations.post_by_operator. A note is never an e-mail. Raises Conflict where a reply cannot be one."""
    if kind == "note":
        incoming = dataclasses.replace(incoming, by_email=False)
    posted = operations.post_by_operator(
        session, now, operator_id=operator_id, epoch=epoch, conversation=conversation, incoming=incoming, kind=kind
    )
    if posted.first and kind == "note":
        mentions.note(session, now, site_id=posted.site_id, message_id=posted.message.id, text=posted.message.body)
    if posted.first and incoming.by_email:
        thread = queries.operators_thread(session, operator_id, epoch, conversation)
        mailing.reply(session, now, conversation_id=thread.id, message=posted.message, subject=incoming.subject)
    return posted
