"""Leaving is as easy as joining: a link, a button; no cookie, no sign-in, and never by merely looking."""

from __future__ import annotations

import pytest

from leadcapture import db, signing
from leadcapture.contacts.models import Contact
from tests.consent.test_ledger import agree, ledger, status


@pytest.fixture
def contact(app, people, now) -> Contact:
    return db.write(agree, now, people.site, "newsletter", "reply")


def link(purpose: str, contact: Contact) -> str:
    return f"/{purpose}/{signing.sign(purpose, contact.public_id)}"


def test_looking_at_the_unsubscribe_page_withdraws_nothing(client, contact):
    path = link("unsubscribe", contact)
    page = client.get(path)
    assert page.status_code == client.head(path).status_code == 200
    assert page.text.count("<button") == 1
    assert "alice@example.org" in page.text
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert status(contact) == "confirmed"


def test_the_button_withdraws_everything_and_can_be_pressed_again(client, contact):
    path = link("unsubscribe", contact)
    first, again = client.post(path), client.post(path)
    assert first.status_code == again.status_code == 200
    assert "Set-Cookie" not in first.headers
    assert status(contact) == "unsubscribed"
    assert ledger(contact)[2:] == [("withdraw", "newsletter"), ("withdraw", "reply")]


def test_the_mail_programs_own_unsubscribe_needs_one_post(client, contact):
    answer = client.post(link("unsubscribe", contact), data={"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    assert not answer.history
    assert "Set-Cookie" not in answer.headers
    assert status(contact) == "unsubscribed"
    with db.read() as session:
        from leadcapture.consent import queries

        assert {entry.method for entry in queries.history(session, contact.id)} == {"button", "one_click"}


def test_preferences_show_what_is_held_and_withdraw_what_is_unticked(client, contact):
    path = link("preferences", contact)
    page = client.get(path)
    assert "alice@example.org" in page.text
    assert "I agree to newsletter." in page.text
    assert status(contact) == "confirmed"
    saved = client.post(path, data={"shown": ["newsletter", "reply"], "keep": ["reply"]})
    assert saved.status_code == 200
    assert "Saved." in saved.text
    assert 'name="keep" value="newsletter"' not in saved.text
    assert 'name="keep" value="reply" checked' in saved.text
    assert ledger(contact)[2:] == [("withdraw", "newsletter")]
    assert status(contact) == "confirmed"


def test_a_purpose_that_the_page_did_not_show_is_not_withdrawn(client, contact):
    client.post(link("preferences", contact), data={"shown": ["newsletter"]})
    assert ledger(contact)[2:] == [("withdraw", "newsletter")]


def test_everything_can_be_downloaded(client, contact):
    answer = client.get(link("preferences", contact) + "/data.json")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.json["email"] == "alice@example.org"
    assert [entry["statement"] for entry in answer.json["consents"]] == ["I agree to newsletter.", "I agree to reply."]


def test_a_token_of_another_purpose_opens_nothing(client, contact):
    for path in (
        f"/unsubscribe/{signing.sign('preferences', contact.public_id)}",
        f"/preferences/{signing.sign('unsubscribe', contact.public_id)}",
        "/unsubscribe/x",
        f"/preferences/{signing.sign('preferences', 'con_nobody')}",
    ):
        assert client.get(path).status_code == 404
        assert client.post(path).status_code == 404
    assert status(contact) == "confirmed"


def test_the_pages_speak_the_contacts_language(client, people, now):
    def arabic(session) -> Contact:
        contact = session.merge(agree(session, now, people.site, "newsletter"))
        contact.language = "ar"
        return contact

    contact = db.write(arabic)
    for purpose in ("unsubscribe", "preferences"):
        assert '<html lang="ar" dir="rtl">' in client.get(link(purpose, contact)).text
