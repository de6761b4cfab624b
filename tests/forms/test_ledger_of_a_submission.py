"""From the form to the confirmation: each step is an event of the ledger, and what was never confirmed is erased."""

from __future__ import annotations

import json
from datetime import timedelta

from sqlalchemy import select

from leadcapture import clock, db, jobs
from leadcapture.consent import queries, verifying
from leadcapture.consent.models import LedgerEvent
from leadcapture.contacts.models import Contact
from leadcapture.forms import expiry, mailed
from leadcapture.forms.models import Submission
from leadcapture.mail import claims, operations
from leadcapture.mail.models import Email
from leadcapture.mail.rules import Answer, Stage, Verdict


def events() -> list[LedgerEvent]:
    with db.read() as session:
        return list(session.scalars(select(LedgerEvent).order_by(LedgerEvent.seq)))


def well(people) -> bool:
    with db.read() as session:
        return verifying.verify(session, people.site.id) == []


def hand_over() -> Email:
    """The mails that wait are delivered, as far as the outbox can tell; the confirmation comes back."""
    now = clock.now()
    sent = Answer(Stage.CONTENT, 250, "ok"), Verdict("sent")
    for mail in db.write(claims.claim, now, "worker", 10):
        db.write(claims.record, now, "worker", [claims.Settled(mail, *sent)])
    with db.read() as session:
        return session.scalars(select(Email).where(Email.name == "confirmation")).one()


def test_a_consent_is_told_from_the_request_to_the_confirmation(visitor, confirm, people, forms):
    assert mailed.note in operations.on_sent, "the jobs, which deliver, note what they sent"
    assert "checkpoints of the ledger" in {job.name for job in jobs.TABLE}
    sent = visitor.send(name="Alice", page_url="https://shop.example.org/tea")
    email = hand_over()
    confirm("alice@example.org")
    with db.read() as session:
        contact = session.scalars(select(Contact)).one()
        told = queries.events_of(session, people.site.id, contact.public_id)
        (holds,) = queries.granted(session, contact.id)
    asked, went, agreed = told
    assert [row.event for row in told] == ["requested", "mailed", "confirmed"]
    assert asked.subject == went.subject == agreed.submission == sent.json["submission"]
    assert agreed.subject == contact.public_id
    request, mail, word = (json.loads(row.body) for row in told)
    assert request["email"] == "alice@example.org"
    assert request["page_url"] == "https://shop.example.org/tea"
    assert [said["statement"] for said in request["statements"]] == [word["statement"]]
    assert (mail["email_text"], mail["message_id"]) == (email.text, email.message_id)
    assert word["email_text"] == email.text
    assert json.loads(asked.trace)["ip"] == "127.0.0.1"
    assert holds.id == agreed.seq
    assert holds.requested_at < holds.at
    assert well(people)


def test_what_nobody_confirmed_is_erased_from_the_ledger_and_it_verifies(visitor, people, forms):
    visitor.send(name="Alice")
    hand_over()
    expiry.expire_due(clock.now() + timedelta(days=30))
    with db.read() as session:
        assert session.scalars(select(Submission.status)).all() == ["expired"]
    assert [(row.event, row.body is None, row.trace is None) for row in events()] == [
        ("requested", True, True),
        ("mailed", True, True),
        ("erased", False, True),
    ]
    assert "alice" not in repr([vars(row) for row in events()])
    assert well(people)


def test_a_mail_that_was_on_its_way_when_its_days_ended_is_not_told_of(visitor, people, forms):
    visitor.send(name="Alice")
    with db.read() as session:
        email = session.scalars(select(Email).where(Email.name == "confirmation")).one()
    expiry.expire_due(clock.now() + timedelta(days=30))
    db.write(mailed.note, clock.now(), email=email)
    assert [row.event for row in events()] == ["requested", "erased"]
