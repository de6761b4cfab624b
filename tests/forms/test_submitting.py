"""What a visitor sends: who may send it, what is said about mistakes, and that nobody learns who is known."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from leadcapture import db
from leadcapture.chat.models import Conversation, Message
from leadcapture.contacts.models import Contact
from leadcapture.forms.models import Submission
from leadcapture.mail import operations as mail
from leadcapture.mail.models import Email
from leadcapture.optin.models import Confirmation

from .conftest import ORIGIN, count


def masked(answer) -> bytes:
    """The answer's bytes without the random submission id and poll token."""
    text = answer.get_data(as_text=True)
    return text.replace(answer.json["submission"], "*").replace(answer.json["poll_token"], "*").encode()


def test_an_accepted_form_is_stored_pending_and_mailed_once(visitor, mailed):
    answer = visitor.send(name="Alice", page_url="https://shop.example.org/tea", email="Alice@Example.org")
    assert answer.status_code == 202
    assert answer.json["status"] == "confirmation_sent"
    assert "Alice@example.org" in answer.json["message"]
    with db.read() as session:
        stored = session.scalars(select(Submission)).one()
    assert (stored.public_id, stored.status, stored.name) == (answer.json["submission"], "pending", "Alice")
    assert (stored.page_url, stored.email_key) == ("https://shop.example.org/tea", "alice@example.org")
    assert mailed("Alice@example.org").code
    assert count(Email) == 1
    assert count(Contact) == 0
    assert visitor.state(answer).json == {"status": "pending", "result": None}


def test_form_encoded_posts_are_taken_too(visitor):
    answer = visitor.client.post(
        f"/v1/{visitor.key}/forms/subscription",
        data={"email": "alice@example.org", "consent": "newsletter"},
        headers=ORIGIN,
    )
    assert answer.status_code == 202


@pytest.mark.parametrize("consent", ["newsletter", "on", ["newsletter"], ["newsletter", "newsletter"], True])
def test_a_ticked_box_may_be_said_in_several_ways(visitor, consent):
    assert visitor.send(consent=consent).status_code == 202


@pytest.mark.parametrize("consent", [None, [], "", "reply", ["off"], False])
def test_without_a_ticked_box_nothing_is_taken(visitor, consent):
    answer = visitor.send(consent=consent)
    assert answer.status_code == 422
    assert answer.json["error"]["fields"] == {"consent": ["Tick this box to go on."]}
    assert count(Submission) == 0


def test_mistakes_are_said_at_their_fields(visitor):
    answer = visitor.send("offline", name=" ", email="bob@", message="")
    assert answer.status_code == 422
    assert answer.json["error"]["fields"] == {
        "name": ["Enter your name."],
        "email": ["This does not look like an e-mail address."],
        "message": ["Write your question."],
    }
    assert count(Submission) == count(Email) == count(Conversation) == 0


def test_too_long_a_message_is_refused_and_not_cut(visitor):
    assert visitor.ask(message="x" * 4000).status_code == 202
    assert visitor.ask(message="x" * 4001).json["error"]["fields"] == {"message": ["At most 4,000 characters."]}


def test_a_body_that_is_no_flat_object_is_refused(visitor):
    for body in ("[1]", "{", '{"email": {"a": 1}}'):
        answer = visitor.client.post(
            f"/v1/{visitor.key}/forms/subscription", data=body, headers={**ORIGIN, "Content-Type": "application/json"}
        )
        assert (answer.status_code, answer.json["error"]["code"]) == (422, "bad_request")


def test_hostile_characters_neither_break_the_database_nor_the_heads_of_mails(visitor):
    answer = visitor.ask(name="Bob\r\nBcc: charlie@example.org\x00", message="\ud800 \x00 hi\u202e")
    assert answer.status_code == 202
    with db.read() as session:
        stored = session.scalars(select(Submission)).one()
    assert stored.name == "Bob Bcc: charlie@example.org"
    assert stored.data["message"] == "hi\u202e"


def test_a_page_address_that_is_no_web_address_is_not_kept(visitor):
    visitor.send(page_url="javascript:alert(1)")
    with db.read() as session:
        assert session.scalars(select(Submission)).one().page_url == ""


