"""How long what is kept (GDPR art. 5(1)(e)): the kinds of data, what of each is over its days, and how it goes.

What a dry run counts and what a run removes are the same query: `Part.due`. A kind may keep its data in several places,
each a part of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, case, delete, func, or_, select, update
from sqlalchemy.orm import Session

from leadcapture import uploads
from leadcapture.chat import expiry as chat
from leadcapture.chat.models import Conversation, Message, PageView, Visitor
from leadcapture.consent import operations as consent
from leadcapture.consent.models import LedgerEvent
from leadcapture.consent.rules import moment
from leadcapture.contacts.models import Contact
from leadcapture.forms import expiry as forms
from leadcapture.forms.models import Submission
from leadcapture.i18n import lazy_gettext as _
from leadcapture.imports.models import Import
from leadcapture.mail import naming
from leadcapture.mail.models import Email
from leadcapture.optin.models import Confirmation
from leadcapture.privacy import erasing
from leadcapture.sites.models import Site

# Three columns: the row's number (unique within the part, rising), a public id that names it to the owner, its age.
Due = Select[Any]


@dataclass(frozen=True)
class Batch:
    """Rows of one part, older than `before`, that go in one transaction."""

    session: Session
    now: datetime
    site: Site
    before: datetime
    numbers: Sequence[int]


@dataclass(frozen=True)
class Part:
    """One place that a kind of data is kept in. `due(site_id, before)` selects what is older, out of `table` first;
    `remove` makes a batch of it go, so that it is due no more."""

    name: str
    called: Any
    table: Any
    due: Callable[[int, datetime], Due]
    remove: Callable[[Batch], None]


@dataclass(frozen=True)
class Kind:
    """One kind of data: `name` is its setting's (sites.retention_settings), the rest are words for its owner."""

    name: str
    title: Any
    counted: Any  # from when the days count
    goes: Any  # what is removed, and what stays
    parts: tuple[Part, ...]


# ---- what is due, and how it goes ------------------------------------------------------------------------------------


def _due(number: Any, public_id: Any, at: Any) -> Due:
    return select(number.label("number"), public_id.label("public_id"), at.label("at"))


def _pending(site_id: int, before: datetime) -> Due:
    asked = func.coalesce(Confirmation.mailed_at, Submission.created_at)
    return (
        _due(Submission.id, Submission.public_id, asked)
        .join(Confirmation, Confirmation.id == Submission.confirmation_id)
        .where(
            Submission.site_id == site_id,
            Submission.status == "pending",
            Confirmation.status == "pending",
            asked < before,
        )
    )


def _held(site_id: int, before: datetime) -> Due:
    return _due(Submission.id, Submission.public_id, Submission.held_at).where(
        Submission.site_id == site_id, Submission.status == "held", Submission.held_at < before
    )


def _purge(batch: Batch) -> None:
    forms.purge(batch.session, batch.now, batch.numbers)


def _held_conversations(site_id: int, before: datetime) -> Due:
    return _due(Conversation.id, Conversation.public_id, Conversation.held_at).where(
        Conversation.site_id == site_id,
        Conversation.held_at < before,
        Conversation.spam.is_not(False),
        _says_something(),
    )


def _traces(site_id: int, before: datetime) -> Due:
    return _due(Submission.id, Submission.public_id, Submission.created_at).where(
        Submission.site_id == site_id,
        Submission.created_at < before,
        or_(Submission.ip.is_not(None), Submission.user_agent != ""),
    )


def _forget_traces(batch: Batch) -> None:
    batch.session.execute(update(Submission).where(Submission.id.in_(batch.numbers)).values(ip=None, user_agent=""))


def _traces_in_ledger(site_id: int, before: datetime) -> Due:
    # The ledger writes its moments as text that sorts as they do; its traces go up to the first event that is younger.
    younger = select(LedgerEvent.seq).where(
        LedgerEvent.site_id == site_id, LedgerEvent.at >= moment(before), LedgerEvent.trace.is_not(None)
    )
    first = select(func.min(younger.subquery().c.seq)).scalar_subquery()
    return _due(LedgerEvent.seq, LedgerEvent.subject, LedgerEvent.at).where(
        LedgerEvent.site_id == site_id,
        or_(first.is_(None), LedgerEvent.seq < first),
        LedgerEvent.trace.is_not(None),
    )


