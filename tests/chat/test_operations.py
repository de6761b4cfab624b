from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select, update

from leadcapture import db, ids
from leadcapture.chat import afterwards, mailing, operations, queries, routing, rules, summaries
from leadcapture.chat.models import Conversation, Message, Visitor
from leadcapture.chat.operations import Posted
from leadcapture.chat.protocol import Incoming, Rating
from leadcapture.contacts.models import Contact
from leadcapture.errors import Conflict, NotFound
from leadcapture.operators import presence
from leadcapture.operators.models import Operator

numbers = itertools.count(1)


class Chat:
    """Short words for what visitors and operators do."""

    def __init__(self, people: SimpleNamespace, now: datetime) -> None:
        self.people, self.now = people, now
        self.visitor = ids.new("visitor")

    def write(self, operation: Any, **arguments: Any) -> Any:
        return db.write(operation, self.now, **arguments)

    def ask(self, body: str = "Hello?", client_id: str = "", *, available: bool = True, site: Any = None) -> Posted:
        incoming = Incoming(client_id or f"v{next(numbers)}", body, "https://shop.example.org/green")
        site_id = (site or self.people.site).id
        return self.write(
            operations.post_by_visitor, site_id=site_id, visitor=self.visitor, incoming=incoming, available=available
        )

    def who(self, operator: Operator, posted: Posted) -> dict[str, Any]:
        return {
            "operator_id": operator.id,
            "epoch": operator.session_epoch,
            "conversation": posted.message.conversation,
        }

    def reply(
        self, operator: Operator, posted: Posted, body: str = "Yes.", client_id: str = "", kind: str = "reply"
    ) -> Posted:
        incoming = Incoming(client_id or f"o{next(numbers)}", body)
        return self.write(operations.post_by_operator, **self.who(operator, posted), incoming=incoming, kind=kind)

    def take(self, operator: Operator, posted: Posted) -> None:
        self.write(operations.take, **self.who(operator, posted))

    def status(self, posted: Posted) -> str:
        return self.row(posted).status

    def row(self, posted: Posted) -> Conversation:
        with db.read() as session:
            return session.scalars(
                select(Conversation).where(Conversation.public_id == posted.message.conversation)
            ).one()

    def connect(self, operator: Operator, socket: str = "socket") -> None:
        db.write(presence.connected, self.now, operator.id, socket)

    def available(self, grace: int = 30) -> bool:
        with db.read() as session:
            return queries.available(session, self.now, self.people.site, grace)

    def abandon(self, grace: int = 30) -> list[str]:
        closed = set() if self.available(grace) else {self.people.site.id}
        return self.write(operations.abandoned_due, closed_sites=closed, grace=grace)


@pytest.fixture
def chat(either_database: db.Database, now: datetime) -> Chat:
    from tests.conftest import add_people

    return Chat(db.write(add_people, now), now)


def test_the_first_message_makes_visitor_and_conversation(chat: Chat) -> None:
    with db.read() as session:
        assert session.scalars(select(Visitor)).all() == []
    posted = chat.ask("Do you have it in green?")
    assert (posted.message.seq, posted.first, posted.moved) == (1, True, True)
    assert chat.status(posted) == "waiting"
    assert chat.row(posted).waiting_since == chat.now
    assert chat.row(posted).page_url == "https://shop.example.org/green"


def test_a_message_sent_twice_is_stored_once(chat: Chat) -> None:
    first = chat.ask("Hello?", "same")
    again = chat.ask("Hello?", "same")
    assert again.message.acknowledgement() == first.message.acknowledgement()
    assert not again.first
    assert chat.ask().message.seq == 2


def test_an_operators_message_sent_twice_is_stored_once_even_after_closing(chat: Chat) -> None:
    posted = chat.ask()
    reply = chat.reply(chat.people.alice, posted, client_id="same")
    chat.write(operations.close, **chat.who(chat.people.alice, posted))
    again = chat.reply(chat.people.alice, posted, client_id="same")
    assert again.message.acknowledgement() == reply.message.acknowledgement()
    assert chat.status(posted) == "closed"


def test_visitor_and_operator_may_use_the_same_client_id(chat: Chat) -> None:
    posted = chat.ask("Hello?", "same")
    assert chat.reply(chat.people.alice, posted, client_id="same").message.seq == 2


