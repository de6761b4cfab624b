from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.chat.talk import ChatService, Client
from tests.servers import wait_for

SHORT = {"OPERATOR_GRACE": "1", "UNANSWERED_AFTER": "2"}  # seconds


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChatService]:
    """A service with short patience, for the tests that leave the people as they were."""
    with ChatService(tmp_path_factory.mktemp("hasty"), **SHORT) as service:
        service.populate()
        service.start()
        yield service
        service.kill()


@pytest.fixture
def own(make_chat: Any) -> ChatService:
    """Such a service for one test alone."""
    return make_chat(**SHORT)


def is_now(status: str) -> Any:
    return lambda told: told["status"] == status


def test_visitors_learn_at_once_when_somebody_can_answer_and_when_nobody_can(hasty: ChatService) -> None:
    visitor = hasty.visitor()
    visitor.hear_available(False)
    alice = hasty.operator(hasty.people.alice)
    visitor.hear_available(True, 3)
    assert visitor.all("available")[-1]["reply_time"]
    alice.leave()
    visitor.hear("available", lambda told: not told["available"], 5)
    visitor.leave()


def test_when_the_last_operator_leaves_in_mid_chat_the_thread_is_unanswered(hasty: ChatService) -> None:
    alice, visitor = hasty.operator(hasty.people.alice), hasty.visitor()
    visitor.hear_available(True)
    conversation = visitor.say("Hello?")["conversation"]
    alice.emit("take", {"conversation": conversation})
    alice.say("Yes?", conversation=conversation, kind="reply")
    alice.leave()
    visitor.hear("conversation", is_now("unanswered"), 5)
    back = hasty.operator(hasty.people.alice)
    queue = back.hear("queue")["conversations"]
    assert next(entry["status"] for entry in queue if entry["id"] == conversation) == "unanswered"
    assert back.say("I am back", conversation=conversation, kind="reply")["ok"]
    visitor.hear("conversation", is_now("active"))
    back.leave()
    visitor.leave()


def test_a_page_change_within_the_grace_is_not_leaving(make_chat: Any) -> None:
    chat = make_chat(OPERATOR_GRACE="3")
    alice, visitor = chat.operator(chat.people.alice), chat.visitor()
    visitor.hear_available(True)
    alice.leave()
    time.sleep(1)  # the time a page takes to load, well within the grace
    again = chat.operator(chat.people.alice)
    assert visitor.silent("available", 4)
    again.leave()
    visitor.leave()


def test_who_nobody_answers_is_offered_the_form(hasty: ChatService) -> None:
    alice, visitor = hasty.operator(hasty.people.alice), hasty.visitor()
    visitor.hear_available(True)
    asked = time.monotonic()
    conversation = visitor.say("Hello?")["conversation"]
    visitor.hear("conversation", is_now("unanswered"), 6)
    assert time.monotonic() - asked > 1.9
    alice.hear("conversation", lambda told: told["id"] == conversation and told["status"] == "unanswered")
    alice.leave()
    visitor.leave()


def test_choosing_not_to_be_asked_counts_at_once(hasty: ChatService) -> None:
    alice, visitor = hasty.operator(hasty.people.alice), hasty.visitor()
    visitor.hear_available(True)
    conversation = visitor.say("Hello?")["conversation"]
    alice.say("Yes?", conversation=conversation, kind="reply")
    assert alice.emit("presence", {"available": False})["ok"]
    visitor.hear("available", lambda told: not told["available"], 1)
    visitor.hear("conversation", is_now("unanswered"), 1)
    # Who answers all the same is back in the talk.
    alice.say("One more thing", conversation=conversation, kind="reply")
    wait_for(
        lambda: [told["status"] for told in visitor.all("conversation")][-2:] == ["unanswered", "active"],
        "the talk to go on",
    )
    assert visitor.silent("conversation", 1.5)
    alice.emit("presence", {"available": True})
    alice.leave()
    visitor.leave()


def test_operators_see_each_other_come_and_go(hasty: ChatService) -> None:
    alice = hasty.operator(hasty.people.alice)

    def bob_is(here: bool) -> Any:
        return lambda told: [p["here"] for p in told["operators"] if p["id"] == hasty.people.bob.public_id] == [here]

    first = alice.hear("presence", bob_is(False))
    assert first["me"] == {"id": hasty.people.alice.public_id, "name": "Alice", "available": True, "idle": False}
    assert {person["name"] for person in first["operators"]} == {"Alice", "Bob"}
    bob = hasty.operator(hasty.people.bob)
    alice.hear("presence", bob_is(True), 3)
    bob.leave()
    told = len(alice.all("presence"))
    alice.hear("presence", lambda payload: payload in alice.all("presence")[told:] and bob_is(False)(payload), 5)
    alice.leave()


def test_a_removed_operator_loses_the_socket_at_once(own: ChatService) -> None:
    bob, visitor = own.operator(own.people.bob), own.visitor()
    conversation = visitor.say("Hello?")["conversation"]
    assert bob.emit("seen", {"conversation": conversation, "seq": 1})["ok"]
    with sqlite3.connect(own.folder / "instance" / "leadcapture.db", timeout=10) as database:
        database.execute("UPDATE operators SET session_epoch = session_epoch + 1 WHERE email = 'bob@example.org'")
    database.close()
    assert bob.emit("sync", {"conversation": conversation})["error"]["code"] == "not_found"
    assert bob.ended.wait(3)
    visitor.leave()


def test_an_operator_taken_off_the_team_hears_no_more(own: ChatService) -> None:
    bob, visitor = own.operator(own.people.bob), own.visitor()
    bob.hear("queue")
    with sqlite3.connect(own.folder / "instance" / "leadcapture.db", timeout=10) as database:
        database.execute("DELETE FROM memberships WHERE operator_id = ?", (own.people.bob.id,))
    database.close()
    assert bob.ended.wait(3)
    visitor.say("A secret")
    assert bob.all("message") == []
    again: Client = own.operator(own.people.bob)
    assert again.hear("queue")["conversations"] == []
    again.leave()
    visitor.leave()


def test_after_a_crash_the_operators_of_before_count_for_the_grace_only(own: ChatService) -> None:
    alice, visitor = own.operator(own.people.alice), own.visitor()
    visitor.hear_available(True)
    own.kill()
    alice.ended.wait(5)
    own.start()
    back = own.visitor()
    back.hear_available(False, 5)
    back.leave()