def _forget_traces_in_ledger(batch: Batch) -> None:
    consent.erase_traces(batch.session, batch.now, site_id=batch.site.id, before=batch.before, until=max(batch.numbers))


def _messages(site_id: int, before: datetime) -> Due:
    return (
        _due(Message.id, Message.public_id, Conversation.closed_at)
        .join(Conversation, Conversation.id == Message.conversation_id)
        .where(
            Conversation.site_id == site_id,
            Conversation.status == "closed",
            Conversation.closed_at < before,
            Message.kind != "system",
            or_(Message.body != "", Message.file_id.is_not(None)),
        )
    )


def _forget_messages(batch: Batch) -> None:
    chat.forget_texts(batch.session, batch.now, batch.numbers)


def _conversations(site_id: int, before: datetime) -> Due:
    return _due(Conversation.id, Conversation.public_id, Conversation.closed_at).where(
        Conversation.site_id == site_id,
        Conversation.status == "closed",
        Conversation.closed_at < before,
        # What is held goes as that, so that nothing is counted twice.
        or_(Conversation.held_at.is_(None), Conversation.spam.is_(False)),
        _says_something(),
    )


def _says_something() -> Any:
    said = select(Message.id).where(Message.conversation_id == Conversation.id).exists()
    blank = [
        getattr(Conversation, name).is_not(None) if nothing is None else getattr(Conversation, name) != nothing
        for name, nothing in chat.ANONYMOUS.items()
    ]
    return or_(said, *blank)


def _forget_conversations(batch: Batch) -> None:
    chat.forget_conversations(batch.session, batch.now, batch.numbers)


def _contacts(site_id: int, before: datetime) -> Due:
    return _due(Contact.id, Contact.public_id, Contact.active_at).where(
        Contact.site_id == site_id, Contact.active_at < before
    )


def _erase_contacts(batch: Batch) -> None:
    for contact in batch.session.scalars(
        select(Contact).where(Contact.id.in_(batch.numbers)).order_by(Contact.id)
    ).all():
        erasing.erase(batch.session, batch.now, contact=contact, reason="retention")


def _emails(site_id: int, before: datetime) -> Due:
    over = func.coalesce(Email.sent_at, Email.created_at)
    return _due(Email.id, Email.public_id, over).where(
        Email.site_id == site_id,
        Email.status.not_in(("queued", "deferred", "sending")),
        over < before,
        Email.html != "",
    )


def _forget_emails(batch: Batch) -> None:
    naming.texts_gone(batch.session, batch.numbers)
    batch.session.execute(
        update(Email)
        .where(Email.id.in_(batch.numbers))
        .values(subject="", text="", html="", attachments=None, to_name="")
    )


def _imports(site_id: int, before: datetime) -> Due:
    over = func.coalesce(Import.finished_at, Import.created_at)
    return _due(Import.id, Import.public_id, over).where(
        Import.site_id == site_id,
        Import.state.not_in(("running", "paused")),
        over < before,
        or_(Import.stored.is_not(None), Import.report.is_not(None)),
    )


def _forget_imports(batch: Batch) -> None:
    mine = Import.id.in_(batch.numbers)
    for stored in batch.session.execute(select(Import.stored, Import.report).where(mine)):
        for name in stored:
            if name:
                uploads.drop(name)
    # One that was never run cannot be any more.
    ended = case((Import.state.in_(("done", "failed", "cancelled")), Import.state), else_="cancelled")
    batch.session.execute(update(Import).where(mine).values(stored=None, report=None, state=ended))


