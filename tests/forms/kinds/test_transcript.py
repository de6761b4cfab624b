"""The conversation by e-mail: only to its own visitor, and only once the address is confirmed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from leadcapture import clock, db
from leadcapture.chat import operations, posting, tokens
from leadcapture.chat.models import Conversation
from leadcapture.chat.protocol import Incoming
from tests.consent.spoken import spoken
from tests.forms.conftest import ORIGIN


@pytest.fixture
def erin(make_form, people):
    """A visitor who has asked something in the chat: the headers that say who she is."""
    make_form("transcript")
    token = tokens.check(people.site, None)
    db.write(
        operations.post_by_visitor, clock.now(), site_id=people.site.id, visitor=token.visitor,
        incoming=Incoming("v1", "Is it blue?"), available=True, language="ar",
    )  # fmt: skip
    return {**ORIGIN, "Authorization": f"Bearer {token.text}"}


def test_the_conversation_comes_once_the_address_is_confirmed_and_once_alone(erin, visitor, confirm, letters):
    assert visitor.send("transcript", erin, email="erin@example.net").status_code == 202
    assert letters("erin@example.net") == []
    answer = confirm("erin@example.net")
    assert answer.status_code == 200
    assert "on its way" in answer.text
    confirm("erin@example.net")
    (sent,) = letters("erin@example.net")
    assert (sent.name, sent.language) == ("transcript", "ar")
    assert "> Is it blue?" in sent.text
    (kept,) = spoken()
    with db.read() as session:
        conversation = session.scalars(select(Conversation)).one()
    assert kept.purpose == "reply"
    assert "sends this conversation" in kept.statement
    assert conversation.email == "erin@example.net"
    assert conversation.email_confirmed_at is not None


def test_without_a_conversation_nothing_is_mailed_to_anybody(make_form, visitor, letters, people):
    make_form("transcript")
    answer = visitor.send("transcript", email="erin@example.net")
    assert answer.status_code == 422
    assert "no conversation" in answer.json["error"]["message"]
    stranger = tokens.check(people.other_site, None)
    answer = visitor.send(
        "transcript", {**ORIGIN, "Authorization": f"Bearer {stranger.text}"}, email="erin@example.net"
    )
    assert answer.status_code == 422
    assert letters("erin@example.net") == []


def test_naming_somebody_elses_conversation_changes_nothing(erin, visitor, confirm, letters, people):
    with db.read() as session:
        theirs = session.scalars(select(Conversation.public_id)).one()
    mallory = tokens.check(people.site, None)
    headers = {**ORIGIN, "Authorization": f"Bearer {mallory.text}"}
    answer = visitor.send("transcript", headers, email="mallory@example.net", conversation=theirs)
    assert answer.status_code == 422
    assert letters("mallory@example.net") == []


def test_another_address_of_the_conversation_stays_where_it_was_left(erin, visitor, confirm, letters):
    db.write(lambda session: session.execute(
        update(Conversation).values(email="old@example.net", email_confirmed_at=clock.now())
    ))  # fmt: skip
    visitor.send("transcript", erin, email="erin@example.net")
    confirm("erin@example.net")
    assert len(letters("erin@example.net")) == 1
    with db.read() as session:
        assert session.scalars(select(Conversation.email)).one() == "old@example.net"


def test_a_kept_reply_goes_out_when_the_address_of_an_offline_question_is_confirmed(visitor, confirm, letters, people):
    visitor.ask()
    with db.read() as session:
        conversation = session.scalars(select(Conversation.public_id)).one()
    alice = people.alice
    db.write(
        posting.by_operator, clock.now() + timedelta(seconds=1), operator_id=alice.id, epoch=alice.session_epoch,
        conversation=conversation, incoming=Incoming("o1", "Yes, it is.", by_email=True), kind="reply",
    )  # fmt: skip
    assert letters("bob@example.org") == []
    confirm("bob@example.org")
    confirm("bob@example.org")
    (sent,) = letters("bob@example.org")
    assert "Yes, it is." in sent.text
    assert "> Is it blue?" in sent.text
