"""The ledger of consents: it is only ever added to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from leadcapture import ids
from leadcapture.consent import queries
from leadcapture.consent.models import Consent
from leadcapture.contacts.models import Contact


def record(
    session: Session,
    now: datetime,
    *,
    contact: Contact,
    action: str,
    purpose: str,
    method: str,
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
) -> Consent:
    """One more entry: `action` is grant or withdraw, `method` how the person said so (button, code, unsubscribe_link,
    one_click, preferences, operator)."""
    consent = Consent(
        public_id=ids.new("consent"),
        site_id=contact.site_id,
        contact_id=contact.id,
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
    session.add(consent)
    session.flush()
    return consent


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
    holding = queries.granted(session, kept.id)
    leaving = [consent for consent in holding if purpose in (None, consent.purpose)]
    for consent in leaving:
        record(
            session,
            now,
            contact=kept,
            action="withdraw",
            purpose=consent.purpose,
            method=method,
            statement=consent.statement,
            statement_version=consent.statement_version,
            ip=ip,
            user_agent=user_agent,
        )
    if len(leaving) == len(holding) and kept.status == "confirmed":
        kept.status = "unsubscribed"
        kept.updated_at = now
        session.flush()
    return [consent.purpose for consent in leaving]