def test_notes_are_not_numbered_and_hidden_from_the_visitor(chat: Chat) -> None:
    posted = chat.ask()
    note = chat.reply(chat.people.alice, posted, "Looks serious", kind="note")
    assert (note.message.seq, note.message.after_seq) == (None, 1)
    assert chat.status(posted) == "waiting"
    assert chat.reply(chat.people.bob, posted).message.seq == 2
    with db.read() as session:
        thread = queries.thread(session, posted.message.conversation)
        assert thread is not None
        seen = queries.visitors_page(session, thread, 0)["messages"]
        known = queries.operators_page(session, thread, 0)["messages"]
    assert [message["body"] for message in seen] == ["Hello?", "Yes."]
    assert [message["body"] for message in known] == ["Hello?", "Looks serious", "Yes."]


def test_of_two_takes_one_wins_and_the_other_learns_who(chat: Chat) -> None:
    posted = chat.ask()
    chat.take(chat.people.alice, posted)
    with pytest.raises(rules.Taken) as refused:
        chat.take(chat.people.bob, posted)
    assert refused.value.by == "Alice"
    chat.take(chat.people.alice, posted)
    assert chat.row(posted).operator_id == chat.people.alice.id


def test_a_reply_to_an_untaken_conversation_takes_it_and_a_colleague_may_add(chat: Chat) -> None:
    posted = chat.ask()
    assert chat.reply(chat.people.bob, posted).moved
    assert chat.row(posted).operator_id == chat.people.bob.id
    assert chat.row(posted).waiting_since is None
    assert not chat.reply(chat.people.alice, posted).moved
    assert chat.row(posted).operator_id == chat.people.bob.id


def test_a_reply_to_a_closed_conversation_is_refused_until_it_is_taken(chat: Chat) -> None:
    posted = chat.ask()
    chat.write(operations.close, **chat.who(chat.people.alice, posted))
    with pytest.raises(Conflict) as refused:
        chat.reply(chat.people.bob, posted)
    assert refused.value.code == "closed"
    chat.take(chat.people.bob, posted)
    assert chat.reply(chat.people.bob, posted).message.seq == 2


def test_a_visitor_who_comes_back_reopens_the_conversation(chat: Chat) -> None:
    posted = chat.ask()
    chat.take(chat.people.alice, posted)
    chat.write(afterwards.end, site_id=chat.people.site.id, visitor=chat.visitor)
    assert chat.status(posted) == "closed"
    chat.now += timedelta(days=6)
    again = chat.ask("One more thing")
    assert again.message.conversation == posted.message.conversation
    assert again.message.seq == 2
    assert (chat.status(posted), chat.row(posted).operator_id) == ("waiting", None)


def test_after_seven_quiet_days_a_new_conversation_begins_at_one(chat: Chat) -> None:
    posted = chat.ask()
    chat.write(afterwards.end, site_id=chat.people.site.id, visitor=chat.visitor)
    chat.now += timedelta(days=8)
    with db.read() as session:
        assert queries.visitors_thread(session, chat.now, chat.people.site.id, chat.visitor) is None
    again = chat.ask()
    assert again.message.conversation != posted.message.conversation
    assert again.message.seq == 1


def test_what_was_seen_never_goes_back_and_never_beyond_the_last(chat: Chat) -> None:
    posted = chat.ask()
    for _ in range(3):
        chat.reply(chat.people.alice, posted)

    def saw(seq: int, seen: bool = True) -> bool:
        thread = chat.write(
            operations.read_by_visitor, site_id=chat.people.site.id, visitor=chat.visitor, seq=seq, seen=seen
        )
        return thread is not None

    assert saw(3)
    assert not saw(2)
    assert not saw(3)
    assert not saw(99)
    assert not saw(3, seen=False)  # what was seen was delivered
    assert saw(4, seen=False)
    row = chat.row(posted)
    assert (row.visitor_seen, row.visitor_delivered) == (3, 4)


def test_the_outsider_reaches_nothing(chat: Chat) -> None:
    posted, charlie = chat.ask(), chat.people.charlie
    attempts = [
        lambda: chat.take(charlie, posted),
        lambda: chat.reply(charlie, posted),
        lambda: chat.reply(charlie, posted, kind="note"),
        lambda: chat.write(operations.close, **chat.who(charlie, posted)),
        lambda: chat.write(routing.assign, **chat.who(charlie, posted), to=charlie.public_id),
        lambda: chat.write(operations.read_by_operator, **chat.who(charlie, posted), seq=1, seen=True),
        # An insider may not hand anything to the outsider either.
        lambda: chat.write(routing.assign, **chat.who(chat.people.alice, posted), to=charlie.public_id),
    ]
    for attempt in attempts:
        with pytest.raises(NotFound):
            attempt()
    assert chat.status(posted) == "waiting"
    with db.read() as session:
        assert len(session.scalars(select(Message)).all()) == 1


