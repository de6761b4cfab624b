from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from leadcapture import db, i18n, ids
from leadcapture.chat import operations, queries, routing, rules, summaries
from leadcapture.chat.models import Conversation, Message, Visitor
from leadcapture.chat.operations import Posted
from leadcapture.chat.routing import Candidate
from leadcapture.errors import Conflict, Forbidden, NotFound
from leadcapture.i18n import gettext as _
from leadcapture.operators import presence
from leadcapture.operators.models import Membership, Operator
from tests.chat.test_numbering import at_once
from tests.chat.test_operations import Chat
from tests.conftest import add_people

NOW = datetime(2026, 3, 4, 10, 30, tzinfo=UTC)


class Desk(Chat):
    """The team's side of several visitors."""

    def visitor_asks(self, **more: Any) -> Posted:
        """Somebody new writes, a second later than whoever came before."""
        self.now += timedelta(seconds=1)
        return Chat(self.people, self.now).ask(**more)

    def assign(self, by: Operator, posted: Posted, to: Operator | None, note: str = "") -> list[Posted]:
        name = None if to is None else to.public_id
        return self.write(routing.assign, **self.who(by, posted), to=name, note=note)

    def join(self, by: Operator, posted: Posted) -> Posted | None:
        return self.write(routing.join, **self.who(by, posted))

    def give(self, capacity: int = 5) -> list[str]:
        return self.write(routing.assign_due, site_id=self.people.site.id, capacity=capacity, grace=30)

    def with_whom(self, posted: Posted) -> str | None:
        with db.read() as session:
            thread = queries.thread(session, posted.message.conversation)
        return thread.operator_name if thread else None

    def told(self, posted: Posted) -> dict[str, Any]:
        """What the visitor hears of the conversation now."""
        with db.read() as session:
            thread = queries.thread(session, posted.message.conversation)
        assert thread is not None
        return thread.for_visitor()

    def thread(self, posted: Posted) -> list[tuple[int | None, str, str]]:
        """What stands in it for operators: number, kind, text."""
        with db.read() as session:
            thread = queries.thread(session, posted.message.conversation)
            assert thread is not None
            page = queries.operators_page(session, thread, 0)
        return [(message["seq"], message["kind"], message["body"]) for message in page["messages"]]


@pytest.fixture
def desk(either_database: db.Database) -> Desk:
    return Desk(db.write(add_people, NOW), NOW)


@pytest.fixture
def both_here(desk: Desk) -> Desk:
    desk.connect(desk.people.alice, "alice")
    desk.connect(desk.people.bob, "bob")
    return desk


# ---- handing on ------------------------------------------------------------------------------------------------------


def test_a_colleague_gets_the_conversation_with_a_note_and_the_visitor_hears_who_takes_over(desk: Desk) -> None:
    alice, bob = desk.people.alice, desk.people.bob
    posted = desk.visitor_asks()
    desk.take(alice, posted)
    note, told = desk.assign(alice, posted, bob, "He asks for the green one, @Bob.")
    assert desk.with_whom(posted) == "Bob"
    assert desk.thread(posted) == [
        (1, "reply", "Hello?"),
        (None, "note", "He asks for the green one, @Bob."),
        (2, "system", "Bob takes over."),
    ]
    assert note.message.author_name == "Alice"
    assert told.message.for_visitor()["author"] == {"kind": "system", "name": None}
    assert desk.told(posted)["operator"] == {"name": "Bob"}


def test_to_hand_on_again_what_he_has_already_says_nothing_twice(desk: Desk) -> None:
    alice, bob = desk.people.alice, desk.people.bob
    posted = desk.visitor_asks()
    desk.take(alice, posted)
    desk.assign(alice, posted, bob, "For you.")
    assert desk.assign(alice, posted, bob, "For you.") == []
    assert len(desk.thread(posted)) == 3


def test_who_waits_for_anybody_is_not_told_that_somebody_takes_over(desk: Desk) -> None:
    posted = desk.visitor_asks()
    assert desk.assign(desk.people.alice, posted, desk.people.bob) == []
    assert (desk.status(posted), desk.with_whom(posted)) == ("active", "Bob")


