"""A conversation that begins like spam stands apart: nobody is called to it, and its visitor sees nothing of that."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select, update

from leadcapture import db, ids
from leadcapture.chat import escalation, filters, held, operations, posting, queries, routing, summaries, views
from leadcapture.chat.models import Conversation, Visitor
from leadcapture.chat.protocol import Incoming
from leadcapture.contacts.models import Contact
from leadcapture.errors import NotFound
from leadcapture.mail.models import Email
from leadcapture.operators import presence
from leadcapture.sites.models import Site
from leadcapture.spam.models import SpamCount
from tests.conftest import add_people
from tests.forms.conftest import count
from tests.forms.kinds.at_once import all_at_once
from tests.spam.texts import ENQUIRIES, SPAM

_numbers = itertools.count(1)


@dataclass
class Chat:
    """The site's chat, and a clock that a test moves."""

    people: SimpleNamespace
    now: datetime
    opened: dict[str, str] = field(default_factory=dict)  # who wrote which conversation

    def write(self, text: str, visitor: str = "", *, available: bool = True) -> str:
        posted = db.write(
            posting.by_visitor,
            self.now,
            site_id=self.people.site.id,
            visitor=visitor or ids.new("visitor"),
            incoming=Incoming(f"v{next(_numbers)}", text, "https://shop.example.org/"),
            available=available,
            language="en",
        )
        self.opened[posted.message.conversation] = posted.visitor
        return posted.message.conversation

    def does(self, operation: Any, conversation: str, who: str = "bob", **more: Any) -> Any:
        operator = getattr(self.people, who)
        asked = {"operator_id": operator.id, "epoch": operator.session_epoch, "conversation": conversation}
        return db.write(operation, self.now, **asked, **more)

    def reply(self, conversation: str) -> None:
        self.does(posting.by_operator, conversation, incoming=Incoming(f"o{next(_numbers)}", "Yes."), kind="reply")

    def row(self, conversation: str) -> Conversation:
        with db.read() as session:
            return session.scalars(select(Conversation).where(Conversation.public_id == conversation)).one()

    def stands_in(self, conversation: str) -> set[str]:
        """The built-in views in which it stands."""
        with db.read() as session:
            return {
                name
                for name, which in filters.BUILT_IN.items()
                for summary in views.page(session, [self.people.site.id], self.people.bob.id, which)[0]
                if summary["id"] == conversation
            }

    def counts(self) -> dict[str, int]:
        with db.read() as session:
            return views.counts(session, [self.people.site.id], self.people.bob.id, dict(filters.BUILT_IN))

    def seen_by_visitor(self, conversation: str) -> dict[str, Any]:
        with db.read() as session:
            thread = queries.thread(session, conversation)
        assert thread is not None
        return {name: value for name, value in thread.for_visitor().items() if name != "id"}

    def taught(self) -> tuple[int, int]:
        with db.read() as session:
            found = session.execute(select(SpamCount.ham, SpamCount.spam)).first()
        return (found.ham, found.spam) if found else (0, 0)


@pytest.fixture
def chat(either_database: db.Database, now: datetime) -> Chat:
    return Chat(db.write(add_people, now), now)


@pytest.fixture
def sqlite_chat(database: db.Database, now: datetime) -> Chat:
    return Chat(db.write(add_people, now), now)


def test_spam_stands_under_held_alone_and_its_visitor_sees_the_same(chat: Chat) -> None:
    usual = chat.write(ENQUIRIES[0])
    told_first = chat.seen_by_visitor(usual)
    spam = chat.write(SPAM[0])
    after = chat.write(ENQUIRIES[1])

    assert chat.stands_in(spam) == {"held"}
    assert chat.stands_in(usual) == {"open", "unassigned"}
    assert chat.counts() | {"held": 1, "open": 2, "unassigned": 2} == chat.counts()
    # Its own place is told; nobody behind it waits for it.
    assert chat.seen_by_visitor(spam) == told_first | {"place": 2}
    assert chat.seen_by_visitor(after)["place"] == 2
    with db.read() as session:
        assert routing.places(session, chat.people.site.id) == {usual: 1, spam: 2, after: 2}
        found = summaries.one(session, spam)
    assert found is not None
    assert found[1]["held"] is True
    assert "links" in found[1]["held_why"]


def test_nobody_is_called_given_or_mailed_it_and_it_is_not_missed(chat: Chat) -> None:
    spam, usual = chat.write(SPAM[0]), chat.write(ENQUIRIES[0])
    db.write(presence.connected, chat.now, chat.people.bob.id, "sid", device="", idle=False)
    db.write(presence.set_available, chat.now, chat.people.bob.id, True)
    given = db.write(routing.assign_due, chat.now, site_id=chat.people.site.id, capacity=5, grace=30)
    assert given == [usual]
    chat.does(operations.close, usual)
    chat.now += timedelta(minutes=2)
    assert db.write(escalation.escalate, chat.now) == []
    assert count(Email) == 0
    assert db.write(operations.unanswered_due, chat.now, after=60) == [spam]
    assert chat.seen_by_visitor(spam)["status"] == "unanswered"
    assert chat.row(spam).missed_at is None
    assert chat.stands_in(spam) == {"held"}


