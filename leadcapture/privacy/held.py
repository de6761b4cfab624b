"""Everything that is held about a person, for the person to read and to take along (GDPR art. 15 and 20)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from leadcapture import clock, i18n
from leadcapture.chat.models import ChatFile, Conversation, Message
from leadcapture.consent import queries as consent
from leadcapture.contacts.export import line
from leadcapture.contacts.models import AddressChange, Contact
from leadcapture.forms import kinds
from leadcapture.forms import operations as form_operations
from leadcapture.forms import queries as forms
from leadcapture.imports.models import Import
from leadcapture.mail import queries as mail
from leadcapture.privacy import queries
from leadcapture.repermission.models import PermissionAsk, PermissionCampaign
from leadcapture.sites.models import Site

COLUMNS = ("what", "number", "field", "value")


def everything(session: Session, now: datetime, *, site: Site, contact: Contact) -> dict[str, Any]:
    """All of it as plain values that JSON can hold, moments in ISO 8601; texts in the person's language."""
    with i18n.speaking(queries.language_of(contact, site)):
        found = {
            "site": site.name,
            "made_at": now,
            **_person(contact),
            "consents": _consents(session, contact),
            "submissions": _submissions(session, contact),
            "held_by_forms": _of_kinds(session, contact),
            "conversations": _conversations(session, site, contact),
            "emails": _emails(session, site, contact),
            "questions_about_consent": _asks(session, contact),
            "address_changes": _address_changes(session, contact),
            "import": _import(session, contact),
        }
    plain: dict[str, Any] = _plain(found)
    return plain


def csv_lines(held: Mapping[str, Any]) -> Iterator[str]:
    """The same as the lines of a CSV file: what it is, its number where there are several, the field and its value."""
    yield line(COLUMNS)
    for what, value in held.items():
        several = value if isinstance(value, list) else [value]
        for number, one in enumerate(several, 1):
            for field, text in _flat(one):
                yield line((what, str(number) if isinstance(value, list) else "", field, text))


def _person(contact: Contact) -> dict[str, Any]:
    names = (
        *("email", "name", "phone", "language", "status", "source", "attributes", "channel", "call_hours", "topics"),
        *("paused_until", "confirmed_at", "active_at"),
    )
    return {name: getattr(contact, name) for name in names}


def _consents(session: Session, contact: Contact) -> list[dict[str, Any]]:
    names = (
        *("action", "event", "purpose", "statement", "statement_version", "method", "form_slug", "form_version"),
        *("page_url", "ip", "user_agent", "email_subject", "email_text", "requested_at", "at"),
    )
    return [
        {"number": entry.id, **{name: getattr(entry, name) for name in names}}
        for entry in reversed(consent.history(session, contact.id))
    ]


def _submissions(session: Session, contact: Contact) -> list[dict[str, Any]]:
    return [
        {
            "form": form.title,
            "kind": form.kind,
            "sent_at": sent.created_at,
            "confirmed_at": sent.confirmed_at,
            "email": sent.email,
            "name": sent.name,
            "phone": sent.phone,
            "answers": [{"question": asked, "answer": said} for asked, said in form_operations.summary(session, sent)],
            "agreed_to": [agreed["statement"] for agreed in sent.consents],
            "page_url": sent.page_url,
            "ip": sent.ip,
            "user_agent": sent.user_agent,
        }
        for sent, form in reversed(forms.submissions_of_contact(session, contact.id))
    ]


def _of_kinds(session: Session, contact: Contact) -> list[Mapping[str, Any]]:
    return [told for kind in kinds.registry().values() for told in kind.held(session, contact.id)]


def _conversations(session: Session, site: Site, contact: Contact) -> list[dict[str, Any]]:
    """What was said both ways; notes between operators are theirs."""
    mine = (
        select(Conversation)
        .where(Conversation.site_id == site.id, Conversation.contact_id == contact.id)
        .order_by(Conversation.id)
    )
    return [
        {
            "kind": one.kind,
            "began_at": one.created_at,
            "name": one.name,
            "email": one.email,
            "page_url": one.page_url,
            "stars": one.stars,
            "comment": one.comment,
            "messages": _messages(session, one.id),
        }
        for one in session.scalars(mine).all()
    ]


def _messages(session: Session, conversation_id: int) -> list[dict[str, Any]]:
    said = session.execute(
        select(Message, ChatFile)
        .outerjoin(ChatFile, ChatFile.id == Message.file_id)
        .where(Message.conversation_id == conversation_id, Message.seq.is_not(None), Message.deleted_at.is_(None))
        .order_by(Message.seq)
    )
    return [
        {
            "from": message.author_kind,
            "name": message.author_name,
            "text": message.body,
            "at": message.created_at,
            "file": file and {"name": file.name, "bytes": file.size, "content_type": file.content_type},
        }
        for message, file in said
    ]


def _emails(session: Session, site: Site, contact: Contact) -> list[dict[str, Any]]:
    return [
        {
            "to": email.to_email,
            "subject": email.subject,
            "text": email.text,
            "purpose": email.purpose,
            "status": email.status,
            "made_at": email.created_at,
            "sent_at": email.sent_at,
        }
        for email in mail.to_contact(session, site.id, contact.public_id, contact.email_key)
    ]


def _asks(session: Session, contact: Contact) -> list[dict[str, Any]]:
    rows = session.execute(
        select(PermissionAsk, PermissionCampaign.purpose)
        .join(PermissionCampaign, PermissionCampaign.id == PermissionAsk.campaign_id)
        .where(PermissionAsk.contact_id == contact.id)
        .order_by(PermissionAsk.id)
    )
    return [
        {"purpose": purpose, "asked_at": ask.asked_at, "answered_at": ask.answered_at, "answer": ask.answer}
        for ask, purpose in rows
    ]


def _address_changes(session: Session, contact: Contact) -> list[dict[str, Any]]:
    asked = select(AddressChange).where(AddressChange.contact_id == contact.id).order_by(AddressChange.id)
    return [
        {"to": change.email, "requested_at": change.requested_at, "confirmed_at": change.confirmed_at}
        for change in session.scalars(asked)
    ]


def _import(session: Session, contact: Contact) -> dict[str, Any] | None:
    """Where the person was taken over from, as the site's owner said."""
    made = session.get(Import, contact.import_id) if contact.import_id is not None else None
    if made is None:
        return None
    return {"file": made.name, "at": made.finished_at or made.created_at, "provenance": made.provenance}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return clock.wire(value)
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(one) for one in value]
    return value


def _flat(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """The values in it with the way to each: "messages.1.text"; what says nothing is left out."""
    if isinstance(value, dict):
        for name, one in value.items():
            yield from _flat(one, f"{path}.{name}".lstrip("."))
    elif isinstance(value, list):
        for number, one in enumerate(value, 1):
            yield from _flat(one, f"{path}.{number}".lstrip("."))
    elif value not in (None, ""):
        yield path, {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)
