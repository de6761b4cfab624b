"""What stands beside a conversation: the contact with its proofs, and what went before; of this site alone."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from flask import Flask

from leadcapture import addresses, db, ids
from leadcapture.chat import about, mailing, queries
from leadcapture.consent import operations as consent
from leadcapture.contacts import operations as contacts
from leadcapture.forms import operations as forms
from leadcapture.forms.models import Submission
from tests.chat.test_operations import Chat


def test_the_contact_its_consents_and_submissions_and_former_conversations(
    app: Flask, people: SimpleNamespace, now: Any
) -> None:
    assert app, "the factory lets the chat know what forms know"
    chat = Chat(people, now)
    site = people.site.id
    first = chat.ask("Do you ship to <b>Malta</b>?")
    form = db.write(forms.create, now, site_id=site, kind="subscription", slug="news")

    def confirm(session: Any) -> int:
        contact = contacts.upsert_confirmed(session, now, site_id=site, address=addresses.parse("erin@example.org"))
        consent.record(
            session, now, contact=contact, action="grant", purpose="newsletter", method="button", statement="I agree."
        )
        consent.record(session, now, contact=contact, action="grant", purpose="offers", method="button")
        consent.withdraw(session, now + timedelta(hours=1), contact=contact, method="operator", purpose="offers")
        session.add(
            Submission(
                public_id=ids.new("submission"), site_id=site, form_id=form.id, form_version=1, contact_id=contact.id,
                data={}, email="erin@example.org", email_key="erin@example.org", status="confirmed", language="en",
                created_at=now, confirmed_at=now,
            )
        )  # fmt: skip
        return contact.id

    contact_id = db.write(confirm)
    chat.write(mailing.address_confirmed, conversation_id=chat.row(first).id, contact_id=contact_id)
    chat.visitor = ids.new("visitor")
    second = chat.ask("From my phone")
    chat.write(mailing.address_confirmed, conversation_id=chat.row(second).id, contact_id=contact_id)
    chat.visitor = ids.new("visitor")
    chat.ask("Somebody else")

    def known(posted: Any) -> dict[str, Any]:
        with db.read() as session:
            thread = queries.thread(session, posted.message.conversation)
            assert thread is not None
            return about.about(session, now, thread, language="en")

    told = known(second)
    assert told["contact"]["email"] == "erin@example.org"
    holds = {(entry["purpose"], entry["action"]): entry["holds"] for entry in told["contact"]["consents"]}
    assert holds == {
        ("newsletter", "grant"): True, ("offers", "grant"): False, ("offers", "withdraw"): False,
    }  # fmt: skip
    assert [sent["title"] for sent in told["contact"]["submissions"]] == [form.title]
    assert [(one["id"], one["begins"]) for one in told["conversations"]] == [
        (first.message.conversation, "Do you ship to <b>Malta</b>?")
    ]
    chat.visitor = ids.new("visitor")
    elsewhere = chat.ask(site=people.other_site)
    assert (known(elsewhere)["contact"], known(elsewhere)["conversations"]) == (None, [])