def test_the_answer_is_the_same_for_an_address_in_whatever_state(visitor, mailed, people, now):
    new = visitor.send(email="alice@example.org")
    pending = visitor.send(email="alice@example.org")
    visitor.client.post(mailed("alice@example.org").link)
    confirmed = visitor.send(email="alice@example.org")
    with db.read() as session:
        contact = session.scalars(select(Contact)).one()
    from leadcapture.consent import operations as consent

    db.write(consent.withdraw, now, contact=contact, method="unsubscribe_link")
    unsubscribed = visitor.send(email="alice@example.org")
    db.write(mail.suppress, now, site_id=people.site.id, email_key="alice@example.org", reason="bounce")
    suppressed = visitor.send(email="alice@example.org")
    capped = visitor.send(email="alice@example.org")
    trapped = visitor.send(email="alice@example.org", website_url="https://spam.example.org")

    answers = [new, pending, confirmed, unsubscribed, suppressed, capped, trapped]
    assert {answer.status_code for answer in answers} == {202}
    assert len({masked(answer) for answer in answers}) == 1
    random = ("Date", "Content-Length", "X-Request-ID")
    heads = [{name: value for name, value in answer.headers.items() if name not in random} for answer in answers]
    assert all(head == heads[0] for head in heads)


def test_the_trap_of_programs_stores_and_mails_nothing(visitor):
    answer = visitor.send(website_url="x")
    assert answer.status_code == 202
    assert count(Submission) == count(Email) == count(Confirmation) == 0
    assert visitor.state(answer).status_code == 200


def test_the_same_filling_sent_again_is_one_submission_and_one_mail(visitor):
    once = {"once": "a-random-mark-of-the-page"}
    first, again = visitor.ask(**once), visitor.ask(**once)
    assert first.json["submission"] == again.json["submission"]
    assert count(Submission) == count(Confirmation) == count(Message) == 1
    assert visitor.ask(**once, email="carol@example.org").json["submission"] != first.json["submission"]


def test_too_many_posts_without_proof_of_work_have_to_wait(visitor):
    statuses = [visitor.send(email="nonsense").status_code for _ in range(31)]
    assert set(statuses[:30]) == {422}
    limited = visitor.send()
    assert limited.status_code == 429
    assert int(limited.headers["Retry-After"]) >= 1
    assert limited.headers["Access-Control-Allow-Origin"] == ORIGIN["Origin"]


def test_another_website_may_neither_see_nor_send_the_form(visitor):
    evil = {"Origin": "https://evil.example.org"}
    for answer in (
        visitor.client.get(f"/v1/{visitor.key}/forms/subscription", headers=evil),
        visitor.send(headers=evil),
        visitor.send(headers={"Origin": "null"}),
        visitor.client.options(f"/v1/{visitor.key}/forms/subscription", headers=evil),
    ):
        assert answer.status_code == 403
        assert "Access-Control-Allow-Origin" not in answer.headers
    assert count(Submission) == 0


def test_the_sites_own_pages_are_let_in_and_may_read_the_answer(visitor):
    answer = visitor.client.options(f"/v1/{visitor.key}/forms/subscription", headers=ORIGIN)
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN["Origin"]
    assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]
    assert visitor.send().headers["Access-Control-Allow-Origin"] == ORIGIN["Origin"]
    assert visitor.send(headers={"Origin": "http://127.0.0.1:8000"}).status_code == 202  # PUBLIC_URL, the hosted pages


def test_a_page_of_another_website_cannot_watch_a_submission(visitor):
    sent = visitor.send()
    evil = {"Origin": "https://evil.example.org", "Authorization": f"Bearer {sent.json['poll_token']}"}
    path = f"/v1/submissions/{sent.json['submission']}"
    assert visitor.client.get(path, headers=evil).status_code == 403
    assert visitor.client.options(path, headers=evil).status_code == 403
    assert visitor.client.options(path, headers=ORIGIN).status_code == 204


def test_charlies_site_has_none_of_the_sites_forms(visitor, people):
    charlie = {"Origin": "https://other.example.org"}
    path = f"/v1/{people.other_site.key}/forms/subscription"
    assert visitor.client.get(path, headers=charlie).status_code == 404
    assert visitor.client.post(path, json={"email": "a@example.org"}, headers=charlie).status_code == 404
    assert visitor.client.get(f"/f/{people.other_site.key}/subscription").status_code == 404
    assert visitor.describe("nonsense").status_code == 404
    assert visitor.client.get("/v1/nonsense/forms/subscription").status_code == 404


def test_a_form_that_is_not_published_is_not_there(visitor, forms, people, now):
    from leadcapture.forms import operations

    db.write(operations.unpublish, now, site_id=people.site.id, public_id=forms.subscription.public_id)
    assert visitor.describe("subscription").status_code == 404
    assert visitor.send().status_code == 404
    assert visitor.client.get(f"/f/{visitor.key}/subscription").status_code == 404


