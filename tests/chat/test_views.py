"""Views: what stands under a filter, how many that are, and who sees which saved one."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from leadcapture import db
from leadcapture.chat import filters, listing, mentions, operations, views
from leadcapture.chat.filters import BUILT_IN, Filter
from leadcapture.chat.models import Conversation, Message, Visitor
from leadcapture.chat.protocol import QUEUE_PAGE, Incoming
from leadcapture.errors import Invalid, NotFound
from tests.chat.desk import Desk
from tests.servers import ROOT


def test_each_view_shows_what_it_says_and_counts_it(desk: Desk) -> None:
    alice, bob = desk.people.alice, desk.people.bob
    waiting = desk.ask()
    mine = desk.ask(status="active", operator_id=alice.id)
    bobs = desk.ask(status="active", operator_id=bob.id)
    missed = desk.ask(status="unanswered", missed_at=desk.now)
    aside = desk.ask(status="active", operator_id=alice.id, snoozed_until=desk.now + timedelta(hours=1))
    closed = desk.ask(status="closed", closed_at=desk.now)
    desk.ask(site=desk.people.other_site)

    assert desk.under(BUILT_IN["open"]) == {waiting, mine, bobs, missed}
    assert desk.under(BUILT_IN["mine"]) == {mine}
    assert desk.under(BUILT_IN["mine"], bob) == {bobs}
    assert desk.under(BUILT_IN["unassigned"]) == {waiting, missed}
    assert desk.under(BUILT_IN["missed"]) == {missed}
    assert desk.under(BUILT_IN["snoozed"]) == {aside}
    assert desk.under(BUILT_IN["closed"]) == {closed}
    assert desk.counts() == {
        "open": 4, "mine": 1, "unassigned": 2, "missed": 1, "snoozed": 1, "mentions": 0, "held": 0, "closed": 1,
    }  # fmt: skip


def test_mentions_are_listed_for_good_and_counted_until_they_are_seen(desk: Desk) -> None:
    alice, bob = desk.people.alice, desk.people.bob
    conversation = desk.ask(status="closed")
    posted = db.write(
        operations.post_by_operator, desk.now, **desk.who(alice), conversation=conversation,
        incoming=Incoming("note", "@Bob please look"), kind="note",
    )  # fmt: skip
    noted = {"site_id": desk.people.site.id, "message_id": posted.message.id, "text": "@Bob please look"}
    db.write(mentions.note, desk.now, **noted)
    assert desk.under(BUILT_IN["mentions"], bob) == {conversation}
    assert desk.under(BUILT_IN["mentions"], alice) == set()
    assert desk.counts(operator=bob)["mentions"] == 1
    db.write(mentions.seen, desk.now, **desk.who(bob), message=posted.message.id)
    assert desk.counts(operator=bob)["mentions"] == 0
    assert desk.under(BUILT_IN["mentions"], bob) == {conversation}
    taken_back = update(Message).where(Message.public_id == posted.message.id).values(deleted_at=desk.now, body="")
    db.write(lambda session: session.execute(taken_back))
    assert desk.under(BUILT_IN["mentions"], bob) == set()


def test_filters_narrow_what_is_shown(desk: Desk) -> None:
    bob = desk.people.bob
    arabic = desk.ask(language="ar", minutes=5)
    rated = desk.ask(status="closed", stars=4, minutes=10)
    question = desk.ask(kind="question", status="unanswered", minutes=15)
    read = desk.ask(operator_seen=1, status="active", operator_id=bob.id, minutes=20)
    db.write(listing.tag, desk.now, **desk.who(bob), chosen=[arabic, rated], add=["VIP"], remove=[])

    everything = {"where": "all"}
    for said, expected in [
        ({"language": "ar"}, {arabic}),
        ({"rated": True}, {rated}),
        ({"kind": "question"}, {question}),
        ({"unread": True}, {arabic, rated, question}),
        ({"operator": bob.public_id}, {read}),
        ({"operator": "none"}, {arabic, rated, question}),
        ({"tag": "VIP"}, {arabic, rated}),
        ({"tag": "VIP", "where": "open"}, {arabic}),
        ({"statuses": ["unanswered", "active"]}, {question, read}),
        ({"site": desk.people.site.key}, {arabic, rated, question, read}),
        ({"site": desk.people.other_site.key}, set()),
        ({"since": (desk.now + timedelta(minutes=10)).isoformat()}, {rated, question, read}),
        ({"until": (desk.now + timedelta(minutes=10)).isoformat()}, {arabic}),
        ({}, {arabic, rated, question, read}),
    ]:
        which = filters.read(everything | said)
        assert desk.under(which) == expected, said
        assert desk.counts({"asked": which}) == {"asked": len(expected)}, said
        assert filters.read(which.wire()) == which


@pytest.mark.parametrize(
    "given",
    [None, [], "open", {"where": "nowhere"}, {"operator": 3}, {"tag": "x" * 41}, {"since": "yesterday"},
     {"unread": 1.5}, {"since": "2026-03-04T10:30:00"}, {"statuses": ["gone"]}, {"statuses": "open"},
     {"whatever": True}, {3: 4}],
)  # fmt: skip
def test_what_is_no_filter_is_refused(given: object) -> None:
    with pytest.raises(Invalid):
        filters.read(given)


def test_pages_follow_each_other_without_a_gap_and_begin_with_those_who_wait(desk: Desk) -> None:
    first = desk.ask()  # the longest to wait, and the furthest down by its activity
    row = {"status": "active", "operator_id": desk.people.alice.id, "waiting_since": None}
    others = [desk.ask(minutes=1 + number // 2, **row) for number in range(QUEUE_PAGE + 7)]
    page, cursor = desk.page(BUILT_IN["open"])
    desk.ask(minutes=500)
    rest, end = desk.page(BUILT_IN["open"], before=cursor)
    assert end is None
    assert page[0] == first
    assert [one for one in page + rest if one != first] == others[::-1]
    assert rest[-1] == first
    with pytest.raises(Invalid):
        desk.page(BUILT_IN["open"], before="not|ours")


def test_saved_views_are_ones_own_or_everybodys_of_the_site(desk: Desk) -> None:
    alice, bob, charlie = desk.people.alice, desk.people.bob, desk.people.charlie
    save = {"which": Filter(tag="VIP"), "name": "Important"}
    own = db.write(views.save, desk.now, **desk.who(alice), shared=False, **save)
    shared = db.write(views.save, desk.now, **desk.who(alice), which=Filter(rated=True), name="Rated", shared=True)
    assert desk.saved(alice) == ["Important", "Rated"]
    assert desk.saved(bob) == ["Rated"]
    assert desk.saved(charlie, desk.people.other_site) == []
    sites = [desk.people.site.id]
    with db.read() as session:
        assert views.view(session, sites, alice.id, own.id) == Filter(tag="VIP")
        with pytest.raises(NotFound):
            views.view(session, sites, bob.id, own.id)
        with pytest.raises(NotFound):
            views.view(session, [desk.people.other_site.id], charlie.id, shared.id)
    for stranger, view in ((bob, own), (charlie, own), (charlie, shared)):
        with pytest.raises(NotFound):
            db.write(views.drop, desk.now, **desk.who(stranger), public_id=view.id)
    theirs = Filter(site=desk.people.site.key)
    with pytest.raises(NotFound):
        db.write(views.save, desk.now, **desk.who(charlie), which=theirs, name="Theirs", shared=True)
    # Of the same name the newer one stays.
    db.write(views.save, desk.now, **desk.who(alice), which=Filter(rated=True), name="Important", shared=False)
    assert desk.saved(alice) == ["Important", "Rated"]
    db.write(views.drop, desk.now, **desk.who(bob), public_id=shared.id)
    assert desk.saved(alice) == ["Important"]


def test_the_browser_knows_the_same_views() -> None:
    known = json.loads((ROOT / "widget/src/inbox/views.json").read_text())
    assert known == {name: which.wire() for name, which in BUILT_IN.items()}


STATUS = st.sampled_from(["waiting", "active", "unanswered", "closed"])
FILTERS = st.builds(
    Filter,
    where=st.sampled_from(filters.WHERE),
    statuses=st.sets(STATUS, max_size=2).map(lambda chosen: tuple(sorted(chosen))),
    operator=st.sampled_from(["", "me", "none"]),
    language=st.sampled_from(["", "ar"]),
    kind=st.sampled_from(["", "chat"]),
    unread=st.booleans(),
    missed=st.booleans(),
    rated=st.booleans(),
)


@pytest.fixture
def mixed(desk: Desk) -> Desk:
    """An inbox in which most combinations occur."""
    for number, status in enumerate(["waiting", "active", "unanswered", "closed"] * 4):
        desk.ask(
            status=status,
            language="ar" if number % 3 == 0 else "en",
            operator_id=desk.people.alice.id if number % 5 == 0 else None,
            snoozed_until=desk.now if number % 7 == 0 else None,
            missed_at=desk.now if status == "unanswered" else None,
            stars=3 if number % 4 == 1 else None,
            operator_seen=number % 2,
            held_at=desk.now if number % 6 == 1 else None,
        )
    return desk


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(FILTERS)
def test_a_count_is_how_many_are_shown(mixed: Desk, which: Filter) -> None:
    shown = mixed.under(which)
    assert mixed.counts({"asked": which, "open": Filter()})["asked"] == len(shown)
    with db.read() as session:
        rows = session.execute(
            select(Conversation, Visitor.language).join(Visitor, Visitor.id == Conversation.visitor_id)
        ).all()
    expected = {row.public_id for row, language in rows if _fits(row, language, which, mixed.people.alice.id)}
    assert shown == expected


def _fits(row: Conversation, language: str, which: Filter, me: int) -> bool:
    """The filter said once more, in plain words."""
    closed, aside = row.status == "closed", row.snoozed_until is not None
    where = {"open": not closed and not aside, "snoozed": not closed and aside, "closed": closed, "all": True}
    return (
        (row.held_at is not None if which.where == "held" else row.held_at is None and where[which.where])
        and (not which.statuses or row.status in which.statuses)
        and (which.operator != "me" or row.operator_id == me)
        and (which.operator != "none" or row.operator_id is None)
        and which.language in ("", language)
        and which.kind in ("", row.kind)
        and (not which.unread or row.last_seq > row.operator_seen)
        and (not which.missed or row.missed_at is not None)
        and (not which.rated or row.stars is not None)
    )