def test_a_released_one_takes_its_place_and_waits_from_now_on(chat: Chat) -> None:
    spam = chat.write(SPAM[0])
    chat.now += timedelta(minutes=5)
    for who in ("bob", "alice"):
        chat.does(held.release, spam, who)
    assert chat.stands_in(spam) == {"open", "unassigned"}
    assert chat.row(spam).waiting_since == chat.now
    assert chat.taught() == (1, 0)
    chat.now += timedelta(minutes=2)
    assert {one.conversation for one in db.write(escalation.escalate, chat.now)} == {spam}


def test_one_that_was_given_up_is_missed_once_it_is_released(sqlite_chat: Chat) -> None:
    chat = sqlite_chat
    spam = chat.write(SPAM[0])
    chat.now += timedelta(minutes=5)
    db.write(operations.unanswered_due, chat.now, after=60)
    chat.does(held.release, spam)
    assert chat.stands_in(spam) == {"open", "unassigned", "missed"}


def test_spam_is_closed_stays_apart_and_can_be_taken_back(chat: Chat) -> None:
    answered = chat.write(ENQUIRIES[0])
    chat.reply(answered)
    spam = chat.write(SPAM[0])
    for _again in range(2):
        chat.does(held.mark, spam)
    assert chat.taught() == (1, 1)  # beside it, what was answered
    assert (chat.row(spam).status, chat.stands_in(spam), chat.counts()["held"]) == ("closed", {"held"}, 0)
    chat.does(held.release, spam)
    assert chat.taught() == (2, 0)
    assert chat.stands_in(spam) == {"open", "unassigned", "missed"}


def test_any_conversation_can_be_called_spam(sqlite_chat: Chat) -> None:
    chat = sqlite_chat
    usual = chat.write("I bring you greetings from the factory of pipes, valves and flanges of all kinds and sizes.")
    assert chat.stands_in(usual) == {"open", "unassigned"}
    chat.does(held.mark, usual)
    assert chat.stands_in(usual) == {"held"}
    again = chat.write("I bring you greetings from the factory of pipes, valves and flanges of all kinds and sizes!")
    assert chat.stands_in(again) == {"held"}


def test_of_many_who_decide_at_once_one_teaches(chat: Chat) -> None:
    spam = chat.write(SPAM[0])
    all_at_once(lambda _n: chat.does(held.mark, spam), range(4))
    assert chat.taught() == (0, 1)


def test_who_is_answered_is_held_no_more(sqlite_chat: Chat) -> None:
    chat = sqlite_chat
    spam = chat.write(SPAM[0])
    chat.reply(spam)
    assert chat.stands_in(spam) == {"open", "mine"}


def test_what_comes_later_in_a_talk_holds_nothing(sqlite_chat: Chat) -> None:
    chat = sqlite_chat
    usual = chat.write(ENQUIRIES[0])
    chat.reply(usual)
    chat.write(SPAM[0], chat.opened[usual])
    assert chat.stands_in(usual) == {"open", "mine"}


def test_a_greeting_before_it_hides_no_spam(sqlite_chat: Chat) -> None:
    chat = sqlite_chat
    spam = chat.write("hello")
    assert chat.stands_in(spam) == {"open", "unassigned"}
    chat.write(SPAM[0], chat.opened[spam])
    assert chat.stands_in(spam) == {"held"}


@pytest.mark.parametrize("known", ["verified", "confirmed", "released"])
def test_who_is_known_is_never_held(sqlite_chat: Chat, known: str) -> None:
    chat = sqlite_chat
    first = chat.write(ENQUIRIES[0] if known != "released" else SPAM[0])
    visitor = chat.opened[first]

    def make_known(session: Any) -> None:
        if known == "verified":
            session.execute(update(Visitor).values(user_id="42"))
        elif known == "confirmed":
            contact = Contact(
                public_id="ctc_erin", site_id=chat.people.site.id, email="erin@example.org",
                email_key="erin@example.org", language="en", source="offline", status="confirmed",
                confirmed_at=chat.now, created_at=chat.now, updated_at=chat.now, active_at=chat.now,
            )  # fmt: skip
            session.add(contact)
            session.flush()
            session.execute(update(Conversation).values(contact_id=contact.id))

    db.write(make_known)
    if known == "released":
        chat.does(held.release, first)
    db.write(
        lambda session: session.execute(
            update(Conversation).values(status="closed", active_at=chat.now - timedelta(days=8))
        )
    )
    second = chat.write(SPAM[1], visitor)
    assert second != first
    assert chat.stands_in(second) == {"open", "unassigned"}


def test_an_owner_who_holds_nothing_gets_all_chats(sqlite_chat: Chat) -> None:
    chat = sqlite_chat
    db.write(lambda session: session.execute(update(Site).values(protection={"hold_spam": False})))
    assert chat.stands_in(chat.write(SPAM[0])) == {"open", "unassigned"}


def test_charlie_decides_about_nothing(sqlite_chat: Chat) -> None:
    chat = sqlite_chat
    spam = chat.write(SPAM[0])
    for operation in (held.release, held.mark):
        with pytest.raises(NotFound):
            chat.does(operation, spam, "charlie")
    assert (chat.row(spam).spam, chat.taught()) == (None, (0, 0))
