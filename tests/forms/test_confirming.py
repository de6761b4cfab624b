"""From a pending submission to a contact: by one human act, once, with proof."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import gevent
import pytest
from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from leadcapture import clock, db
from leadcapture.chat.models import Conversation
from leadcapture.consent.models import LedgerEvent
from leadcapture.contacts.models import Contact
from leadcapture.forms import checking, expiry, intake, operations, queries
from leadcapture.forms.models import Submission
from leadcapture.mail.models import Email
from leadcapture.optin.models import Confirmation
from tests.conftest import add_people
from tests.consent.spoken import spoken

from .conftest import ORIGIN, count, hand_over

MAILS = intake.MailSettings(public_url="http://127.0.0.1:8000", days=7)


def everything() -> list:
    """Every row that a confirmation could touch."""
    with db.read() as session:
        return [
            [
                tuple(row)
                for row in session.execute(select(*model.__table__.columns).order_by(*model.__table__.primary_key))
            ]
            for model in (Submission, Confirmation, Contact, LedgerEvent, Conversation, Email)
        ]


def test_looking_at_the_link_changes_nothing(visitor, mailed):
    visitor.ask()
    link, before = mailed("bob@example.org").link, everything()
    for method in ("GET", "HEAD", "GET", "OPTIONS"):
        answer = visitor.client.open(link, method=method)
        assert answer.status_code == 200
    page = visitor.client.get(link)
    assert page.text.count("<button") == 1
    assert "<script" not in page.text
    assert "http-equiv" not in page.text
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert everything() == before


def test_the_button_makes_a_contact_with_proof_of_consent(visitor, mailed, forms, people):
    sent = visitor.send(
        name="Alice", page_url="https://shop.example.org/tea", headers={**ORIGIN, "User-Agent": "Browser/1"}
    )
    mail = mailed("alice@example.org")
    assert visitor.client.post(mail.link).status_code == 200
    with db.read() as session:
        contact = session.scalars(select(Contact)).one()
        email = session.scalars(select(Email).where(Email.name == "confirmation")).one()
    (consent,) = spoken()
    assert (contact.email, contact.name, contact.status, contact.source) == (
        "alice@example.org",
        "Alice",
        "confirmed",
        "subscription",
    )
    described = operations.describe(forms.subscription, people.site)
    assert consent.statement == described["consent"]["statement"]
    assert consent.statement_version == described["consent"]["version"]
    assert (consent.action, consent.purpose, consent.method) == ("grant", "newsletter", "button")
    assert (consent.form_slug, consent.form_version) == ("subscription", 1)
    assert (consent.page_url, consent.ip, consent.user_agent) == (
        "https://shop.example.org/tea",
        "127.0.0.1",
        "Browser/1",
    )
    assert (consent.email_public_id, consent.email_subject, consent.email_text) == (
        email.public_id,
        email.subject,
        email.text,
    )
    assert consent.submission_public_id == sent.json["submission"]
    assert consent.requested_at is not None
    assert consent.requested_at < consent.at == contact.confirmed_at
    state = visitor.state(sent).json
    assert state["status"] == "confirmed"
    assert state["result"]["title"] == "You're subscribed"


def test_pressing_again_shows_the_same_and_changes_nothing(visitor, mailed):
    visitor.send()
    link = mailed("alice@example.org").link
    first, before = visitor.client.post(link), everything()
    again = visitor.client.post(link)
    assert (again.status_code, again.data) == (200, first.data)
    assert visitor.client.get(link).status_code == 200
    assert everything() == before


@pytest.mark.parametrize("kind", ["subscription", "offline"])
def test_fifty_presses_at_once_make_one_contact_and_one_set_of_consents(either_database, now, kind):
    people = db.write(add_people, now)
    found = {"site_id": people.site.id}
    form = db.write(operations.create, now, **found, kind=kind, settings={"newsletter": True})
    db.write(operations.publish, now, **found, public_id=form.public_id)
    fields = {"email": "bob@example.org", "name": "Bob", "message": "Hi", "consent": "newsletter"}
    with db.read() as session:
        checked = checking.check(session, now, form=form, site=people.site, fields=MultiDict(fields), language="en")
    public_id, _changed = db.write(intake.accept, now, checked, intake.Evidence(), mails=MAILS)
    with db.read() as session:
        sent = queries.submission(session, public_id)
        assert sent is not None
        confirmation = session.get_one(Confirmation, sent.confirmation_id).public_id

    def press(_number: int = 0) -> intake.Confirmed:
        return db.write(intake.confirm, now + timedelta(hours=1), confirmation=confirmation)

    if either_database.sqlite:
        presses = [gevent.spawn(press) for _ in range(50)]
        gevent.joinall(presses, raise_error=True)
        answers = [pressed.value for pressed in presses]
    else:
        with ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(press, range(50)))
    assert len({str(answer.result) for answer in answers}) == 1
    assert answers[0].result["title"]
    assert count(Contact) == 1
    assert sorted(one.purpose for one in spoken()) == (["newsletter", "reply"] if kind == "offline" else ["newsletter"])


def test_the_code_confirms_as_the_button_does(visitor, mailed):
    sent = visitor.ask(consent="newsletter")
    answer = visitor.type_code(sent, mailed("bob@example.org").code)
    assert answer.status_code == 200
    assert answer.json["status"] == "confirmed"
    assert answer.json["result"] == visitor.state(sent).json["result"]
    again = visitor.type_code(sent, mailed("bob@example.org").code)
    assert (again.status_code, again.json) == (200, answer.json)
    with db.read() as session:
        conversation = session.scalars(select(Conversation)).one()
        contact = session.scalars(select(Contact)).one()
    assert [(consent.purpose, consent.method) for consent in spoken()] == [("reply", "code"), ("newsletter", "code")]
    assert conversation.email_confirmed_at is not None
    assert conversation.contact_id == contact.id


def test_the_newsletter_is_agreed_to_only_by_its_own_box(visitor, mailed):
    visitor.ask()
    visitor.client.post(mailed("bob@example.org").link)
    assert [one.purpose for one in spoken()] == ["reply"]


def test_after_five_wrong_codes_the_right_one_does_not_help_but_the_link_does(visitor, mailed):
    sent = visitor.send()
    mail = mailed("alice@example.org")
    wrong = f"{(int(mail.code) + 1) % 1_000_000:06d}"
    codes = [visitor.type_code(sent, wrong).json["error"]["code"] for _ in range(6)]
    assert codes == ["wrong_code"] * 5 + ["too_many_tries"]
    refused = visitor.type_code(sent, mail.code)
    assert (refused.status_code, refused.json["error"]["code"]) == (422, "too_many_tries")
    assert count(Contact) == 0
    assert visitor.client.post(mail.link).status_code == 200
    assert count(Contact) == 1


def test_a_code_needs_the_token_of_its_own_submission(visitor, mailed):
    alices, bobs = visitor.send(), visitor.send(email="bob@example.org")
    answer = visitor.client.post(
        f"/v1/submissions/{alices.json['submission']}/code",
        json={"code": mailed("alice@example.org").code, "poll_token": bobs.json["poll_token"]},
        headers=ORIGIN,
    )
    assert answer.status_code == 404
    assert count(Contact) == 0


def test_the_unguessable_id_of_a_submission_is_enough_to_type_its_code(visitor, mailed):
    path = f"/v1/submissions/{visitor.send().json['submission']}"
    code = mailed("alice@example.org").code
    assert visitor.client.post(f"{path}x/code", json={"code": code}, headers=ORIGIN).status_code == 404
    evil = {"Origin": "https://evil.example.org"}
    assert visitor.client.post(f"{path}/code", json={"code": code}, headers=evil).status_code == 403
    assert visitor.client.get(path, headers=ORIGIN).status_code == 404, "its state is for the holder of the token"
    assert visitor.client.post(f"{path}/code", json={"code": code}, headers=ORIGIN).json["status"] == "confirmed"


def test_sending_again_mails_a_new_code_within_the_caps(visitor, mailed):
    sent = visitor.send()
    old = mailed("alice@example.org")
    path, body = f"/v1/submissions/{sent.json['submission']}/resend", {"poll_token": sent.json["poll_token"]}
    answers = []
    for _ in range(5):
        db.write(hand_over)
        answers.append(visitor.client.post(path, json=body, headers=ORIGIN))
    assert {(answer.status_code, answer.data) for answer in answers} == {(202, answers[0].data)}
    with db.read() as session:
        assert session.scalars(select(Confirmation.mails)).one() == 3
    new = mailed("alice@example.org")
    assert new.link == old.link
    assert visitor.type_code(sent, new.code).status_code == 200


def let_pass(days: int) -> None:
    def move(session) -> None:
        for confirmation in session.scalars(select(Confirmation)):
            confirmation.expires_at -= timedelta(days=days)

    db.write(move)


def test_an_expired_link_changes_nothing_and_offers_a_new_mail(visitor, mailed):
    sent = visitor.send()
    link = mailed("alice@example.org").link
    let_pass(8)
    for answer in (visitor.client.get(link), visitor.client.post(link)):
        assert answer.status_code == 410
        assert f'action="{link}/resend"' in answer.text
    assert count(Contact) == 0
    assert visitor.client.post(f"{link}/resend").status_code == 200
    assert visitor.client.post(mailed("alice@example.org").link).status_code == 200
    assert visitor.state(sent).json["status"] == "confirmed"


def test_what_was_not_confirmed_in_its_days_is_erased(visitor, mailed, settings):
    sent = visitor.ask(page_url="https://shop.example.org/tea")
    link = mailed("bob@example.org").link
    expiry.expire_due(clock.now() + timedelta(days=6))
    assert count(Submission, Submission.status == "pending") == 1
    expiry.expire_due(clock.now() + timedelta(days=7, minutes=1))
    assert visitor.state(sent).json == {"status": "expired", "result": None}
    with db.read() as session:
        for table in (Submission.__table__, Confirmation.__table__):
            for row in session.execute(select(table)):
                assert "bob" not in str(row).lower()
                assert "127.0.0.1" not in str(row)
                assert "blue" not in str(row)
        conversation = session.scalars(select(Conversation)).one()
        assert (conversation.email, conversation.name) == (None, "")
        assert list(session.scalars(select(Email))) == []
    page = visitor.client.post(link)
    assert page.status_code == 410
    assert f"/f/{visitor.key}/offline" in page.text
    assert visitor.client.post(f"{link}/resend").status_code == 410
    assert count(Contact) == 0


def test_what_was_confirmed_is_never_erased(visitor, mailed):
    visitor.send()
    visitor.client.post(mailed("alice@example.org").link)
    expiry.expire_due(clock.now() + timedelta(days=30))
    assert count(Submission, Submission.status == "confirmed", Submission.email == "alice@example.org") == 1


def test_who_left_comes_back_only_by_confirming_again(visitor, mailed, now):
    from leadcapture.consent import operations as consent

    visitor.send()
    visitor.client.post(mailed("alice@example.org").link)
    with db.read() as session:
        contact = session.scalars(select(Contact)).one()
    first_confirmed = contact.confirmed_at
    db.write(consent.withdraw, clock.now(), contact=contact, method="one_click")
    visitor.send(name="Alice B")
    with db.read() as session:
        assert session.scalars(select(Contact.status)).one() == "unsubscribed"
    visitor.client.post(mailed("alice@example.org").link)
    with db.read() as session:
        contact = session.scalars(select(Contact)).one()
    assert (contact.status, contact.name, contact.confirmed_at) == ("confirmed", "Alice B", first_confirmed)
    assert [one.action for one in spoken()] == ["grant", "withdraw", "grant"]


def test_a_link_that_we_did_not_make_leads_nowhere(visitor, mailed):
    sent = visitor.send()
    for token in ("x", sent.json["poll_token"], mailed("alice@example.org").link.rsplit("/", 1)[1] + "x"):
        assert visitor.client.get(f"/confirm/{token}").status_code == 404
        assert visitor.client.post(f"/confirm/{token}").status_code == 404
    assert count(Contact) == 0
