"""What is done to conversations in the list, one or many at once, and what charlie gets of it: nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from leadcapture import db, ids
from leadcapture.chat import filters, listing, operations, tags, views
from leadcapture.chat.filters import BUILT_IN
from leadcapture.chat.listing import Done
from leadcapture.chat.models import Conversation
from leadcapture.chat.protocol import Incoming
from leadcapture.errors import Invalid, NotFound
from tests.chat.desk import Desk
from tests.chat.talk import ChatService, Client


def row(public_id: str) -> Conversation:
    with db.read() as session:
        return session.scalars(select(Conversation).where(Conversation.public_id == public_id)).one()


def do(
    desk: Desk, operation: Any, operator: Any, chosen: list[str], *, at: datetime | None = None, **more: Any
) -> Done:
    done: Done = db.write(operation, at or desk.now, **desk.who(operator), chosen=chosen, **more)
    return done


def test_what_is_put_aside_leaves_the_open_list_and_comes_back_at_its_time(desk: Desk) -> None:
    alice, later = desk.people.alice, desk.now + timedelta(hours=3)
    conversation = desk.ask()
    assert do(desk, listing.snooze, alice, [conversation], until=later).done == [conversation]
    assert desk.under(BUILT_IN["open"]) == set()
    assert desk.under(BUILT_IN["snoozed"]) == {conversation}
    # Whoever put it aside has answered for it: nobody else is called meanwhile, and it is not let go of.
    assert (row(conversation).status, row(conversation).operator_id) == ("active", alice.id)
    assert row(conversation).waiting_since is None
    assert db.write(operations.abandoned_due, desk.now, closed_sites={desk.people.site.id}, grace=30) == []

    assert db.write(listing.snoozed_due, later - timedelta(seconds=1)) == []
    assert db.write(listing.snoozed_due, later) == [conversation]
    assert db.write(listing.snoozed_due, later) == []
    assert desk.under(BUILT_IN["mine"]) == {conversation}
    assert row(conversation).active_at == later


def test_what_is_put_aside_comes_back_when_the_visitor_writes(desk: Desk) -> None:
    visitor = ids.new("visitor")

    def ask(client_id: str) -> Any:
        return db.write(
            operations.post_by_visitor, desk.now, site_id=desk.people.site.id, visitor=visitor,
            incoming=Incoming(client_id, "Hello?"), available=True,
        )  # fmt: skip

    conversation = ask("one").message.conversation
    do(desk, listing.snooze, desk.people.alice, [conversation], until=desk.now + timedelta(days=1))
    again = ask("two")
    assert again.moved
    assert desk.under(BUILT_IN["mine"]) == {conversation}
    assert row(conversation).waiting_since == desk.now


def test_it_can_be_brought_back_by_hand_and_only_times_to_come_are_taken(desk: Desk) -> None:
    alice = desk.people.alice
    conversation, closed = desk.ask(), desk.ask(status="closed")
    for until in (desk.now, desk.now - timedelta(days=1), desk.now + timedelta(days=400)):
        with pytest.raises(Invalid):
            do(desk, listing.snooze, alice, [conversation], until=until)
    chosen = [conversation, closed]
    assert do(desk, listing.snooze, alice, chosen, until=desk.now + timedelta(hours=1)) == Done(
        [conversation], [closed]
    )
    assert do(desk, listing.snooze, alice, chosen, until=None) == Done([conversation], [closed])
    assert desk.under(BUILT_IN["open"]) == {conversation}


def test_many_are_closed_read_and_handed_over_at_once(desk: Desk) -> None:
    alice, bob, charlie = desk.people.alice, desk.people.bob, desk.people.charlie
    chosen = [desk.ask() for _ in range(3)]
    foreign = desk.ask(site=desk.people.other_site)
    everything = [*chosen, foreign, "cnv_nothing"]

    assert do(desk, listing.seen, alice, everything) == Done(chosen, [foreign, "cnv_nothing"])
    assert [row(one).operator_seen for one in chosen] == [1, 1, 1]
    assert do(desk, listing.assign, alice, everything, to=bob.public_id).done == chosen
    assert {row(one).operator_id for one in chosen} == {bob.id}
    for nobody in (charlie.public_id, "opr_nobody"):
        with pytest.raises(NotFound):
            do(desk, listing.assign, alice, everything, to=nobody)
    assert do(desk, listing.close, alice, everything).done == chosen
    assert do(desk, listing.close, alice, everything).done == []
    assert {row(one).status for one in chosen} == {"closed"}
    assert row(foreign).status == "waiting"


def test_tags_are_put_on_and_taken_off_and_known_to_the_site(desk: Desk) -> None:
    alice, site, other = desk.people.alice, desk.people.site, desk.people.other_site
    chosen = [desk.ask(), desk.ask()]
    do(desk, listing.tag, alice, chosen, add=["VIP", "Refund"], remove=[])
    do(desk, listing.tag, alice, chosen[:1], add=["vip", "Later"], remove=["refund"])
    with db.read() as session:
        assert tags.of(session, chosen[0]) == ["Later", "VIP"]
        assert tags.of(session, chosen[1]) == ["Refund", "VIP"]
        assert views.known_tags(session, [site.id, other.id]) == {site.key: ["Later", "Refund", "VIP"]}
        (summary,) = [
            one for one in views.page(session, [site.id], alice.id, BUILT_IN["open"])[0] if one["id"] == chosen[0]
        ]
    assert summary["tags"] == ["Later", "VIP"]


def test_tags_are_single_lines_each_once() -> None:
    assert filters.tags(["  very \n important ", "VIP", "vip", "", "x" * 60]) == ["very important", "vip", "x" * 40]
    for given in ("VIP", [1], ["x"] * 21):
        with pytest.raises(Invalid):
            filters.tags(given)


# ---- as events -------------------------------------------------------------------------------------------------------


@pytest.fixture
def alice(chat: ChatService) -> Iterator[Client]:
    client = chat.operator(chat.people.alice)
    yield client
    client.leave()


def test_an_operator_works_with_lists_by_events(chat: ChatService, alice: Client) -> None:
    bob = chat.operator(chat.people.bob)
    visitor = chat.visitor()
    conversation = visitor.say("A kettle with a blue lid")["conversation"]
    listed = alice.emit("list", {"view": "unassigned"})
    assert conversation in [summary["id"] for summary in listed["conversations"]]
    assert conversation in [one["id"] for one in alice.emit("list", {"filter": {"where": "open"}})["conversations"]]
    assert conversation in [one["id"] for one in alice.emit("list", {"status": "all"})["conversations"]]

    hit = alice.emit("search", {"text": '"blue lid"'})["hits"][0]
    assert hit["conversation"]["id"] == conversation
    assert ["blue lid", True] in hit["message"]["snippet"]

    assert alice.emit("tag", {"conversation": conversation, "add": ["VIP"]})["summary"]["tags"] == ["VIP"]
    bob.hear("conversation", lambda told: told["id"] == conversation and told["tags"] == ["VIP"])
    until = (datetime.now().astimezone() + timedelta(hours=1)).isoformat()
    assert alice.emit("snooze", {"conversation": conversation, "until": until})["summary"]["snoozed_until"]
    assert alice.emit("counts")["counts"]["snoozed"] == 1
    assert alice.emit("bulk", {"conversations": [conversation], "action": "snooze", "until": None})["done"] == [
        conversation
    ]

    view = alice.emit("save_view", {"name": "Important", "filter": {"tag": "VIP"}, "shared": True})["view"]
    bob.hear("counts")
    told = bob.emit("counts")
    assert [one["name"] for one in told["views"]] == ["Important"]
    assert told["counts"][view["id"]] == 1
    assert told["tags"] == {chat.people.site.key: ["VIP"]}
    assert [one["id"] for one in bob.emit("list", {"view": view["id"]})["conversations"]] == [conversation]
    assert bob.emit("drop_view", {"view": view["id"]})["ok"]

    did = alice.emit("bulk", {"conversations": [conversation, "cnv_nothing"], "action": "close"})
    assert (did["done"], did["left"]) == ([conversation], ["cnv_nothing"])
    visitor.hear("conversation", lambda told: told["status"] == "closed")


def test_charlie_gets_nothing_out_of_lists(chat: ChatService, alice: Client) -> None:
    conversation = chat.visitor().say("A teapot of ours")["conversation"]
    view = alice.emit("save_view", {"name": "Ours", "filter": {}, "shared": True})["view"]
    charlie = chat.operator(chat.people.charlie)
    for event, payload in [
        ("snooze", {"conversation": conversation, "until": None}),
        ("tag", {"conversation": conversation, "add": ["theirs"]}),
        ("list", {"view": view["id"]}),
        ("drop_view", {"view": view["id"]}),
        ("save_view", {"name": "x", "filter": {"site": chat.people.site.key}, "shared": True}),
    ]:
        assert charlie.emit(event, payload)["error"]["code"] == "not_found", event
    for action in ("close", "seen", "tag", "snooze"):
        payload = {"conversations": [conversation], "action": action, "add": ["theirs"]}
        assert charlie.emit("bulk", payload)["done"] == [], action
    assigned = {"conversations": [conversation], "action": "assign", "operator": chat.people.charlie.public_id}
    assert charlie.emit("bulk", assigned).get("done") == []
    assert charlie.emit("search", {"text": "teapot"})["hits"] == []
    assert charlie.emit("list", {"status": "all"})["conversations"] == []
    told = charlie.emit("counts")
    assert (told["views"], told["tags"]) == ([], {})
    assert not any(told["counts"].values())
    assert alice.emit("sync", {"conversation": conversation})["summary"]["tags"] == []


def test_what_makes_no_sense_is_refused_with_a_word(alice: Client) -> None:
    for event, payload in [
        ("bulk", {"conversations": [], "action": "close"}),
        ("bulk", {"conversations": ["x"] * 501, "action": "close"}),
        ("bulk", {"conversations": "x", "action": "close"}),
        ("bulk", {"conversations": ["cnv_x"], "action": "erase"}),
        ("bulk", {"conversations": ["cnv_x"], "action": "snooze", "until": "soon"}),
        ("list", {"filter": {"where": 3}}),
        ("list", {"before": "not|ours"}),
        ("search", {"text": 3}),
        ("search", {"text": "x", "before": "-1"}),
        ("save_view", {"name": " ", "filter": {}, "shared": True}),
        ("save_view", {"name": "x", "filter": [], "shared": True}),
    ]:
        assert alice.emit(event, payload)["error"]["code"] == "bad_request", (event, payload)
