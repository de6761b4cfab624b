from __future__ import annotations

import itertools
import shutil
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gevent
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from sqlalchemy import func, select

from leadcapture import clock, db, ids, tables
from leadcapture.chat import operations, queries, rules
from leadcapture.chat.models import Conversation, Message, Visitor
from leadcapture.chat.protocol import Incoming
from leadcapture.errors import Conflict
from tests.conftest import add_people

NOW = datetime(2026, 3, 4, 10, 30, tzinfo=UTC)


@cache
def populated() -> SimpleNamespace:
    """The people, and in `path` a database that knows them, to be copied."""
    path = Path(tempfile.mkdtemp()) / "people.db"
    database = db.Database(f"sqlite:///{path}")
    tables.upgrade(database.engine)
    people: SimpleNamespace = database.write(add_people, NOW)
    database.close()
    people.path = path
    return people


class Conversations(RuleBasedStateMachine):
    """Visitor and operators do whatever comes to their minds; the numbers must not mind."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        path = Path(self.folder.name) / "chat.db"
        people = populated()
        shutil.copy(people.path, path)
        self.database = db.Database(f"sqlite:///{path}")
        self.now = NOW
        self.people = people
        self.visitor = ids.new("visitor")
        self.conversation: str | None = None
        self.sent: dict[tuple[str, str, str], dict[str, Any]] = {}  # (conversation, who, client id): acknowledgement
        self.fresh = (f"c{number}" for number in itertools.count())

    def teardown(self) -> None:
        self.database.close()
        self.folder.cleanup()

    def write(self, operation: Callable[..., Any], **arguments: Any) -> Any:
        self.now += timedelta(seconds=1)
        return self.database.write(operation, self.now, **arguments)

    def by_visitor(self, client_id: str) -> None:
        posted = self.write(
            operations.post_by_visitor,
            site_id=self.people.site.id,
            visitor=self.visitor,
            incoming=Incoming(client_id, f"visitor {client_id}"),
            available=True,
        )
        self.conversation = posted.message.conversation
        self.check("visitor", client_id, posted)

    def by_operator(self, client_id: str, kind: str) -> None:
        try:
            posted = self.write(
                operations.post_by_operator,
                **self.alice(),
                incoming=Incoming(client_id, f"operator {client_id}"),
                kind=kind,
            )
        except Conflict:  # the conversation is closed
            return
        self.check("operator", client_id, posted)

    def alice(self) -> dict[str, Any]:
        return {"operator_id": self.people.alice.id, "epoch": 0, "conversation": self.conversation}

    def check(self, who: str, client_id: str, posted: operations.Posted) -> None:
        key = (posted.message.conversation, who, client_id)
        acknowledgement = posted.message.acknowledgement()
        assert posted.first == (key not in self.sent)
        assert self.sent.setdefault(key, acknowledgement) == acknowledgement

    @rule()
    def visitor_writes(self) -> None:
        self.by_visitor(next(self.fresh))

    @precondition(lambda self: self.conversation)
    @rule(kind=st.sampled_from(["reply", "note"]))
    def operator_writes(self, kind: str) -> None:
        self.by_operator(next(self.fresh), kind)

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def somebody_sends_again(self, data: st.DataObject) -> None:
        conversation, who, client_id = data.draw(st.sampled_from(list(self.sent)))
        if conversation != self.conversation:
            return
        self.by_visitor(client_id) if who == "visitor" else self.by_operator(client_id, "reply")

    @precondition(lambda self: self.conversation)
    @rule(days=st.sampled_from([0, 8]))
    def somebody_closes(self, days: int) -> None:
        self.write(operations.close, **self.alice())
        self.now += timedelta(days=days)
        if days:
            self.conversation = None

    @precondition(lambda self: self.conversation)
    @rule()
    def operator_takes(self) -> None:
        self.write(operations.take, **self.alice())

    @rule()
    def nobody_answers(self) -> None:
        self.now += timedelta(minutes=20)
        self.write(operations.unanswered_due, after=60)

    @invariant()
    def numbers_have_no_gaps_and_none_is_there_twice(self) -> None:
        with self.database.read() as session:
            for conversation in session.scalars(select(Conversation)):
                stored = session.scalars(
                    select(Message.seq).where(Message.conversation_id == conversation.id, Message.seq.is_not(None))
                ).all()
                assert sorted(stored) == list(range(1, conversation.last_seq + 1))
                assert conversation.status in rules.STATUSES
            assert session.scalar(select(func.count()).select_from(Message)) == len(self.sent)


Conversations.TestCase.settings = settings(max_examples=12, stateful_step_count=25, deadline=None)
test_numbers_have_no_gaps_whatever_happens = Conversations.TestCase


# ---- at once ---------------------------------------------------------------------------------------------------------


def at_once(calls: list[Callable[[], Any]]) -> list[Any]:
    """Run them together: as greenlets on SQLite, as threads with a connection each on PostgreSQL."""

    def outcome(call: Callable[[], Any]) -> Any:
        try:
            return call()
        except Conflict as refused:
            return refused

    if db.current().sqlite:
        return [greenlet.get() for greenlet in [gevent.spawn(outcome, call) for call in calls]]
    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(outcome, calls))


@pytest.fixture
def everybody(either_database: db.Database, now: datetime) -> SimpleNamespace:
    return db.write(add_people, now)


def ask(people: SimpleNamespace, visitor: str, client_id: str) -> operations.Posted:
    return db.write(
        operations.post_by_visitor,
        clock.now(),
        site_id=people.site.id,
        visitor=visitor,
        incoming=Incoming(client_id, "Hello?"),
        available=True,
    )


@pytest.mark.parametrize("_round", range(3))
def test_first_messages_of_two_tabs_at_once_end_in_one_conversation(everybody: SimpleNamespace, _round: int) -> None:
    visitor = ids.new("visitor")
    posted = at_once([lambda n=number: ask(everybody, visitor, f"tab{n}") for number in range(8)])
    assert len({one.message.conversation for one in posted}) == 1
    assert sorted(one.message.seq for one in posted) == list(range(1, 9))
    with db.read() as session:
        assert session.scalar(select(func.count()).select_from(Visitor)) == 1


def test_the_same_message_sent_at_once_is_stored_once(everybody: SimpleNamespace) -> None:
    visitor = ids.new("visitor")
    posted = at_once([lambda: ask(everybody, visitor, "same") for _ in range(8)])
    assert {one.message.seq for one in posted} == {1}
    assert sum(one.first for one in posted) == 1


def test_of_many_takes_at_once_exactly_one_wins(everybody: SimpleNamespace) -> None:
    conversation = ask(everybody, ids.new("visitor"), "hello").message.conversation

    def take(operator: Any) -> None:
        db.write(operations.take, clock.now(), operator_id=operator.id, epoch=0, conversation=conversation)

    outcomes = at_once([lambda o=operator: take(o) for operator in (everybody.alice, everybody.bob)])
    refused = [outcome for outcome in outcomes if isinstance(outcome, rules.Taken)]
    assert len(refused) == 1
    with db.read() as session:
        thread = queries.thread(session, conversation)
    assert thread is not None
    assert refused[0].by == thread.operator_name
