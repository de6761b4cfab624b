"""What a person reads about themselves: what they agree to and since when, and what they could agree to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from leadcapture import i18n
from leadcapture.chat.models import Conversation
from leadcapture.consent import queries as consent
from leadcapture.contacts.models import AddressChange, Contact
from leadcapture.forms import kinds
from leadcapture.forms import queries as forms
from leadcapture.forms.kind import Statement
from leadcapture.forms.models import Form, Submission
from leadcapture.mail.models import Email
from leadcapture.sites.models import Site


@dataclass(frozen=True)
class Held:
    """Something the person agrees to now; `form` is what the form is called by which they did, nothing where it is gone
    or there was none."""

    purpose: str
    statement: str
    version: str
    at: datetime
    form: str
    imported: bool


@dataclass(frozen=True)
class Offered:
    """Something the person could agree to (again), in the newest words for it. `withdrawn` says since when they do not;
    None where they never did."""

    purpose: str
    statement: str
    version: str
    form_slug: str
    form_version: int | None
    withdrawn: datetime | None


@dataclass(frozen=True)
class Choices:
    """All that a person can keep, withdraw and agree to."""

    held: list[Held]
    offered: list[Offered]


def choices(session: Session, site: Site, contact: Contact) -> Choices:
    """What the contact agrees to, and what they can agree to: what they withdrew, and the other topics of a
    subscription they know. In the language of the moment."""
    entries = consent.history(session, contact.id)
    granted = consent.granted(session, contact.id)
    published = forms.published(session, site.id)
    titles = {form.slug: _title(form, site) for form in published}
    holding = {entry.purpose for entry in granted}
    newest = {entry.purpose: entry for entry in reversed(entries)}
    words = _words(published, site, prefer={entry.purpose: entry.form_slug for entry in newest.values()})
    offered = []
    for purpose, last in newest.items():
        if purpose in holding:
            continue
        form, said = words.get(purpose, (None, None))
        offered.append(
            Offered(
                purpose,
                said.statement if said else last.statement,
                said.version if said else last.statement_version,
                form.slug if form else last.form_slug,
                form.version if form else last.form_version,
                last.at,
            )
        )
    if newest.keys() & _news(published):
        offered += [
            Offered(purpose, said.statement, said.version, form.slug, form.version, None)
            for purpose, (form, said) in words.items()
            if said.group == "topics" and purpose not in newest
        ]
    held = [
        Held(
            entry.purpose,
            entry.statement,
            entry.statement_version,
            entry.at,
            titles.get(entry.form_slug, ""),
            entry.event == "imported",
        )
        for entry in granted
    ]
    # What has no words was agreed to nowhere, and cannot be agreed to again.
    return Choices(held, [one for one in offered if one.statement])


def asked_for(purpose: str) -> bool:
    """Whether what is mailed for this purpose is part of something that a person asked for, and not news."""
    return purpose in {kind.purpose for kind in kinds.registry().values() if not kind.ongoing}


def topics(session: Session, site_id: int) -> set[str]:
    """The purposes that are topics of the site's subscriptions."""
    return {
        ask.purpose
        for form in forms.of_site(session, site_id)
        for ask in kinds.by_name(form.kind).asks(form.settings)
        if ask.group == "topics"
    }


def pending_change(session: Session, now: datetime, contact_id: int) -> AddressChange | None:
    """The contact's newest wish for another address that still waits for its confirmation; None when there is none."""
    return session.scalar(
        select(AddressChange)
        .where(
            AddressChange.contact_id == contact_id,
            AddressChange.confirmed_at.is_(None),
            AddressChange.expires_at > now,
        )
        .order_by(AddressChange.id.desc())
        .limit(1)
        .execution_options(populate_existing=True)
    )


def changes_since(session: Session, contact_id: int, since: datetime) -> int:
    """How often the contact has asked for another address since then."""
    asked = select(func.count()).where(AddressChange.contact_id == contact_id, AddressChange.requested_at > since)
    return session.scalar(asked) or 0


def change(session: Session, public_id: str) -> tuple[AddressChange, Contact] | None:
    """The change of address with that id and whose it is; None when it is gone."""
    row = session.execute(
        select(AddressChange, Contact)
        .join(Contact, Contact.id == AddressChange.contact_id)
        .where(AddressChange.public_id == public_id)
        .execution_options(populate_existing=True)
    ).first()
    return (row[0], row[1]) if row else None


def _title(form: Form, site: Site) -> str:
    return kinds.by_name(form.kind).text("title", form.settings, site.name)


def _words(published: Iterable[Form], site: Site, *, prefer: Mapping[str, str]) -> dict[str, tuple[Form, Statement]]:
    """The words of each purpose that a published form asks for, with the form: the one by which the person agreed
    (`prefer`: its slug by purpose), else the oldest."""
    found: dict[str, tuple[Form, Statement]] = {}
    for form in published:
        for said in kinds.by_name(form.kind).statements(form.settings, form.version, site.name):
            if said.purpose not in found or prefer.get(said.purpose) == form.slug:
                found[said.purpose] = form, said
    return found


def _news(published: Iterable[Form]) -> set[str]:
    """The purposes by which somebody knows that the site writes news."""
    every = {kind.purpose for kind in kinds.registry().values() if kind.ongoing}
    return every | {
        ask.purpose
        for form in published
        if kinds.by_name(form.kind).ongoing
        for ask in kinds.by_name(form.kind).asks(form.settings)
    }


def language_of(contact: Contact, site: Site) -> str:
    """The language the person is written to in."""
    return i18n.best(contact.language, site.language)


@dataclass(frozen=True)
class Counts:
    """How much there is of what a person wrote and was sent."""

    submissions: int
    conversations: int
    emails: int


def counts(session: Session, contact: Contact) -> Counts:
    """How many forms the contact filled in, conversations they had and e-mails they were sent."""

    def number(*where: ColumnElement[bool]) -> int:
        return session.scalar(select(func.count()).where(*where)) or 0

    theirs = (Email.contact == contact.public_id) | (Email.to_key == contact.email_key)
    return Counts(
        number(Submission.contact_id == contact.id),
        number(Conversation.contact_id == contact.id),
        number(Email.site_id == contact.site_id, theirs),
    )


def has_news(session: Session, contact: Contact) -> bool:
    """Whether the contact agrees to anything that a pause would hold back."""
    return any(not asked_for(purpose) for purpose in consent.granted_purposes(session, contact.id))