def _page_views(site_id: int, before: datetime) -> Due:
    return (
        _due(PageView.id, Visitor.public_id, PageView.at)
        .join(Visitor, Visitor.id == PageView.visitor_id)
        .where(Visitor.site_id == site_id, PageView.at < before)
    )


def _forget_page_views(batch: Batch) -> None:
    batch.session.execute(delete(PageView).where(PageView.id.in_(batch.numbers)))


VISIT = {"page_url": "", "referrer": "", "device": "", "timezone": ""}


def _visits(site_id: int, before: datetime) -> Due:
    texts = [getattr(Visitor, name) != nothing for name, nothing in VISIT.items()]
    return _due(Visitor.id, Visitor.public_id, Visitor.seen_at).where(
        Visitor.site_id == site_id, Visitor.seen_at < before, or_(*texts, Visitor.utm.is_not(None))
    )


def _forget_visits(batch: Batch) -> None:
    batch.session.execute(update(Visitor).where(Visitor.id.in_(batch.numbers)).values(**VISIT, utm=None))


# ---- the table -------------------------------------------------------------------------------------------------------

# What is part of something else comes before it, so that all a dry run counted goes by the kind it was counted for.
KINDS: tuple[Kind, ...] = (
    Kind(
        "ips",
        _("IP addresses and browsers"),
        _("from the day they were noted"),
        _("Where submissions and consents came from. The consents and their chain stay whole."),
        (
            Part("submissions", _("submissions"), Submission, _traces, _forget_traces),
            Part("ledger", _("events of the ledger"), LedgerEvent, _traces_in_ledger, _forget_traces_in_ledger),
        ),
    ),
    Kind(
        "emails",
        _("Texts of sent mails"),
        _("from the day they were sent"),
        _("What the mails in the outbox say. To whom and when stays; the proof of a consent keeps its own copy."),
        (Part("emails", _("mails"), Email, _emails, _forget_emails),),
    ),
    Kind(
        "visits",
        _("Visits"),
        _("from the day a page was looked at"),
        _("Which pages visitors of the chat saw, where they came from, and with which browser."),
        (
            Part("page_views", _("pages seen"), PageView, _page_views, _forget_page_views),
            Part("visitors", _("visitors"), Visitor, _visits, _forget_visits),
        ),
    ),
    Kind(
        "messages",
        _("What was written in chats"),
        _("from the day the conversation was closed"),
        _("Texts, files and their mails. The conversation stays, with who it was and how many messages."),
        (Part("messages", _("messages"), Message, _messages, _forget_messages),),
    ),
    Kind(
        "pending",
        _("What nobody confirmed"),
        _("from the day the mail with the link was sent; at the latest when the link stops working"),
        _("All that was typed, the address and its mails. That a form was sent stays, as a number."),
        (Part("submissions", _("submissions"), Submission, _pending, _purge),),
    ),
    Kind(
        "held",
        _("What is held as spam"),
        _("from the day it was held, unless it was released"),
        _("All that was typed or written, with the address. That it came stays, as a number."),
        (
            Part("submissions", _("submissions"), Submission, _held, _purge),
            Part("conversations", _("conversations"), Conversation, _held_conversations, _forget_conversations),
        ),
    ),
    Kind(
        "conversations_closed",
        _("Closed conversations"),
        _("from the day the conversation was closed"),
        _("All of the conversation and of its visitor. That there was one, when and how it was rated stays."),
        (Part("conversations", _("conversations"), Conversation, _conversations, _forget_conversations),),
    ),
    Kind(
        "imports",
        _("Imported files"),
        _("from the day the import ended"),
        _("The file and the report. Evidence of where the people came from stays, and so does who was imported."),
        (Part("imports", _("imports"), Import, _imports, _forget_imports),),
    ),
    Kind(
        "contacts_inactive",
        _("Contacts without activity"),
        _("from the last day the person confirmed, answered, wrote while known, or used a page of theirs"),
        _("Everything of the person, as when they erase it themselves. No import brings the address back."),
        (Part("contacts", _("contacts"), Contact, _contacts, _erase_contacts),),
    ),
)
