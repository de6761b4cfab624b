"""What is noted of a person's consents: asked for, mailed, given, changed, withdrawn, erased. Each of these is an event
that is added to the ledger, and what holds now follows from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from leadcapture.consent import heads, holding, ledger, queries, rules
from leadcapture.consent.ledger import Row
from leadcapture.consent.queries import Entry
from leadcapture.contacts.models import Contact
from leadcapture.sites.models import Site

# What else must know of a withdrawal; called in the same transaction with site_id, contact and purposes.
on_withdrawn: list[Callable[..., None]] = []


def requested(
    session: Session,
    now: datetime,
    *,
    site_id: int,
    submission: str,
    email: str,
    statements: Sequence[Mapping[str, str]],
    form_slug: str,
    form_version: int,
    language: str,
    page_url: str = "",
    ip: str | None = None,
    user_agent: str = "",
) -> int:
    """Somebody filled in a form and agreed to these statements (`purpose`, `statement`, `version`), which nobody has
    confirmed yet; the event's number."""
    body = {
        "email": email,
        "statements": [dict(statement) for statement in statements],
        "form_slug": form_slug,
        "form_version": form_version,
        "language": language,
        "page_url": page_url,
    }
    return ledger.append(
        session,
        now,
        site_id=site_id,
        event="requested",
        subject=submission,
        submission=submission,
        body=body,
        trace=rules.trace_of(ip, user_agent),
    )


def mailed(
    session: Session,
    now: datetime,
    *,
    site_id: int,
    submission: str,
    email_public_id: str,
    subject: str,
    text: str,
    message_id: str,
    sent_at: datetime,
) -> int:
    """The mail that asks for the confirmation was handed over, as it stands here; the event's number."""
    body = {
        "email_public_id": email_public_id,
        "email_subject": subject,
        "email_text": text,
        "message_id": message_id,
        "sent_at": rules.moment(sent_at),
    }
    return ledger.append(
        session, now, site_id=site_id, event="mailed", subject=submission, submission=submission, body=body
    )


def record(
    session: Session,
    now: datetime,
    *,
    contact: Contact,
    action: str,
    purpose: str,
    method: str,
    event: str | None = None,
    statement: str = "",
    statement_version: str = "",
    form_slug: str = "",
    form_version: int | None = None,
    page_url: str = "",
    ip: str | None = None,
    user_agent: str = "",
    email_public_id: str | None = None,
    email_subject: str = "",
    email_text: str = "",
    submission_public_id: str | None = None,
    requested_at: datetime | None = None,
) -> Entry:
    """One more word of a person: `action` is grant or withdraw, `method` how the person said so (button, code,
    unsubscribe_link, one_click, preferences, operator). A grant is the event confirmed, unless `event` says imported.
    """
    said: dict[str, Any] = {
        "statement": statement,
        "method": method,
        "form_slug": form_slug,
        "form_version": form_version,
        "page_url": page_url,
        "email_public_id": email_public_id,
        "email_subject": email_subject,
        "email_text": email_text,
    }
    body = {name: value for name, value in said.items() if value not in ("", None)}
    if requested_at is not None:
        body["requested_at"] = rules.moment(requested_at)
    event = event or ("confirmed" if action == "grant" else "withdrawn")
    seq = ledger.append(
        session,
        now,
        site_id=contact.site_id,
        event=event,
        subject=contact.public_id,
        submission=submission_public_id or "",
        purpose=purpose,
        version=statement_version,
        body=body,
        trace=rules.trace_of(ip, user_agent),
        contact_id=contact.id,
    )
    return Entry(
        id=seq,
        public_id=f"cst_{seq}",
        event=event,
        action=action,
        purpose=purpose,
        statement=statement,
        statement_version=statement_version,
        method=method,
        form_slug=form_slug,
        form_version=form_version,
        page_url=page_url,
        ip=ip,
        user_agent=user_agent,
        email_public_id=email_public_id,
        email_subject=email_subject,
        email_text=email_text,
        submission_public_id=submission_public_id,
        requested_at=requested_at,
        at=now,
    )


