"""What an operator sees beside a conversation: who the visitor is, as far as is known, and what went before."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from leadcapture import clock
from leadcapture.chat import pre_chat, sightings
from leadcapture.chat.models import Conversation, Message, Visitor, VisitorPresence
from leadcapture.chat.queries import Thread
from leadcapture.consent import queries as consent
from leadcapture.contacts.models import Contact
from leadcapture.sites import queries as sites

FORMER = 20  # conversations
STARTS_WITH = 120  # characters of a former conversation


def about(session: Session, now: datetime, thread: Thread, *, language: str) -> dict[str, Any]:
    """Everything that is known of the visitor of that conversation, for somebody who may see it."""
    conversation = session.get_one(Conversation, thread.id)
    visitor = session.get_one(Visitor, conversation.visitor_id)
    contact = _contact(session, conversation)
    pages = [page.wire() for page in sightings.pages_of(session, visitor.id)]
    return {
        "visitor": visitor.public_id,
        "since": clock.wire(visitor.created_at),
        "seen_at": clock.wire(visitor.seen_at),
        "language": visitor.language,
        "timezone": visitor.timezone,
        "device": visitor.device,
        "visits": visitor.visits,
        "referrer": visitor.referrer,
        "utm": visitor.utm or {},
        "verified": None
        if visitor.user_id is None
        else {"user_id": visitor.user_id, **(visitor.user or {}), "at": clock.wire_or_none(visitor.verified_at)},
        "answers": pre_chat.shown(session, sites.by_id(session, thread.site_id), visitor.public_id, language),
        "blocked_until": clock.wire_or_none(visitor.blocked_until) if (visitor.blocked_until or now) > now else None,
        "page": _page_now(session, now, visitor.public_id),
        "pages": pages,
        "conversations": _former(session, conversation, contact),
        "contact": contact and _known(session, contact),
    }


def _page_now(session: Session, now: datetime, visitor: str) -> dict[str, Any] | None:
    """The page that is open to the visitor, the newest of several tabs; None when none is."""
    row = session.scalars(
        select(VisitorPresence)
        .where(VisitorPresence.visitor == visitor, VisitorPresence.heard_at > now - sightings.STALE)
        .order_by(VisitorPresence.since.desc())
        .limit(1)
    ).first()
    return None if row is None else {"url": row.url, "title": row.title, "at": clock.wire(row.since)}


def _contact(session: Session, conversation: Conversation) -> Contact | None:
    """Who confirmed an address in this conversation, or in an earlier one of this visitor."""
    if conversation.contact_id is not None:
        return session.get(Contact, conversation.contact_id)
    return session.scalars(
        select(Contact)
        .join(Conversation, Conversation.contact_id == Contact.id)
        .where(Conversation.visitor_id == conversation.visitor_id)
        .order_by(Conversation.id.desc())
        .limit(1)
    ).first()


def _former(session: Session, conversation: Conversation, contact: Contact | None) -> list[dict[str, Any]]:
    """Other conversations of this visitor, and of the contact on other devices, newest first, with how each began."""
    theirs = [Conversation.visitor_id == conversation.visitor_id]
    if contact is not None:
        theirs.append(Conversation.contact_id == contact.id)
    rows = session.execute(
        select(
            Conversation.public_id,
            Conversation.status,
            Conversation.created_at,
            Conversation.active_at,
            Conversation.subject,
            Message.body,
            Message.deleted_at,
        )
        .outerjoin(Message, (Message.conversation_id == Conversation.id) & (Message.seq == 1))
        .where(or_(*theirs), Conversation.site_id == conversation.site_id, Conversation.id != conversation.id)
        .order_by(Conversation.id.desc())
        .limit(FORMER)
    )
    return [
        {
            "id": row.public_id,
            "status": row.status,
            "at": clock.wire(row.created_at),
            "last_at": clock.wire(row.active_at),
            "subject": row.subject,
            "begins": "" if row.deleted_at else (row.body or "")[:STARTS_WITH],
        }
        for row in rows
    ]


def _known(session: Session, contact: Contact) -> dict[str, Any]:
    granted = {entry.id for entry in consent.granted(session, contact.id)}
    told: dict[str, Any] = {
        "id": contact.public_id,
        "name": contact.name,
        "email": contact.email,
        "phone": contact.phone,
        "status": contact.status,
        "confirmed_at": clock.wire(contact.confirmed_at),
        "consents": [
            {
                "purpose": entry.purpose,
                "statement": entry.statement,
                "action": entry.action,
                "at": clock.wire(entry.at),
                "holds": entry.id in granted,
            }
            for entry in consent.history(session, contact.id)[:FORMER]
        ],
    }
    for hook in sightings.of_contact:
        told |= hook(session, contact.id)
    return told
