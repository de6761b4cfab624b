"""Questions before the chat: what is answered is checked, kept, and proves nothing."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from leadcapture import db
from leadcapture.chat import posting, pre_chat, tokens
from leadcapture.chat.models import Conversation, Visitor
from leadcapture.chat.protocol import Incoming
from leadcapture.errors import Invalid
from leadcapture.sites.models import Site
from tests.chat.test_operations import Chat
from tests.conftest import add_people

QUESTIONS = [
    {"name": "name", "label": {"en": "Your name", "ar": "اسمك"}, "required": True, "choices": None},
    {"name": "email", "label": {"en": "Your e-mail"}, "required": False, "choices": None},
    {"name": "phone", "label": {}, "required": False},
    {"name": "q_size", "label": {"en": "Size"}, "required": False, "choices": {"en": ["S", "M"], "ar": ["ص", "م"]}},
    {"name": "q_why", "label": {"en": "What is it about?"}, "required": False, "choices": None},
]


@pytest.fixture
def chat(either_database: db.Database, now: Any) -> Chat:
    assert either_database
    return Chat(db.write(add_people, now), now)


def site(**settings: Any) -> Site:
    return Site(key="site_x", language="en", chat={"pre_chat": QUESTIONS, **settings})


def test_answers_are_checked_one_by_one() -> None:
    given = {
        "name": "  Erin\nExample ", "email": "Erin@Example.ORG", "phone": "+٤٤ ٢٠ ٧٩٤٦ ٠٩٥٨", "q_size": "م",
        "q_why": "My card 4111 1111 1111 1111 <b>", "q_other": "x",
    }  # fmt: skip
    answers = pre_chat.checked(site(), given)
    assert (answers["name"], answers["email"], answers["q_size"]) == ("Erin Example", "Erin@example.org", "م")
    assert answers["phone"] == "+442079460958"
    assert "4111 1111" not in answers["q_why"], "secrets are masked here too"
    assert "q_other" not in answers
    assert pre_chat.checked(site(country="GB"), {"name": "E", "phone": "020 7946 0958"})["phone"] == "+442079460958"


@pytest.mark.parametrize(
    ("given", "fields"),
    [
        ({}, {"name"}),
        ({"name": " "}, {"name"}),
        ({"name": "E", "email": "nobody"}, {"email"}),
        ({"name": "E", "phone": "12"}, {"phone"}),
        ({"name": "E", "q_size": "XXL"}, {"q_size"}),
        ({"name": 7, "email": ["x"]}, {"name"}),
    ],
)
def test_what_cannot_be_used_is_named(given: dict[str, Any], fields: set[str]) -> None:
    with pytest.raises(Invalid) as refused:
        pre_chat.checked(site(), given)
    assert set(refused.value.fields) == fields


@pytest.mark.parametrize("given", [None, "text", ["name"], 7])
def test_what_is_no_object_cannot_be_read(given: Any) -> None:
    with pytest.raises(Invalid):
        pre_chat.checked(site(), given)


def test_questions_are_asked_in_the_visitors_language_or_else_the_sites() -> None:
    asked = {one["name"]: one for one in pre_chat.asked(QUESTIONS, "ar", "en")}
    assert (asked["name"]["label"], asked["q_size"]["choices"]) == ("اسمك", ["ص", "م"])
    assert (asked["email"]["label"], asked["phone"]["label"], asked["email"]["choices"]) == (
        "Your e-mail",
        "phone",
        None,
    )


def keep(chat: Chat, visitor: str, at: Any = None, **answers: str) -> str | None:
    where = (at or chat.people.site).id
    return db.write(pre_chat.keep, chat.now, site_id=where, visitor=visitor, answers=answers, language="en")


def test_answers_given_before_the_first_message_stand_in_its_conversation(chat: Chat) -> None:
    visitor = tokens.check(chat.people.site, None).visitor
    assert keep(chat, visitor, name="Erin", email="erin@example.org") is None
    assert keep(chat, visitor, email="erin@example.net") is None
    posted = db.write(
        posting.by_visitor, chat.now, site_id=chat.people.site.id, visitor=visitor, incoming=Incoming("c1", "Hello"),
        available=True, language="en",
    )  # fmt: skip
    with db.read() as session:
        row = session.scalars(select(Conversation)).one()
    assert (row.email, row.email_confirmed_at, row.contact_id) == ("erin@example.net", None, None)
    assert posted.message.author_name == "Erin"


def test_an_address_that_stands_there_already_is_left_alone(chat: Chat) -> None:
    posted = chat.ask()
    conversation = posted.message.conversation
    assert keep(chat, chat.visitor, email="first@example.org") == conversation
    assert keep(chat, chat.visitor, email="second@example.org") == conversation
    assert keep(chat, chat.visitor, email="second@example.org") is None, "nothing new"
    assert chat.row(posted).email == "first@example.org"


def test_a_visitor_of_another_site_is_left_alone(chat: Chat) -> None:
    chat.ask()
    assert keep(chat, chat.visitor, at=chat.people.other_site, name="Mallory") is None
    with db.read() as session:
        assert session.scalars(select(Visitor)).one().answers is None