def withdraw(
    session: Session,
    now: datetime,
    *,
    contact: Contact,
    method: str,
    purpose: str | None = None,
    ip: str | None = None,
    user_agent: str = "",
) -> Sequence[str]:
    """Withdraw one purpose, or all of them; returns those withdrawn, none when nothing of it was agreed to any more.

    With the last purpose gone the contact counts as unsubscribed.
    """
    # One at a time for a contact, so that two presses of a button leave one withdrawal.
    kept = session.scalars(
        select(Contact).where(Contact.id == contact.id).with_for_update().execution_options(populate_existing=True)
    ).one()
    held = queries.granted(session, kept.id)
    leaving = [entry for entry in held if purpose in (None, entry.purpose)]
    gone = [entry.purpose for entry in leaving]
    if leaving:
        trace = rules.trace_of(ip, user_agent)
        rows = [
            Row(
                "withdrawn",
                kept.public_id,
                {"statement": entry.statement, "method": method},
                purpose=entry.purpose,
                version=entry.statement_version,
                trace=trace,
                contact_id=kept.id,
            )
            for entry in leaving
        ]
        ledger.append_many(session, now, kept.site_id, rows)
    if len(leaving) == len(held) and kept.status == "confirmed":
        kept.status = "unsubscribed"
        kept.updated_at = now
        session.flush()
    if gone:
        for react in on_withdrawn:
            react(session, now, site_id=kept.site_id, contact=kept, purposes=gone)
    return gone


def changed(
    session: Session,
    now: datetime,
    *,
    contact: Contact,
    what: Mapping[str, Any],
    method: str,
    ip: str | None = None,
    user_agent: str = "",
) -> int:
    """The person changed something that is held about them (`what` is canonical JSON's kind of data); the event's
    number."""
    return ledger.append(
        session,
        now,
        site_id=contact.site_id,
        event="changed",
        subject=contact.public_id,
        body={"what": dict(what), "method": method},
        trace=rules.trace_of(ip, user_agent),
    )


def asked_again(
    session: Session,
    now: datetime,
    *,
    contact: Contact,
    purpose: str,
    version: str,
    statement: str,
    email_public_id: str,
) -> int:
    """The person was asked by that mail to agree to a new version of a purpose's words; the event's number."""
    return ledger.append(
        session,
        now,
        site_id=contact.site_id,
        event="re-permission",
        subject=contact.public_id,
        purpose=purpose,
        version=version,
        body={"statement": statement, "email_public_id": email_public_id},
    )


def hold(session: Session, site_id: int) -> None:
    """Hold the end of the site's ledger until this transaction ends. For who locks what forms share (a contest, a
    session) and writes to the ledger after that: who confirms does it the other way round, and each would wait for the
    other."""
    heads.lock(session, site_id)


def erase_person(session: Session, now: datetime, *, site_id: int, subjects: Sequence[str], reason: str) -> None:
    """Erase everything the ledger says of a person, who is known by these public ids (the contact's first, then their
    submissions'); that there was something, when, and its salted hashes stay. Nothing of theirs holds any more."""
    known_by = queries.subjects_of(session, site_id, subjects)
    holding.forgotten(session, site_id, known_by)
    rows = [seq for seq, _subject in ledger.erasable(session, site_id, known_by)]
    if rows:
        ledger.erase(session, now, site_id, {known_by[0]: rows}, reason=reason)


def erase_submissions(
    session: Session, now: datetime, *, site_id: int, submissions: Sequence[str], reason: str
) -> None:
    """Erase what the ledger says of these submissions, which nobody ever confirmed."""
    people: dict[str, list[int]] = {}
    for seq, submission in ledger.erasable(session, site_id, submissions):
        people.setdefault(submission, []).append(seq)
    if people:
        ledger.erase(session, now, site_id, people, reason=reason)


def erase_traces(session: Session, now: datetime, *, site_id: int, before: datetime, until: int | None = None) -> int:
    """Erase IP addresses and browsers of the events before that moment, of those up to the number `until` where it is
    said; of how many."""
    last = queries.traced_before(session, site_id, before)
    last = last if until is None else min(last, until)
    if not last:
        return 0
    site = session.get_one(Site, site_id)
    return ledger.erase_traces(session, now, site_id=site_id, site=site.key, until=last, reason="retention")