def test_the_visitor_is_told_in_their_own_language(desk: Desk) -> None:
    posted = desk.visitor_asks()
    desk.take(desk.people.alice, posted)

    def speaks_arabic(session: Any) -> None:
        session.scalars(select(Visitor)).one().language = "ar"

    db.write(speaks_arabic)
    (told,) = desk.assign(desk.people.alice, posted, desk.people.bob)
    with i18n.speaking("ar"):
        assert told.message.body == _("%(name)s takes over.", name="Bob")


def test_back_to_the_queue_is_to_wait_from_now_on(desk: Desk) -> None:
    alice = desk.people.alice
    posted = desk.visitor_asks()
    desk.reply(alice, posted)
    desk.now += timedelta(minutes=3)
    (note,) = desk.assign(alice, posted, None, "Who knows about bicycles?")
    assert note.message.kind == "note"
    assert (desk.status(posted), desk.with_whom(posted)) == ("waiting", None)
    assert desk.row(posted).waiting_since == desk.now
    assert desk.told(posted)["place"] == 1
    assert desk.assign(alice, posted, None, "Who knows about bicycles?") == []


def test_a_closed_conversation_is_handed_to_nobody(desk: Desk) -> None:
    posted = desk.visitor_asks()
    desk.write(operations.close, **desk.who(desk.people.alice, posted))
    with pytest.raises(Conflict, match="closed"):
        desk.assign(desk.people.alice, posted, desk.people.bob)
    with pytest.raises(Conflict, match="closed"):
        desk.join(desk.people.alice, posted)


def test_the_outsider_neither_hands_on_nor_joins(desk: Desk) -> None:
    charlie = desk.people.charlie
    posted = desk.visitor_asks()
    for attempt in (
        lambda: desk.assign(charlie, posted, charlie),
        lambda: desk.assign(charlie, posted, None, "A note"),
        lambda: desk.assign(desk.people.alice, posted, charlie, "A note"),
        lambda: desk.join(charlie, posted),
    ):
        with pytest.raises(NotFound):
            attempt()
    assert len(desk.thread(posted)) == 1


# ---- joining ---------------------------------------------------------------------------------------------------------


def test_a_supervisor_joins_once_and_everybody_knows(desk: Desk) -> None:
    alice, bob = desk.people.alice, desk.people.bob
    posted = desk.visitor_asks()
    desk.take(bob, posted)
    joined = desk.join(alice, posted)
    assert joined is not None
    assert (joined.message.seq, joined.message.body) == (2, "Alice has joined.")
    assert desk.join(alice, posted) is None
    assert desk.told(posted)["joined"] == ["Alice"]
    assert desk.told(posted)["operator"] == {"name": "Bob"}
    with db.read() as session:
        found = summaries.one(session, posted.message.conversation)
    assert found is not None
    assert found[1]["joined"] == ["Alice"]
    # Her replies are replies beside Bob's: the conversation stays his.
    desk.reply(alice, posted)
    assert desk.with_whom(posted) == "Bob"


def test_who_takes_what_they_joined_has_not_joined_beside_themselves(desk: Desk) -> None:
    posted = desk.visitor_asks()
    desk.take(desk.people.bob, posted)
    desk.join(desk.people.alice, posted)
    desk.assign(desk.people.bob, posted, desk.people.alice)
    assert desk.told(posted)["joined"] == []


def test_a_conversation_that_opens_again_begins_without_those_who_had_joined(desk: Desk) -> None:
    posted = desk.ask()
    desk.take(desk.people.bob, posted)
    desk.join(desk.people.alice, posted)
    desk.write(operations.close, **desk.who(desk.people.bob, posted))
    assert desk.told(posted)["joined"] == []
    desk.ask("One more thing")
    assert desk.told(posted)["joined"] == []
    assert desk.join(desk.people.alice, posted) is not None


def test_an_operator_who_supervises_nobody_does_not_join(desk: Desk) -> None:
    posted = desk.visitor_asks()
    with pytest.raises(Forbidden) as refused:
        desk.join(desk.people.bob, posted)
    assert refused.value.code == "not_allowed"


# ---- the places of the queue -----------------------------------------------------------------------------------------


