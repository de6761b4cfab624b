"""Ordinary messages of many are stored together; what is stored and told is the same as of one alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import gevent
import pytest

from leadcapture import db
from leadcapture.chat import blocking, operations, ordinary, posting, queries
from leadcapture.chat.operations import Posted
from leadcapture.chat.ordinary import ByOperator, ByVisitor
from leadcapture.chat.protocol import Incoming
from tests.chat.desk import Desk
from tests.conftest import add_people

PAGE = "https://shop.example.org/"


def conversation(desk: Desk, visitor: str, *, taken: bool = True) -> str:
    """One that goes on: the visitor has said enough to be known, and alice has taken it."""
    for number in range(3):
        posted = db.write(
            posting.by_visitor, desk.now, site_id=desk.people.site.id, visitor=visitor,
            incoming=Incoming(f"c{number}", "Hello"), available=True, language="en",
        )  # fmt: skip
    found = posted.message.conversation
    if taken:
        db.write(operations.take, desk.now, **desk.who(desk.people.alice), conversation=found)
    return str(found)


def visitor_says(desk: Desk, visitor: str, incoming: Incoming) -> ByVisitor:
    return ByVisitor(desk.now, desk.people.site.id, visitor, incoming, True)


def operator_says(desk: Desk, public_id: str, incoming: Incoming, kind: str = "reply") -> ByOperator:
    alice = desk.people.alice
    return ByOperator(desk.now, alice.id, alice.session_epoch, public_id, incoming, kind)


def told(posted: Posted) -> Posted:
    """What is told of it, but for the id made at random."""
    return replace(posted, message=replace(posted.message, id="any"), answering=None)


def test_it_is_stored_and_told_as_one_alone(desk: Desk) -> None:
    together, alone = conversation(desk, "vis_a"), conversation(desk, "vis_b")
    said = Incoming("m1", "My card is 4111 1111 1111 1111", PAGE)
    replied = Incoming("m2", "Never say that here")
    first = db.gathered(ordinary.post, visitor_says(desk, "vis_a", said))
    second = db.gathered(ordinary.post, operator_says(desk, together, replied))
    assert first is not None
    assert second is not None
    same_first = db.write(
        posting.by_visitor,
        desk.now,
        site_id=desk.people.site.id,
        visitor="vis_b",
        incoming=said,
        available=True,
        language="en",
    )
    same_second = db.write(
        posting.by_operator, desk.now, **desk.who(desk.people.alice), conversation=alone, incoming=replied, kind="reply"
    )
    for mine, other in ((first, same_first), (second, same_second)):
        assert told(mine) == replace(
            told(other), visitor="vis_a", message=replace(told(other).message, conversation=together)
        )
        assert mine.answering == desk.people.alice.id
    with db.read() as session:
        threads = [queries.thread(session, one) for one in (together, alone)]
        assert threads[0] is not None
        assert threads[1] is not None
        pages = [queries.operators_page(session, thread, 0)["messages"] for thread in threads if thread]
    mine, others = ([{**message, "id": "any", "conversation": "any"} for message in page] for page in pages)
    assert mine == others
    assert "4111 1111" not in str(pages)


@pytest.mark.parametrize("number", [1, 40])
def test_of_many_at_once_every_number_is_there_once_and_in_order(desk: Desk, number: int) -> None:
    visitors = [f"vis_{one}" for one in range(4)]
    ids = [conversation(desk, visitor) for visitor in visitors]

    def say(at: int) -> Posted | None:
        incoming = Incoming(f"m{at}", f"number {at}")
        if at % 3:
            return db.gathered(ordinary.post, visitor_says(desk, visitors[at % 4], incoming))
        return db.gathered(ordinary.post, operator_says(desk, ids[at % 4], incoming))

    saying = [gevent.spawn(say, at) for at in range(number)]
    gevent.joinall(saying, raise_error=True)
    assert all(one.value is not None for one in saying)
    with db.read() as session:
        for public_id in ids:
            thread = queries.thread(session, public_id)
            assert thread is not None
            seqs = [message.seq for message in queries.visitors_messages(session, thread.id, 0)]
            assert seqs == list(range(1, len(seqs) + 1))
            assert thread.last_seq == len(seqs)


def test_what_is_not_ordinary_is_left_to_its_own_way(desk: Desk) -> None:
    taken, open_ = conversation(desk, "vis_a"), conversation(desk, "vis_b", taken=False)
    conversation(desk, "vis_c")
    db.write(blocking.block, desk.now, **desk.who(desk.people.alice), conversation=taken, hours=1)
    again = Incoming("same", "Hello")
    assert db.gathered(ordinary.post, visitor_says(desk, "vis_c", again)) is not None
    charlie = desk.people.charlie
    letters = [
        visitor_says(desk, "vis_new", Incoming("m", "First")),
        visitor_says(desk, "vis_a", Incoming("m", "Blocked, and closed")),
        visitor_says(desk, "vis_c", again),
        visitor_says(desk, "vis_c", Incoming("m", "", file="fil_x")),
        replace(visitor_says(desk, "vis_c", Incoming("m", "x")), site_id=desk.people.other_site.id),
        operator_says(desk, open_, Incoming("m", "That takes it")),
        operator_says(desk, open_, Incoming("m", "Among us"), kind="note"),
        operator_says(desk, taken, Incoming("m", "Closed")),
        ByOperator(desk.now, charlie.id, charlie.session_epoch, open_, Incoming("m", "An outsider"), "reply"),
        replace(operator_says(desk, open_, Incoming("m", "Signed out")), epoch=99),
    ]
    for letter in letters:
        assert db.gathered(ordinary.post, letter) is None, letter
    with db.read() as session:
        for public_id in (taken, open_):
            thread = queries.thread(session, public_id)
            assert thread is not None
            assert thread.last_seq == 3


def test_one_that_somebody_else_is_changing_waits_for_nobody(postgresql: db.Database, now: datetime) -> None:
    desk = Desk(db.write(add_people, now), now)
    busy, free = conversation(desk, "vis_a"), conversation(desk, "vis_b")
    with postgresql.engine.begin() as other:
        other.exec_driver_sql(f"SELECT id FROM conversations WHERE public_id = '{busy}' FOR UPDATE")
        with gevent.Timeout(5):
            held_up = db.gathered(ordinary.post, visitor_says(desk, "vis_a", Incoming("m", "x")))
            goes_on = db.gathered(ordinary.post, operator_says(desk, free, Incoming("m", "y")))
    assert held_up is None
    assert goes_on is not None


def test_what_breaks_for_all_is_left_to_each(desk: Desk) -> None:
    conversation(desk, "vis_a")
    late = desk.now + timedelta(seconds=1)
    bad = replace(visitor_says(desk, "vis_a", Incoming("m1", "x")), now=late.replace(tzinfo=None))
    good = visitor_says(desk, "vis_a", Incoming("m2", "y"))
    both = [gevent.spawn(db.gathered, ordinary.post, letter) for letter in (bad, good)]
    gevent.joinall(both, raise_error=True)
    assert [one.value for one in both] == [None, None]
    assert db.gathered(ordinary.post, good) is not None
