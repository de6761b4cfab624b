"""What a confirmed submission grants: its person becomes a contact, and each consent is written down with its proof."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from leadcapture.addresses import Address
from leadcapture.consent import operations as consent
from leadcapture.contacts import operations as contacts
from leadcapture.contacts.models import Contact
from leadcapture.forms.models import Form, Submission
from leadcapture.optin import queries as optin_queries


def contact(session: Session, now: datetime, sent: Submission, form: Form) -> Contact:
    """The contact that this submission's confirmed address makes, or had made before."""
    return contacts.upsert_confirmed(
        session,
        now,
        site_id=sent.site_id,
        address=Address(typed=sent.email, key=sent.email_key),
        name=sent.name,
        phone=sent.phone,
        language=sent.language,
        source=form.slug,
    )


def record(
    session: Session, now: datetime, sent: Submission, form: Form, contact: Contact, confirmation: optin_queries.Settled
) -> None:
    """Write each consent of the submission into the ledger, with the mail that asked for its confirmation."""
    email = optin_queries.mail_of(session, confirmation)
    for agreed in sent.consents:
        consent.record(
            session,
            now,
            contact=contact,
            action="grant",
            purpose=agreed["purpose"],
            statement=agreed["statement"],
            statement_version=agreed["version"],
            method=confirmation.method or "button",
            form_slug=form.slug,
            form_version=sent.form_version,
            page_url=sent.page_url,
            ip=sent.ip,
            user_agent=sent.user_agent,
            email_public_id=email.public_id if email else None,
            email_subject=email.subject if email else "",
            email_text=email.text if email else "",
            submission_public_id=sent.public_id,
            requested_at=sent.created_at,
        )