def test_places_count_from_one_and_who_is_taken_leaves_the_queue(desk: Desk) -> None:
    asked = [desk.visitor_asks() for _number in range(4)]
    assert [desk.told(posted)["place"] for posted in asked] == [1, 2, 3, 4]
    desk.take(desk.people.alice, asked[1])
    assert [desk.told(posted)["place"] for posted in asked] == [1, None, 2, 3]
    with db.read() as session:
        places = routing.places(session, desk.people.site.id)
        assert routing.places(session, desk.people.other_site.id) == {}
    told = {posted.message.conversation: desk.told(posted)["place"] for posted in asked}
    assert places == {conversation: place for conversation, place in told.items() if place}


# ---- giving to who is free -------------------------------------------------------------------------------------------

candidates = st.lists(
    st.builds(
        Candidate,
        operator_id=st.integers(1, 9),
        load=st.integers(0, 6),
        assigned_at=st.datetimes(timezones=st.just(UTC)),
    ),
    unique_by=lambda candidate: candidate.operator_id,
)


@given(candidates, st.integers(1, 6), st.none() | st.integers(1, 9))
def test_nobody_gets_more_than_the_cap_the_last_one_comes_first_then_who_has_least(
    team: list[Candidate], capacity: int, last: int | None
) -> None:
    chosen = routing.choose(team, capacity=capacity, last=last)
    free = {candidate.operator_id: candidate for candidate in team if candidate.load < capacity}
    if not free:
        assert chosen is None
    elif last in free:
        assert chosen == last
    else:
        assert chosen is not None
        assert free[chosen].load == min(candidate.load for candidate in free.values())
    shuffled = random.Random(capacity).sample(team, len(team))
    assert routing.choose(shuffled, capacity=capacity, last=last) == chosen


def test_conversations_go_round_and_what_is_too_many_waits_for_who_gets_free(both_here: Desk) -> None:
    desk = both_here
    asked = [desk.visitor_asks() for _number in range(5)]
    assert desk.give(capacity=2) == [posted.message.conversation for posted in asked[:4]]
    names = [desk.with_whom(posted) for posted in asked]
    assert names[4] is None
    assert sorted(names[:2]) == sorted(names[2:4]) == ["Alice", "Bob"]
    assert desk.told(asked[4])["place"] == 1
    assert desk.give(capacity=2) == []
    desk.write(operations.close, **desk.who(desk.people.alice, asked[names.index("Alice")]))
    assert desk.give(capacity=2) == [asked[4].message.conversation]
    assert desk.with_whom(asked[4]) == "Alice"


def test_who_comes_back_gets_the_operator_of_last_time(both_here: Desk) -> None:
    desk = both_here
    for operator in (desk.people.alice, desk.people.bob):
        visitor = Desk(desk.people, desk.now)
        before = visitor.ask()
        desk.take(operator, before)
        desk.write(operations.close, **desk.who(operator, before))
        later = visitor.ask("One more thing")
        desk.give()
        assert desk.with_whom(later) == operator.name


def test_who_comes_back_after_weeks_gets_the_operator_of_last_time(both_here: Desk) -> None:
    desk = both_here
    before = desk.ask()
    desk.take(desk.people.bob, before)
    desk.write(operations.close, **desk.who(desk.people.bob, before))
    desk.now += timedelta(days=20)
    db.write(presence.heard, desk.now, [])
    desk.connect(desk.people.alice, "alice again")
    desk.connect(desk.people.bob, "bob again")
    later = desk.ask("It is me again")
    assert later.message.conversation != before.message.conversation
    desk.give()
    assert desk.with_whom(later) == "Bob"


def test_nobody_is_given_anything_who_is_away_idle_or_gone(both_here: Desk) -> None:
    desk = both_here
    posted = desk.visitor_asks()
    db.write(presence.set_idle, desk.now, "alice", True)
    db.write(presence.set_available, desk.now, desk.people.bob.id, False)
    assert desk.give() == []
    db.write(presence.set_idle, desk.now, "alice", False)
    desk.now += timedelta(seconds=31)
    assert desk.give() == []  # nothing was heard of her
    db.write(presence.heard, desk.now, ["alice"])
    assert desk.give() == [posted.message.conversation]
    assert desk.with_whom(posted) == "Alice"


