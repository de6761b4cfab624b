"""What happens around a message when it is stored: secrets are masked, files claimed, colleagues named, e-mails sent.

Whoever takes in a message calls this, all within one transaction.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from leadcapture.chat import blocking, files, held, mailing, mentions, operations, pre_chat, queries
from leadcapture.chat.masking import masked
from leadcapture.chat.operations import Posted
from leadcapture.chat.protocol import FileView, Incoming
from leadcapture.errors import NotFound
from leadcapture.i18n import gettext as _
from leadcapture.sites import chat_settings
from leadcapture.sites.models import Site


def by_visitor(
    session: Session, now: datetime, *, site_id: int, visitor: str, incoming: Incoming, available: bool, language: str
) -> Posted:
    """As operations.post_by_visitor. Raises Blocked for who may not write now, NotFound for a file that is not this
    visitor's or was sent already."""
    blocking.check(session, now, visitor)
    chat = session.execute(select(Site.chat).where(Site.id == site_id)).scalar_one()
    posted = operations.post_by_visitor(
        session,
        now,
        site_id=site_id,
        visitor=visitor,
        incoming=_masked(incoming, chat),
        available=available,
        language=language,
        file=_claimed(session, now, incoming, site_id=site_id, visitor=visitor),
    )
    _check_file(posted, incoming)
    if posted.first and posted.message.seq == 1:
        pre_chat.carry(session, visitor=visitor)
    held.judge(session, now, posted)
    return posted


def by_operator(
    session: Session, now: datetime, *, operator_id: int, epoch: int, conversation: str, incoming: Incoming, kind: str
) -> Posted:
    """As operations.post_by_operator. A note is never an e-mail. Raises Conflict where a reply cannot be one, NotFound
    for a file that is not this operator's or was sent already."""
    if kind == "note":
        incoming = dataclasses.replace(incoming, by_email=False)
    thread = queries.operators_thread(session, operator_id, epoch, conversation)
    chat = session.execute(select(Site.chat).where(Site.id == thread.site_id)).scalar_one()
    posted = operations.post_by_operator(
        session,
        now,
        operator_id=operator_id,
        epoch=epoch,
        conversation=conversation,
        incoming=_masked(incoming, chat),
        kind=kind,
        file=_claimed(session, now, incoming, site_id=thread.site_id, operator_id=operator_id),
    )
    _check_file(posted, incoming)
    if posted.first and kind == "note":
        mentions.note(session, now, site_id=posted.site_id, message_id=posted.message.id, text=posted.message.body)
    if posted.first and incoming.by_email:
        mailing.reply(session, now, conversation_id=thread.id, message=posted.message, subject=incoming.subject)
    return posted


def _masked(incoming: Incoming, chat: Mapping[str, Any] | None) -> Incoming:
    if not chat_settings.of(chat).masking:
        return incoming
    return dataclasses.replace(incoming, body=masked(incoming.body), subject=masked(incoming.subject))


def _claimed(
    session: Session,
    now: datetime,
    incoming: Incoming,
    *,
    site_id: int,
    visitor: str | None = None,
    operator_id: int | None = None,
) -> tuple[int, FileView] | None:
    """The message's file; None where there is none, and where the message was stored with it before."""
    if not incoming.file or files.sent_before(
        session, incoming.file, incoming.client_id, visitor=visitor, operator_id=operator_id
    ):
        return None
    return files.claim(session, now, incoming.file, site_id=site_id, visitor=visitor, operator_id=operator_id)


def _check_file(posted: Posted, incoming: Incoming) -> None:
    # A message that was stored before, in a conversation that is over by now: here it would be one without its file.
    if posted.first and incoming.file and posted.message.file is None:
        raise NotFound(_("This file is gone. Choose it again."))