def test_an_operator_whose_sessions_ended_reaches_nothing(chat: Chat) -> None:
    posted = chat.ask()
    db.write(lambda session: session.execute(update(Operator).values(session_epoch=Operator.session_epoch + 1)))
    with pytest.raises(NotFound):
        chat.take(chat.people.alice, posted)


def test_a_visitor_of_one_site_is_none_on_another(chat: Chat) -> None:
    chat.ask()
    with pytest.raises(NotFound):
        chat.ask(site=chat.people.other_site)


def test_assigning_hands_over_to_a_colleague(chat: Chat) -> None:
    posted = chat.ask()
    chat.take(chat.people.alice, posted)
    chat.write(routing.assign, **chat.who(chat.people.alice, posted), to=chat.people.bob.public_id)
    assert chat.row(posted).operator_id == chat.people.bob.id


def test_a_rating_is_kept(chat: Chat) -> None:
    posted = chat.ask()
    chat.write(afterwards.rate, site_id=chat.people.site.id, visitor=chat.visitor, rating=Rating(5, "Quick!"))
    assert (chat.row(posted).stars, chat.row(posted).comment) == (5, "Quick!")


# ---- when nobody answers ---------------------------------------------------------------------------------------------


def test_who_waits_too_long_is_unanswered_and_may_still_be_answered(chat: Chat) -> None:
    posted = chat.ask()
    chat.now += timedelta(seconds=59)
    assert chat.write(operations.unanswered_due, after=60) == []
    chat.now += timedelta(seconds=1)
    assert chat.write(operations.unanswered_due, after=60) == [posted.message.conversation]
    assert chat.write(operations.unanswered_due, after=60) == []
    assert chat.status(posted) == "unanswered"
    chat.reply(chat.people.alice, posted)
    assert chat.status(posted) == "active"


def test_taking_without_a_word_is_no_answer_but_a_pause_in_a_talk_is_none_either(chat: Chat) -> None:
    silent, talked = chat.ask(), chat
    chat.take(chat.people.alice, silent)
    other = Chat(chat.people, chat.now)
    talked = other.ask()
    other.reply(chat.people.alice, talked)
    other.ask("And in blue?")
    chat.now += timedelta(seconds=61)
    assert chat.write(operations.unanswered_due, after=60) == [silent.message.conversation]
    assert other.status(talked) == "active"


def test_an_unanswered_visitor_queues_again_when_somebody_can_answer(chat: Chat) -> None:
    posted = chat.ask()
    chat.now += timedelta(seconds=60)
    chat.write(operations.unanswered_due, after=60)
    chat.ask("Nobody?", available=False)
    assert chat.status(posted) == "unanswered"
    chat.ask("Somebody?", available=True)
    assert chat.status(posted) == "waiting"
    assert chat.row(posted).waiting_since == chat.now


def test_a_broken_connection_counts_for_the_grace_and_no_longer(chat: Chat) -> None:
    assert not chat.available()
    chat.connect(chat.people.bob)
    assert chat.available()
    db.write(presence.disconnected, chat.now, "socket")
    chat.now += timedelta(seconds=29)
    assert chat.available()
    chat.now += timedelta(seconds=2)
    assert not chat.available()


def test_who_is_not_heard_any_more_counts_for_the_grace_from_when_he_was_heard(chat: Chat) -> None:
    chat.connect(chat.people.bob)
    chat.now += timedelta(seconds=40)
    db.write(presence.heard, chat.now, ["socket"])
    chat.now += timedelta(seconds=29)
    assert chat.available()
    chat.now += timedelta(seconds=2)
    assert not chat.available()


def test_who_is_away_or_signed_out_does_not_count_at_all(chat: Chat) -> None:
    chat.connect(chat.people.bob)
    db.write(presence.set_available, chat.now, chat.people.bob.id, False)
    assert not chat.available()
    db.write(presence.set_available, chat.now, chat.people.bob.id, True)
    assert chat.available()
    db.write(presence.signed_out, chat.now, chat.people.bob.id, "")
    assert not chat.available()


def test_outside_its_hours_a_site_cannot_answer(chat: Chat) -> None:
    chat.connect(chat.people.bob)
    chat.people.site.hours = {"wed": [["09:00", "10:31"]]}  # now is a Wednesday, 10:30
    assert chat.available()
    chat.now += timedelta(minutes=1)
    assert not chat.available()


def test_when_the_last_operator_is_gone_every_open_conversation_is_unanswered(chat: Chat) -> None:
    chat.connect(chat.people.bob)
    active, other = chat.ask(), Chat(chat.people, chat.now)
    chat.take(chat.people.bob, active)
    waiting = other.ask()
    assert chat.abandon() == []
    db.write(presence.disconnected, chat.now, "socket")
    chat.now += timedelta(seconds=20)
    assert chat.abandon() == []
    chat.now += timedelta(seconds=20)
    assert set(chat.abandon()) == {active.message.conversation, waiting.message.conversation}
    assert (chat.status(active), other.status(waiting)) == ("unanswered", "unanswered")
    assert chat.row(active).operator_id is None