def test_a_quiet_conversation_takes_nobodys_time(both_here: Desk) -> None:
    desk = both_here
    db.write(presence.set_available, desk.now, desk.people.bob.id, False)
    desk.take(desk.people.alice, desk.visitor_asks())
    posted = desk.visitor_asks()
    assert desk.give(capacity=1) == []
    desk.now += routing.QUIET_AFTER
    db.write(presence.heard, desk.now, ["alice"])
    assert desk.give(capacity=1) == [posted.message.conversation]


def test_processes_that_give_at_once_give_each_conversation_once_and_nobody_too_many(both_here: Desk) -> None:
    desk = both_here
    asked = [desk.visitor_asks() for _number in range(8)]
    given = at_once([lambda: desk.give(capacity=3) for _process in range(4)])
    flat = [conversation for one in given for conversation in one]
    assert sorted(flat) == sorted({posted.message.conversation for posted in asked[:6]})
    with db.read() as session:
        loads = routing.loads(session, desk.now, [desk.people.alice.id, desk.people.bob.id])
    assert set(loads.values()) == {3}


def test_taking_and_giving_at_once_end_with_one_operator(both_here: Desk) -> None:
    desk = both_here
    posted = desk.visitor_asks()
    outcomes = at_once([desk.give, lambda: desk.take(desk.people.bob, posted), desk.give])
    taken = [outcome for outcome in outcomes if isinstance(outcome, rules.Taken)]
    given = [outcome for outcome in outcomes if isinstance(outcome, list) and outcome]
    assert len(given) <= 1
    assert all(refused.by == desk.with_whom(posted) for refused in taken)
    assert desk.with_whom(posted) in ("Alice", "Bob")


def test_handing_on_twice_at_once_tells_the_visitor_each_change_once(desk: Desk) -> None:
    alice, bob = desk.people.alice, desk.people.bob
    posted = desk.visitor_asks()
    desk.take(alice, posted)
    at_once([lambda: desk.assign(alice, posted, bob, "For you.") for _press in range(4)])
    with db.read() as session:
        kinds = sorted(session.scalars(select(Message.kind)))
    assert kinds == ["note", "reply", "system"]
    assert desk.row(posted).last_seq == 2


# ---- who went away ---------------------------------------------------------------------------------------------------


def test_an_idle_operators_visitor_is_not_kept_waiting(both_here: Desk) -> None:
    desk = both_here
    posted, silent = desk.visitor_asks(), desk.visitor_asks()
    for one in (posted, silent):
        desk.take(desk.people.alice, one)
    desk.reply(desk.people.alice, silent)
    db.write(presence.set_idle, desk.now, "alice", True)
    # Whose turn it is: the one who waits for an answer gets somebody else, the other one keeps her.
    assert desk.abandon() == [posted.message.conversation]
    assert desk.status(posted) == "waiting"
    assert (desk.status(silent), desk.with_whom(silent)) == ("active", "Alice")


def test_the_last_operator_is_remembered_when_nobody_answers_any_more(both_here: Desk) -> None:
    desk = both_here
    posted = desk.visitor_asks()
    desk.reply(desk.people.bob, posted)
    db.write(presence.signed_out, desk.now, desk.people.bob.id, "")
    assert desk.abandon() == [posted.message.conversation]
    assert desk.row(posted).operator_id is None
    assert desk.row(posted).last_operator_id == desk.people.bob.id


def test_an_admin_supervises_as_an_owner_does(desk: Desk) -> None:
    def promote(session: Any) -> None:
        session.scalars(select(Membership).where(Membership.operator_id == desk.people.bob.id)).one().role = "admin"

    db.write(promote)
    posted = desk.visitor_asks()
    desk.take(desk.people.alice, posted)
    assert desk.join(desk.people.bob, posted) is not None


def test_someone_elses_conversation_id_is_nobodys(desk: Desk, now: datetime) -> None:
    missing = SimpleNamespace(message=SimpleNamespace(conversation=ids.new("conversation")))
    with pytest.raises(NotFound):
        desk.join(desk.people.alice, missing)  # type: ignore[arg-type]  # only the id matters
    with db.read() as session:
        assert session.scalar(select(func.count()).select_from(Conversation)) == 0
