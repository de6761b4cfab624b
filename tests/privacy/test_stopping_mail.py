"""A withdrawal is effective for every mail that has not been handed over, even one that is about to be."""

from __future__ import annotations

from datetime import timedelta

import pytest

from leadcapture import addresses, clock, db, jobs
from leadcapture.consent import operations as consent
from leadcapture.contacts.models import Contact
from leadcapture.forms import letters
from leadcapture.forms.outcome import Outcome
from leadcapture.mail import delivery, queries
from leadcapture.mail import operations as mail
from leadcapture.privacy import erasing, preferences
from leadcapture.privacy.preferences import Asker
from leadcapture.privacy.rules import Wishes
from tests.conftest import add_people
from tests.mail.conftest import office
from tests.privacy.test_preferences import known

__all__ = ["office"]


@pytest.fixture
def shop(request, now):
    """The site; on both databases, one after the other, for who asks for `either_database`."""
    request.getfixturevalue("either_database" if "either_database" in request.fixturenames else "database")
    return db.write(add_people, now).site


@pytest.fixture
def erin(shop, now) -> Contact:
    return db.write(known, now, shop, "newsletter", "order", "webinar")


def write_to(contact: Contact, site, now, purpose: str | None, *, news: bool = False):
    return db.write(
        letters.send,
        now,
        site=site,
        to=addresses.Address(contact.email, contact.email_key),
        language="en",
        outcome=Outcome("A mail"),
        subject="A mail",
        why="You asked.",
        contact=contact,
        purpose=purpose,
        unsubscribe=news,
    )


def state(email) -> str:
    with db.read() as session:
        return queries.by_public_id(session, email.site_id, email.public_id).status


def leave(contact: Contact, purpose: str | None = None) -> None:
    db.write(consent.withdraw, clock.now(), contact=contact, method="one_click", purpose=purpose)


def test_the_jobs_ask_before_they_hand_a_mail_over():
    assert preferences.mail_wanted in mail.wanted
    assert preferences.withdrawn in consent.on_withdrawn
    assert "changes of address" in {job.name for job in jobs.TABLE}


def test_what_waits_is_stopped_and_what_rests_on_nothing_or_on_another_purpose_goes(shop, erin, office, now):
    news, receipt, proof = (write_to(erin, shop, now, purpose) for purpose in ("newsletter", "order", None))
    leave(erin, "newsletter")
    assert state(news) == "suppressed"
    delivery.deliver_due(now)
    assert (state(news), state(receipt), state(proof)) == ("suppressed", "sent", "sent")
    assert office.recipients == {"erin@example.net": 2}


def test_a_withdrawal_between_claim_and_data_is_in_time(either_database, shop, erin, office, now, monkeypatch):
    """The server has answered to RCPT already; the next thing to be said would be DATA."""
    news = write_to(erin, shop, now, "newsletter")
    heard = []

    async def rcpt(server, session, envelope, address, options):
        heard.append(address)
        leave(erin)
        return await type(office).handle_RCPT(office, server, session, envelope, address, options)

    monkeypatch.setattr(office, "handle_RCPT", rcpt, raising=False)
    delivery.deliver_due(now)
    assert heard == ["erin@example.net"]
    assert office.taken == []
    assert state(news) == "suppressed"


def test_a_mail_that_was_made_after_the_withdrawal_is_not_sent_either(shop, erin, office, now):
    leave(erin, "webinar")
    reminder, receipt = write_to(erin, shop, now, "webinar"), write_to(erin, shop, now, "order")
    delivery.deliver_due(now)
    assert (state(reminder), state(receipt)) == ("suppressed", "sent")


def test_who_agrees_again_gets_what_comes_then_and_nothing_of_before(shop, erin, office, now):
    before = write_to(erin, shop, now, "newsletter")
    leave(erin, "newsletter")
    db.write(
        consent.record, now, contact=erin, action="grant", purpose="newsletter", method="preferences", statement="Yes."
    )
    after = write_to(erin, shop, now, "newsletter")
    delivery.deliver_due(now)
    assert (state(before), state(after)) == ("suppressed", "sent")


def test_a_pause_holds_news_and_lets_through_what_was_asked_for(shop, erin, office, now):
    db.write(preferences.pause, now, contact_id=erin.id, days=30, asker=Asker())
    news, ticket = write_to(erin, shop, now, "newsletter", news=True), write_to(erin, shop, now, "webinar")
    delivery.deliver_due(now)
    assert (state(news), state(ticket)) == ("deferred", "sent")
    delivery.deliver_due(now + timedelta(days=29))
    assert state(news) == "deferred"
    delivery.deliver_due(now + timedelta(days=31))
    assert state(news) == "sent"


def test_ending_a_pause_sends_what_it_held_back(either_database, shop, erin, office, now):
    db.write(preferences.pause, now, contact_id=erin.id, days=90, asker=Asker())
    news = write_to(erin, shop, now, "newsletter", news=True)
    delivery.deliver_due(now)
    assert state(news) == "deferred"
    db.write(preferences.pause, now, contact_id=erin.id, days=0, asker=Asker())
    delivery.deliver_due(now)
    assert state(news) == "sent"


@pytest.mark.parametrize("channel", ["phone", "none"])
def test_who_wants_no_mail_gets_no_news_and_their_receipts(shop, erin, office, now, channel):
    wishes = Wishes(frozenset(), frozenset(), frozenset(), channel=channel)
    db.write(preferences.save, now, contact_id=erin.id, wishes=wishes, asker=Asker())
    news, receipt = write_to(erin, shop, now, "newsletter", news=True), write_to(erin, shop, now, "order")
    delivery.deliver_due(now)
    assert (state(news), state(receipt)) == ("suppressed", "sent")


def test_nothing_goes_to_who_was_erased_while_it_was_on_its_way(shop, erin, office, now, monkeypatch):
    write_to(erin, shop, now, "newsletter")

    async def rcpt(server, session, envelope, address, options):
        db.write(erasing.erase, clock.now(), contact=erin, reason="person")
        return await type(office).handle_RCPT(office, server, session, envelope, address, options)

    monkeypatch.setattr(office, "handle_RCPT", rcpt, raising=False)
    delivery.deliver_due(now)
    assert office.taken == []
