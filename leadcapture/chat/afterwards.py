"""What a visitor does when the talk is over: ends it, rates it, has it mailed."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import and_, case, or_, select, update
from sqlalchemy.orm import Session

from leadcapture.addresses import Address
from leadcapture.chat import mailing, queries, rules, transcript
from leadcapture.chat.mailing import Recipient
from leadcapture.chat.protocol import Rating
from leadcapture.chat.queries import Thread, conversations
from leadcapture.errors import Conflict, NotFound
from leadcapture.i18n import gettext as _
from leadcapture.mail import caps
from leadcapture.sites import queries as sites

CHANGEABLE = timedelta(days=1)  # so long a rating may be given anew

c = conversations.c


def end(session: Session, now: datetime, *, site_id: int, visitor: str) -> Thread | None:
    """The visitor ends the conversation: the thread, or None when none was open."""
    thread = queries.visitors_thread(session, now, site_id, visitor)
    if thread is None:
        return None
    ended = (
        update(conversations)
        .where(c.id == thread.id, c.status != rules.CLOSED)
        .values(
            status=rules.CLOSED,
            closed_at=now,
            ended_by="visitor",
            waiting_since=None,
            snoozed_until=None,
            active_at=now,
        )
        .returning(c.id)
    )
    return thread if session.execute(ended).first() is not None else None


def rate(session: Session, now: datetime, *, site_id: int, visitor: str, rating: Rating) -> Thread:
    """Keep what the visitor thinks of the conversation, during it or after; for a day a later rating replaces it, and
    once the conversation was closed again.

    Raises NotFound without a conversation, Conflict when it was rated too long ago.
    """
    thread = queries.visitors_thread(session, now, site_id, visitor)
    if thread is None:
        raise NotFound(_("There is no conversation to rate."))
    open_to_it = or_(c.rated_at.is_(None), c.rated_at > now - CHANGEABLE, c.rated_at < c.closed_at)
    rated = (
        update(conversations)
        .where(c.id == thread.id, open_to_it)
        .values(
            stars=rating.stars,
            comment=rating.comment,
            # The day counts from the first rating: changing it does not open it for another day.
            rated_at=case((and_(c.rated_at.is_not(None), c.rated_at > now - CHANGEABLE), c.rated_at), else_=now),
        )
        .returning(c.id)
    )
    if session.execute(rated).first() is None:
        raise Conflict(_("A rating can be changed for a day."), code="not_allowed")
    return thread


def confirmed_recipient(session: Session, now: datetime, *, site_id: int, visitor: str) -> tuple[Thread, Recipient]:
    """The visitor's conversation and the confirmed address it can be mailed to. Raises NotFound where either lacks."""
    thread = queries.visitors_thread(session, now, site_id, visitor)
    to = thread and mailing.recipient(session, thread.id)
    if not thread or not to or not to.confirmed:
        raise NotFound(_("Leave your e-mail address first."))
    return thread, to


def mail_transcript(session: Session, now: datetime, *, thread: Thread, to: Address) -> int:
    """Mail the conversation to its visitor, whose confirmed address that is: 0. Where the mailbox has had its mails of
    the day there is none: the seconds until there may be one."""
    site = sites.by_id(session, thread.site_id)
    if caps.take(session, now, site=site, address=to, confirmation=False) is None:
        return caps.wait(session, now, site=site, address=to)
    transcript.mail_to(session, now, conversation_id=thread.id, to=to)
    return 0


def transcript_confirmed(
    session: Session, now: datetime, *, conversation_id: int, contact_id: int, address: Address
) -> str:
    """The address given for the transcript is proven: mail it the conversation, and answers from now on where no other
    address was left. The conversation's public id."""
    nobody_else = or_(c.email.is_(None), c.email == address.typed)
    session.execute(
        update(conversations)
        .where(c.id == conversation_id, nobody_else)
        .values(email=address.typed, email_confirmed_at=now, contact_id=contact_id)
    )
    transcript.mail_to(session, now, conversation_id=conversation_id, to=address)
    mailing.send_held(session, now, conversation_id=conversation_id)
    return str(session.execute(select(c.public_id).where(c.id == conversation_id)).scalar_one())
