"""People who agreed to something, made of the real parts at the moments a test names."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from leadcapture import addresses
from leadcapture.consent import operations as consent
from leadcapture.contacts import operations as contacts
from leadcapture.contacts.models import Contact
from leadcapture.forms import operations as forms
from leadcapture.forms.models import Form, FormVersion, Submission
from leadcapture.sites.models import Site

PUBLIC_URL = "https://leads.example.org"
PAGE = "https://shop.example.org/tea"
TRACE = {"ip": "203.0.113.7", "user_agent": "Browser/1"}
MAIL = "Hello,\n\nopen this page and press the button there:\n\nhttps://leads.example.org/confirm/abc\n"


def make_form(session: Session, now: datetime, site: Site, **settings: Any) -> Form:
    """A published subscription."""
    form = forms.create(session, now, site_id=site.id, kind="subscription", slug="news", settings=settings)
    return forms.publish(session, now, site_id=site.id, public_id=form.public_id)


def agree(
    session: Session,
    now: datetime,
    *,
    site: Site,
    form: Form,
    email: str = "alice@example.org",
    name: str = "Alice",
    language: str = "en",
    purposes: Sequence[str] = ("newsletter",),
    **data: Any,
) -> Contact:
    """Somebody who sent the form at `now`, got the mail two seconds later and pressed its button after a minute."""
    address = addresses.parse(email)
    said = [one for one in forms.describe(form, site, language)["consents"] if one["purpose"] in purposes]
    statements = [{key: one[key] for key in ("purpose", "statement", "version")} for one in said]
    public_id = f"sub_{address.key.partition('@')[0]}"
    sent = Submission(
        public_id=public_id,
        site_id=site.id,
        form_id=form.id,
        form_version=form.version,
        status="confirmed",
        email=address.typed,
        email_key=address.key,
        name=name,
        language=language,
        data=data,
        consents=statements,
        page_url=PAGE,
        created_at=now,
        **TRACE,
    )
    session.add(sent)
    about = {"form_slug": form.slug, "form_version": form.version, "page_url": PAGE, **TRACE}
    consent.requested(
        session,
        now,
        site_id=site.id,
        submission=public_id,
        email=address.typed,
        statements=statements,
        language=language,
        **about,
    )
    mailed_at = now + timedelta(seconds=2)
    consent.mailed(
        session,
        mailed_at,
        site_id=site.id,
        submission=public_id,
        email_public_id="eml_1",
        subject="Confirm your address",
        text=MAIL,
        message_id="<1@shop.example.org>",
        sent_at=mailed_at,
    )
    confirmed_at = now + timedelta(minutes=1)
    contact = contacts.upsert_confirmed(
        session,
        confirmed_at,
        site_id=site.id,
        address=address,
        name=name,
        phone="",
        language=language,
        source=form.slug,
    )
    for one in statements:
        consent.record(
            session,
            confirmed_at,
            contact=contact,
            action="grant",
            purpose=one["purpose"],
            statement=one["statement"],
            statement_version=one["version"],
            method="button",
            submission_public_id=public_id,
            requested_at=now,
            **about,
        )
    sent.contact_id, sent.confirmed_at = contact.id, confirmed_at
    session.flush()
    return contact


def version_of(session: Session, form: Form) -> FormVersion:
    """The form's newest version."""
    return session.scalars(select(FormVersion).where(FormVersion.form_id == form.id)).one()
