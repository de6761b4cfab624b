"""Answers by e-mail: for who left an address and is gone. What is mailed stands in the conversation too.

Only a confirmed address is written to. A reply to one that still waits for its confirmation is kept: its message is in
the conversation, marked as by e-mail, and no e-mail is about it yet; `send_held` makes it once the address is
confirmed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, case, exists, func, select, update
from sqlalchemy.orm import Session

from leadcapture import addresses, i18n
from leadcapture.addresses import Address
from leadcapture.chat import signature, transcript
from leadcapture.chat.protocol import MessageView
from leadcapture.chat.queries import conversations, messages, visitors
from leadcapture.consent import queries as agreed
from leadcapture.contacts.models import Contact
from leadcapture.errors import Conflict
from leadcapture.i18n import gettext as _
from leadcapture.mail import operations as mail
from leadcapture.mail import queries as mail_queries
from leadcapture.mail.models import Email
from leadcapture.sites import queries as sites

PURPOSE = "reply"  # the consent that a contact's answers by e-mail rest on
QUOTED = 20  # messages before the reply that it quotes
REFERENCES = 5  # earlier e-mails that a reply names
# A reply that waited longer for its address is no answer any more.
KEPT = timedelta(days=30)

c = conversations.c


@dataclass(frozen=True)
class Recipient:
    """Whom a conversation's e-mails go to; `confirmed` is False while the address waits for its confirmation."""

    address: Address
    confirmed: bool

    def masked(self) -> str:
        """The address as it may be shown to whoever sits at the browser: a•••@example.org."""
        local, _at, domain = self.address.typed.rpartition("@")
        return f"{local[:1]}•••@{domain}"


def recipient(session: Session, conversation_id: int) -> Recipient | None:
    """The address that was left in the conversation, else that of its contact; None where there is neither."""
    row = session.execute(
        select(c.email, c.email_confirmed_at, Contact.email.label("known"), Contact.email_key)
        .outerjoin(Contact, Contact.id == c.contact_id)
        .where(c.id == conversation_id)
    ).one()
    if row.email:
        return Recipient(addresses.parse(row.email), row.email_confirmed_at is not None)
    return Recipient(Address(typed=row.known, key=row.email_key), True) if row.known else None


def reply(session: Session, now: datetime, *, conversation_id: int, message: MessageView, subject: str = "") -> None:
    """Mail the operator's message to the visitor, with the conversation before it quoted; or keep it until the address
    is confirmed. A `subject` becomes that of all the conversation's e-mails from now on.

    Raises Conflict, with a sentence that says so, where there is no address or none that may be written to.
    """
    to = recipient(session, conversation_id)
    if to is None:
        raise Conflict(_("There is no address to write to: the visitor has left none."), code="not_allowed")
    site_id = session.execute(select(c.site_id).where(c.id == conversation_id)).scalar_one()
    if mail_queries.suppressed(session, site_id, to.address.key):
        raise Conflict(_("This address must not be written to (any more)."), code="not_allowed")
    if session.scalar(select(agreed.withdrew(c.contact_id, PURPOSE)).where(c.id == conversation_id)):
        raise Conflict(_("This person does not want to be answered by e-mail any more."), code="not_allowed")
    if subject:
        session.execute(update(conversations).where(c.id == conversation_id).values(subject=subject))
    if to.confirmed:
        _send(session, now, conversation_id, to.address, message.id)


def address_confirmed(session: Session, now: datetime, *, conversation_id: int, contact_id: int) -> str:
    """The address left in this conversation is proven and belongs to that contact: replies that waited for that are
    mailed, and what was held as spam and not called so is held no more. The conversation's public id."""
    changed = (
        update(conversations)
        .where(c.id == conversation_id)
        .values(email_confirmed_at=now, contact_id=contact_id, held_at=case((c.spam.is_(True), c.held_at), else_=None))
        .returning(c.public_id)
    )
    public_id = str(session.execute(changed).scalar_one())
    send_held(session, now, conversation_id=conversation_id)
    return public_id


def readdress(session: Session, now: datetime, *, contact_id: int, before: Address, to: Address) -> None:
    """The contact is known by another address now: what they left in their conversations becomes that one."""
    left = func.lower(c.email).in_({before.typed.lower(), before.key})
    session.execute(update(conversations).where(c.contact_id == contact_id, left).values(email=to.typed))


def send_held(session: Session, now: datetime, *, conversation_id: int) -> int:
    """The conversation's address was confirmed just now: mail the replies that were kept for it. How many they were."""
    to = recipient(session, conversation_id)
    if to is None or not to.confirmed:
        return 0
    held = session.scalars(
        select(messages.c.public_id)
        .where(
            messages.c.conversation_id == conversation_id,
            messages.c.by_email.is_(True),
            messages.c.deleted_at.is_(None),
            messages.c.created_at > now - KEPT,
            ~exists().where(Email.about == messages.c.public_id),
        )
        .order_by(messages.c.seq)
    ).all()
    for public_id in held:
        _send(session, now, conversation_id, to.address, public_id)
    return len(held)


def _send(session: Session, now: datetime, conversation_id: int, to: Address, message_id: str) -> None:
    about = session.execute(
        select(
            c.site_id,
            c.subject,
            c.name,
            visitors.c.name.label("visitor_name"),
            visitors.c.language,
            Contact.public_id.label("contact"),
        )
        .join(visitors, visitors.c.id == c.visitor_id)
        .outerjoin(Contact, Contact.id == c.contact_id)
        .where(c.id == conversation_id)
    ).one()
    said: Row[Any] = session.execute(select(messages).where(messages.c.public_id == message_id)).one()
    site = sites.by_id(session, about.site_id)
    before = _mailed_before(session, conversation_id)
    language = i18n.best(about.language, site.language)
    with i18n.speaking(language):
        subject = about.subject or _("Your question to %(site)s", site=site.name)
        values = {
            "subject_line": f"Re: {subject}" if before else subject,
            "name": about.name or about.visitor_name,
            "body": said.body,
            "operator_name": said.author_name,
            "quoted": transcript.lines(session, conversation_id, until=said.seq - 1, newest=QUOTED, for_visitor=True),
            "signature": signature.of(site),
        }
    mail.enqueue(
        session,
        now,
        site=site,
        name="chat_reply",
        to=to,
        to_name=about.name or about.visitor_name,
        language=language,
        values=values,
        # A person wrote it (RFC 3834). The references keep all replies in one thread (RFC 5322, 3.6.4).
        headers={"Auto-Submitted": "no"}
        | ({"In-Reply-To": before[-1], "References": " ".join(before)} if before else {}),
        about=message_id,
        contact=about.contact,
        purpose=PURPOSE if about.contact else None,
    )


def _mailed_before(session: Session, conversation_id: int) -> list[str]:
    """The Message-IDs of the conversation's newest e-mails to the visitor, oldest first."""
    newest = (
        select(Email.message_id)
        .join(messages, messages.c.public_id == Email.about)
        .where(messages.c.conversation_id == conversation_id, Email.name == "chat_reply")
        .order_by(Email.id.desc())
        .limit(REFERENCES)
    )
    return list(session.scalars(newest))[::-1]
