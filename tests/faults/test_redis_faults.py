"""Redis is killed and comes back: nobody is refused anything for it, whoever starts meanwhile starts, and what one
process could not tell the other is told once Redis is there again, without a restart."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from leadcapture import db
from tests.chat.talk import ChatService, Client
from tests.faults.people import Acknowledged, Reader, Shop
from tests.servers import Redis, wait_for

BACK_WITHIN = 6.0  # seconds after Redis is back: two seconds between its tries, and a machine that does other things
QUICK = 3.0  # seconds


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    """A Redis of one's own, for it is killed."""
    with Redis(tmp_path) as server:
        yield server


def test_redis_is_killed_another_process_starts_without_it_and_it_comes_back(
    redis: Redis, postgresql: db.Database, migrated_postgresql: str, tmp_path: Path
) -> None:
    shared = {"REDIS_URL": redis.url, "DATABASE_URL": migrated_postgresql}
    with Shop(tmp_path / "one", **shared) as one, ChatService(tmp_path / "other", **shared) as other:
        one.populate()
        other.people = one.people
        one.start()
        one.start_jobs()
        visitor = one.visitor()
        first = visitor.say("Is it blue?")
        assert (first["ok"], first["seq"]) == (True, 1)

        redis.kill()
        other.start()
        assert "redis" in not_well(one)
        alice = other.operator(one.people.alice)
        alice.hear("queue", lambda told: [entry["id"] for entry in told["conversations"]] == [first["conversation"]])
        # Forms, confirmations and withdrawals go their way.
        told = Acknowledged()
        reader = Reader(one, told, 1)
        reader.start()
        for number in range(2, 6):
            began = time.monotonic()
            assert visitor.say(f"And number {number}?")["seq"] == number
            assert time.monotonic() - began < QUICK
        answered = alice.say("It is.", conversation=first["conversation"], kind="reply")
        assert (answered["ok"], answered["seq"]) == (True, 6)
        wait_for(lambda: told.confirmed and told.left, "somebody to confirm and to leave", 30)

        heard = len(visitor.all("conversation"))
        redis.start()
        # What either side missed is told by itself: the operator by the conversation's numbers, the visitor that there
        # is something to ask for.
        wait_for(partial(knows_of, alice, 6), "the operator to be told of what was asked", BACK_WITHIN)
        wait_for(lambda: len(visitor.all("conversation")) > heard, "the visitor to be told of the answer", BACK_WITHIN)
        assert visitor.emit("sync", {"after_seq": 5})["messages"][0]["body"] == "It is."
        assert visitor.say("Thank you.")["seq"] == 7
        wait_for(partial(knows_of, alice, 7), "the operator to be told of what is said now", BACK_WITHIN)
        wait_for(lambda: "redis" not in not_well(one), "every part to be well", BACK_WITHIN)
        reader.enough.set()
        reader.join(30)
        assert reader.broken is None
        seqs = [message["seq"] for message in visitor.emit("sync", {"after_seq": 0})["messages"]]
        assert seqs == list(range(1, 8))
        visitor.leave()
        alice.leave()


def knows_of(client: Client, last: int) -> bool:
    """Whether this client was told of the message with that number, by itself or by the conversation's."""
    told = [message["seq"] or 0 for message in client.all("message")]
    told += [conversation.get("last_seq", 0) for conversation in client.all("conversation")]
    return max(told, default=0) >= last


def not_well(service: ChatService) -> set[str]:
    """The parts of which the service itself says that they are not well."""
    status, answer, _headers = service.call("/readyz")
    parts = {name for name, state in answer["parts"].items() if state != "ok"}
    assert (status == 200) == (not parts)
    return parts
