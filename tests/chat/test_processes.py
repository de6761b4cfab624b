"""The same service in larger shapes: several processes joined by Redis, and PostgreSQL beneath."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import text

from leadcapture import clock, db
from leadcapture.chat import posting, protocol
from tests.chat.talk import ChatService
from tests.servers import PostgreSQL, Redis, wait_for


@pytest.fixture(scope="module")
def two(
    tmp_path_factory: pytest.TempPathFactory, redis_server: Redis, postgresql_server: PostgreSQL
) -> Iterator[SimpleNamespace]:
    """Two services on one PostgreSQL and one Redis, as two machines behind one address would be."""
    shared = {
        "DATABASE_URL": postgresql_server.new_database(),
        "REDIS_URL": redis_server.url,
        "OPERATOR_GRACE": "1",
        "UNANSWERED_AFTER": "2",
    }

    def service(name: str) -> ChatService:
        folder: Path = tmp_path_factory.mktemp(name)
        return ChatService(folder, **shared)

    with service("one") as one, service("other") as other:
        one.populate()
        other.people = one.people
        one.start()
        other.start()
        yield SimpleNamespace(one=one, other=other)
        one.kill()
        other.kill()


def test_visitor_and_operator_on_different_processes_talk(two: SimpleNamespace) -> None:
    alice, visitor = two.one.operator(two.one.people.alice), two.other.visitor()
    visitor.hear_available(True)
    ack = visitor.say("Hello from here?")
    assert ack["seq"] == 1
    assert alice.hear("message", lambda m: m["conversation"] == ack["conversation"])["body"] == "Hello from here?"
    assert alice.emit("take", {"conversation": ack["conversation"]})["ok"]
    visitor.hear("conversation", lambda told: told["status"] == "active")
    assert alice.say("Hello from there", conversation=ack["conversation"], kind="reply")["seq"] == 2
    assert visitor.hear("message")["body"] == "Hello from there"
    alice.leave()
    visitor.hear_available(False)
    visitor.hear("conversation", lambda told: told["status"] == "unanswered")
    visitor.leave()


def test_a_waiting_request_on_one_process_learns_of_a_message_on_the_other(two: SimpleNamespace) -> None:
    alice, visitor = two.one.operator(two.one.people.alice), two.other.visitor()
    conversation = visitor.say("Hello?")["conversation"]
    alice.say("Yes?", conversation=conversation, kind="reply")
    path = f"/v1/{two.one.people.site.key}/chat/messages?after_seq=0&wait=10"
    bearer = {"Authorization": f"Bearer {visitor.welcome['token']}"}
    for service in (two.one, two.other):
        status, answer, _ = service.call(path, headers=bearer)
        assert status == 200
        assert [message["body"] for message in answer["messages"]] == ["Hello?", "Yes?"]
    alice.leave()
    visitor.leave()


def test_the_same_message_to_both_processes_is_stored_once(two: SimpleNamespace) -> None:
    first = two.one.visitor()
    ack = first.say("Hello?", "same")
    again = two.other.visitor(token=first.welcome["token"])
    assert again.say("Hello?", "same") == ack
    assert again.emit("sync", {"after_seq": 0})["next"] == 1
    first.leave()
    again.leave()


def test_a_message_whose_process_died_before_anybody_was_told_is_told_when_it_comes_again(
    two: SimpleNamespace,
) -> None:
    alice, visitor = two.one.operator(two.one.people.alice), two.other.visitor()
    conversation = visitor.say("Hello?")["conversation"]
    with closing(db.Database(two.one.settings["DATABASE_URL"])) as database:
        whose = text(
            "SELECT v.public_id FROM visitors v JOIN conversations c ON c.visitor_id = v.id WHERE c.public_id = :it"
        )
        with database.read() as session:
            name = session.execute(whose, {"it": conversation}).scalar_one()
        database.write(
            posting.by_visitor,
            clock.now(),
            site_id=two.one.people.site.id,
            visitor=name,
            incoming=protocol.incoming({"client_id": "again", "body": "Still there?"}),
            available=True,
            language="en",
        )
    assert visitor.say("Still there?", "again")["seq"] == 2
    alice.hear("conversation", lambda told: (told["id"], told["last_seq"]) == (conversation, 2))
    alice.leave()
    visitor.leave()


def test_who_waits_in_vain_is_told_once_though_both_processes_look(two: SimpleNamespace) -> None:
    alice, visitor = two.one.operator(two.one.people.alice), two.other.visitor()
    visitor.hear_available(True)
    visitor.say("Hello?")
    visitor.hear("conversation", lambda told: told["status"] == "unanswered")
    assert visitor.silent("conversation", 1.5)
    assert len([told for told in visitor.all("conversation") if told["status"] == "unanswered"]) == 1
    alice.leave()
    visitor.leave()


def test_who_takes_second_on_another_machine_is_told_by_whom(two: SimpleNamespace) -> None:
    alice, bob = two.one.operator(two.one.people.alice), two.other.operator(two.one.people.bob)
    visitor = two.one.visitor()
    for _round in range(3):
        conversation = visitor.say("Hello?")["conversation"]
        answers: dict[str, Any] = {}
        for name, console in (("Alice", alice), ("Bob", bob)):
            console.sio.emit(
                "take", {"conversation": conversation}, namespace="/operator",
                callback=partial(answers.__setitem__, name),
            )  # fmt: skip
        wait_for(lambda answers=answers: len(answers) == 2, "both answers")
        (winner,) = (name for name, answer in answers.items() if answer["ok"])
        (refused,) = (answer["error"] for answer in answers.values() if not answer["ok"])
        assert (refused["code"], refused["by"]) == ("taken", {"name": winner})
        alice.emit("close", {"conversation": conversation})
    for client in (alice, bob, visitor):
        client.leave()


def test_what_was_said_while_redis_was_away_is_told_when_it_is_back(two: SimpleNamespace, redis_server: Redis) -> None:
    alice, visitor = two.one.operator(two.one.people.alice), two.other.visitor()
    visitor.hear_available(True)
    conversation = visitor.say("Before")["conversation"]
    alice.hear("message", lambda message: message["conversation"] == conversation)
    assert alice.emit("take", {"conversation": conversation})["ok"]
    visitor.hear("conversation", lambda told: told["status"] == "active")
    redis_server.kill()
    try:
        told_so_far = len(visitor.all("conversation"))
        assert alice.say("Nobody hears that now", conversation=conversation, kind="reply")["seq"] == 2
        alice.hear("conversation", lambda told: told["id"] == conversation and told["last_seq"] == 2)
        assert visitor.say("Nor that")["seq"] == 3
    finally:
        redis_server.start()
    # Nobody asks: that something is missing is told, and then it is asked for.
    alice.hear("conversation", lambda told: told["id"] == conversation and told["last_seq"] == 3, 20)
    wait_for(lambda: len(visitor.all("conversation")) > told_so_far, "the visitor to be told")
    bodies = [message["body"] for message in visitor.emit("sync", {"after_seq": 1})["messages"]]
    assert bodies == ["Nobody hears that now", "Nor that"]
    alice.leave()
    visitor.leave()