def test_when_one_operator_leaves_a_colleague_can_take_over(chat: Chat) -> None:
    chat.connect(chat.people.alice, "alice")
    chat.connect(chat.people.bob, "bob")
    posted = chat.ask()
    chat.take(chat.people.bob, posted)
    db.write(presence.disconnected, chat.now, "bob")
    chat.now += timedelta(seconds=31)
    db.write(presence.heard, chat.now, ["alice"])
    assert chat.abandon() == [posted.message.conversation]
    assert (chat.status(posted), chat.row(posted).operator_id) == ("waiting", None)


def test_a_talk_goes_on_when_the_hours_end(chat: Chat) -> None:
    chat.connect(chat.people.bob)
    posted = chat.ask()
    chat.take(chat.people.bob, posted)
    chat.people.site.hours = {}
    assert not chat.available()
    assert chat.abandon() == []
    assert chat.status(posted) == "active"


# ---- offline questions -----------------------------------------------------------------------------------------------


def ask_offline(chat: Chat, **more: Any) -> str:
    arguments = {
        "site_id": chat.people.site.id,
        "conversation": None,
        "visitor_token_id": None,
        "name": "Dana",
        "email": "dana@example.org",
        "body": "Please write to me",
        "page_url": "https://shop.example.org/",
        "language": "en",
        "client_id": "question",
    }
    return str(chat.write(operations.question, **arguments | more))


def test_an_offline_question_is_in_the_queue_with_an_unconfirmed_address(chat: Chat) -> None:
    conversation = ask_offline(chat)
    with db.read() as session:
        queue, cursor = summaries.page(session, [chat.people.site.id])
    assert cursor is None
    assert [entry["id"] for entry in queue] == [conversation]
    assert queue[0]["kind"] == "question"
    assert queue[0]["status"] == "unanswered"
    assert queue[0]["visitor"]["email_confirmed"] is False
    assert queue[0]["unread"] == 1
    assert queue[0]["last"]["body"] == "Please write to me"


def test_an_offline_question_lands_in_the_same_thread(chat: Chat) -> None:
    posted = chat.ask()
    conversation = ask_offline(chat, conversation=posted.message.conversation, visitor_token_id=chat.visitor)
    assert conversation == posted.message.conversation
    assert chat.row(posted).last_seq == 2
    assert ask_offline(chat, visitor_token_id=chat.visitor) == conversation
    assert chat.row(posted).last_seq == 2  # the same form sent again


def test_nobody_puts_a_question_into_a_strangers_thread(chat: Chat) -> None:
    posted = chat.ask()
    with pytest.raises(NotFound):
        ask_offline(chat, conversation=posted.message.conversation, visitor_token_id=ids.new("visitor"))
    with pytest.raises(NotFound):
        ask_offline(chat, conversation=posted.message.conversation)


def test_a_confirmed_address_shows_as_confirmed(chat: Chat) -> None:
    ask_offline(chat)
    with db.read() as session:
        row = session.scalars(select(Conversation)).one()

    def add_contact(session: Any) -> int:
        contact = Contact(
            public_id=ids.new("contact"),
            site_id=chat.people.site.id,
            email="dana@example.org",
            email_key="dana@example.org",
            confirmed_at=chat.now,
            active_at=chat.now,
            created_at=chat.now,
            updated_at=chat.now,
        )
        session.add(contact)
        session.flush()
        return contact.id

    contact_id = db.write(add_contact)
    chat.write(mailing.address_confirmed, conversation_id=row.id, contact_id=contact_id)
    with db.read() as session:
        found = summaries.one(session, row.public_id)
    assert found is not None
    assert found[1]["visitor"]["email_confirmed"] is True
    assert found[1]["contact"].startswith("con_")


def test_lists_page_by_cursor_without_loss(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(summaries, "QUEUE_PAGE", 2)
    asked = []
    for number in range(5):
        chat.now += timedelta(seconds=number % 2)  # some at the same moment
        asked.append(Chat(chat.people, chat.now).ask().message.conversation)
    found, cursor = [], None
    while True:
        with db.read() as session:
            page, cursor = summaries.page(session, [chat.people.site.id], before=cursor)
        found += [entry["id"] for entry in page]
        if cursor is None:
            break
    assert found == asked[::-1]
    with db.read() as session:
        assert summaries.page(session, [chat.people.other_site.id]) == ([], None)