def test_only_who_sent_a_submission_may_watch_it(visitor):
    one, other = visitor.send(), visitor.send(email="bob@example.org")
    path = f"/v1/submissions/{one.json['submission']}"
    assert visitor.client.get(path).status_code == 404
    assert visitor.client.get(path, query_string={"poll_token": other.json["poll_token"]}).status_code == 404
    assert visitor.client.get(path, query_string={"poll_token": one.json["poll_token"]}).status_code == 200


def test_a_question_is_in_the_inbox_at_once_and_mailed_to_its_recipient(visitor):
    assert visitor.ask(page_url="https://shop.example.org/tea").status_code == 202
    with db.read() as session:
        conversation = session.scalars(select(Conversation)).one()
        message = session.scalars(select(Message)).one()
        to_alice = session.scalars(select(Email).where(Email.name == "offline_question")).one()
        stored = session.scalars(select(Submission)).one()
    assert (conversation.email, conversation.email_confirmed_at) == ("bob@example.org", None)
    assert (message.kind, message.body) == ("question", "Is it blue?")
    assert (to_alice.to_email, to_alice.reply_to) == ("alice@example.org", "bob@example.org")
    assert "Is it blue?" in to_alice.text
    assert stored.conversation_id == conversation.id
    assert [agreed["purpose"] for agreed in stored.consents] == ["reply"]
    assert count(Contact) == 0


def test_a_card_number_in_a_question_is_kept_nowhere(visitor):
    assert visitor.ask(message="My card is 4111 1111 1111 1111, cvc 123").status_code == 202
    with db.read() as session:
        message = session.scalars(select(Message)).one()
        to_alice = session.scalars(select(Email).where(Email.name == "offline_question")).one()
        stored = session.scalars(select(Submission)).one()
    said = "My card is •••• •••• •••• 1111, cvc •••"
    assert (message.body, stored.data["message"]) == (said, said)
    assert said in to_alice.text


def test_a_question_out_of_a_chat_stays_in_its_thread(visitor):
    chat = visitor.client.post(
        f"/v1/{visitor.key}/chat/messages", json={"client_id": "c1", "body": "Hello?"}, headers=ORIGIN
    )
    assert chat.status_code == 200, chat.text
    bearer = {"Authorization": f"Bearer {chat.json['token']}", **ORIGIN}
    assert visitor.ask(headers=bearer, conversation=chat.json["conversation"]).status_code == 202
    with db.read() as session:
        conversation = session.scalars(select(Conversation)).one()
        bodies = session.scalars(select(Message.body).order_by(Message.seq)).all()
    assert conversation.public_id == chat.json["conversation"]
    assert list(bodies) == ["Hello?", "Is it blue?"]


def test_a_question_cannot_be_put_into_somebody_elses_thread(visitor):
    chat = visitor.client.post(
        f"/v1/{visitor.key}/chat/messages", json={"client_id": "c1", "body": "Hello?"}, headers=ORIGIN
    )
    assert visitor.ask(conversation=chat.json["conversation"]).status_code == 202
    assert count(Conversation) == 2


def test_words_that_changed_while_the_page_was_open_are_kept_as_they_were_seen(visitor, forms, people, real_now):
    from leadcapture.forms import operations

    seen = visitor.describe("subscription").json
    found = {"site_id": people.site.id, "public_id": forms.subscription.public_id}
    values = {"statement": "I want everything.", "ask_name": True}
    db.write(operations.update, real_now, **found, language="en", values=values)
    assert visitor.send(form_version=seen["version"]).status_code == 202
    assert visitor.send(email="bob@example.org").status_code == 202
    assert visitor.send(form_version=99).json["error"]["code"] == "changed"
    with db.read() as session:
        old, new = session.scalars(select(Submission).order_by(Submission.id)).all()
    assert old.consents[0]["statement"] == seen["consent"]["statement"]
    assert new.consents[0]["statement"] == "I want everything."
    assert (old.form_version, new.form_version) == (seen["version"], seen["version"] + 1)


def test_without_the_setting_no_ip_address_is_kept(environ, request):
    environ["LEADCAPTURE_STORE_IP"] = "no"
    visitor = request.getfixturevalue("visitor")
    visitor.send()
    with db.read() as session:
        assert session.scalars(select(Submission.ip)).one() is None
