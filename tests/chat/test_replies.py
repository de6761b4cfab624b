"""Over real sockets: notes stay among operators, edits reach everybody, whoever is blocked is told so."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from leadcapture import db
from leadcapture.chat import queries, transcript
from tests.chat.talk import ChatService, Client, Refused
from tests.servers import wait_for

SECRET = "SECRET of the team"


@pytest.fixture
def connect(chat: ChatService) -> Iterator[Callable[..., Client]]:
    """Connects somebody: an operator by name, or a visitor (None)."""
    clients: list[Client] = []

    def one(name: str | None = None, **auth: Any) -> Client:
        client = chat.visitor(**auth) if name is None else chat.operator(getattr(chat.people, name))
        client.hear("welcome" if name is None else "queue")
        clients.append(client)
        return client

    yield one
    for client in clients:
        client.leave()


def asks(visitor: Client, body: str = "Hello?") -> str:
    return str(visitor.say(body)["conversation"])


def polled(chat: ChatService, token: str, query: str = "after_seq=0&after_rev=0") -> Any:
    path = f"/v1/{chat.people.site.key}/chat/messages?{query}"
    status, answer, _headers = chat.call(path, headers={"Authorization": f"Bearer {token}"})
    assert status == 200
    return answer


def test_a_note_reaches_nobody_but_operators_whatever_is_done_with_it(
    chat: ChatService, connect: Callable[..., Client]
) -> None:
    alice, bob, visitor, charlie = connect("alice"), connect("bob"), connect(), connect("charlie")
    token = visitor.welcome["token"]
    tab = connect(token=token)
    conversation = asks(visitor)
    note = alice.say(f"{SECRET} @Bob", conversation=conversation, kind="note")
    assert note["seq"] is None
    told = bob.hear("mention")
    assert (told["id"], told["by"], told["conversation"]) == (note["id"], "Alice", conversation)
    assert alice.emit("edit", {"message": note["id"], "body": f"{SECRET} again"})["ok"]
    bob.hear("changed", lambda message: message["body"] == f"{SECRET} again" and message["rev"] == 1)
    assert alice.emit("delete", {"message": note["id"]})["ok"]
    bob.hear("changed", lambda message: message["deleted"] and message["body"] == "")
    kept = alice.say(f"{SECRET} for good", conversation=conversation, kind="note")
    bob.hear("message", lambda message: message["id"] == kept["id"])
    assert alice.say("To the visitor", conversation=conversation, kind="reply")["seq"] == 2
    for client in (visitor, tab):
        client.hear("message", lambda message: message["body"] == "To the visitor")  # everything before has come too
        assert client.all("changed") == client.all("mention") == []
    back = connect(token=token, after_seq=0, after_rev=0)
    answers = [
        visitor.heard, tab.heard, back.heard, charlie.heard, back.welcome, polled(chat, token),
        visitor.emit("sync", {"after_seq": 0, "after_rev": 0}),
    ]  # fmt: skip
    assert SECRET not in json.dumps(answers, default=str)
    assert note["id"] not in json.dumps(answers, default=str)
    assert alice.all("mention") == charlie.all("mention") == []

    database = db.Database(f"sqlite:///{chat.folder / 'instance' / 'leadcapture.db'}")
    with database.read() as session:
        thread = queries.thread(session, conversation)
        assert thread is not None
        assert SECRET not in str(transcript.read(session, thread.id, for_visitor=True))
        assert SECRET in str(transcript.read(session, thread.id, notes=True))
    database.close()


def test_an_edit_and_a_deletion_reach_everybody_who_is_there_and_who_comes_back(
    chat: ChatService, connect: Callable[..., Client]
) -> None:
    alice, bob, visitor = connect("alice"), connect("bob"), connect()
    token = visitor.welcome["token"]
    conversation = asks(visitor)
    wrong = alice.say("At nine.", conversation=conversation, kind="reply")
    gone = alice.say("Oops", conversation=conversation, kind="reply")
    known = visitor.emit("sync", {"after_seq": 0, "after_rev": 0})
    edited = alice.emit("edit", {"message": wrong["id"], "body": "At ten."})
    assert (edited["message"]["body"], edited["message"]["operator"]) == ("At ten.", chat.people.alice.public_id)
    assert alice.emit("delete", {"message": gone["id"]})["ok"]
    for client in (visitor, bob):
        heard = client.hear("changed", lambda message: message["id"] == wrong["id"])
        assert heard["edited_at"]
        assert (heard["body"], heard["deleted"], heard["rev"]) == ("At ten.", False, 1)
        assert client.hear("changed", lambda message: message["id"] == gone["id"])["deleted"]
    bob.hear("conversation", lambda summary: summary["id"] == conversation and summary["rev"] == 2)
    after = {"after_seq": known["next"], "after_rev": known["rev"]}
    answers = [
        visitor.emit("sync", after), connect(token=token, **after).welcome,
        polled(chat, token, f"after_seq={known['next']}&after_rev={known['rev']}&wait=20"),
        bob.emit("sync", {"conversation": conversation, **after}),
    ]  # fmt: skip
    for answer in answers:
        assert [(message["id"], message["body"]) for message in answer["changed"]] == [
            (wrong["id"], "At ten."), (gone["id"], ""),
        ]  # fmt: skip
        assert (answer["messages"], answer["rev"]) == ([], 2)
    assert polled(chat, token, "after_seq=3")["changed"] == [], "who does not follow changes is told none"


def test_a_waiting_request_is_answered_by_an_edit(chat: ChatService, connect: Callable[..., Client]) -> None:
    alice, visitor = connect("alice"), connect()
    token = visitor.welcome["token"]
    reply = alice.say("At nine.", conversation=asks(visitor), kind="reply")
    bodies: list[list[str]] = []

    def ask() -> None:
        answer = polled(chat, token, "after_seq=2&after_rev=0&wait=20")
        bodies.append([message["body"] for message in answer["changed"]])

    waiting = threading.Thread(target=ask)
    waiting.start()
    alice.emit("edit", {"message": reply["id"], "body": "At ten."})
    waiting.join(10)
    assert bodies == [["At ten."]]


def test_who_is_blocked_is_told_so_on_every_way(chat: ChatService, connect: Callable[..., Client]) -> None:
    alice, visitor = connect("alice"), connect()
    token = visitor.welcome["token"]
    conversation = asks(visitor)
    assert alice.emit("block", {"conversation": conversation, "hours": 3})["error"]["code"] == "bad_request"
    blocked = alice.emit("block", {"conversation": conversation, "hours": 24})
    assert (blocked["summary"]["blocked"], blocked["summary"]["status"]) == (True, "closed")
    refused = visitor.say("Still here?")
    assert (refused["ok"], refused["error"]["code"]) == (False, "blocked")
    assert refused["error"]["message"]
    with pytest.raises(Refused, match="blocked"):
        chat.visitor(token=token)
    status, answer, _headers = chat.call(
        f"/v1/{chat.people.site.key}/chat/messages", {"client_id": "h1", "body": "By another way"},
        headers={"Authorization": f"Bearer {token}"},
    )  # fmt: skip
    assert (status, answer["error"]["code"]) == (403, "blocked")
    assert not alice.emit("unblock", {"conversation": conversation})["summary"]["blocked"]
    assert visitor.say("Thank you")["ok"]


def test_charlie_of_another_site_changes_reads_and_blocks_nothing(
    chat: ChatService, connect: Callable[..., Client]
) -> None:
    alice, charlie, visitor = connect("alice"), connect("charlie"), connect()
    conversation = asks(visitor)
    reply = alice.say("At nine.", conversation=conversation, kind="reply")
    note = alice.say("@Bob @Charlie", conversation=conversation, kind="note")
    for event, payload in (
        ("edit", {"message": reply["id"], "body": "By charlie"}),
        ("delete", {"message": reply["id"]}),
        ("edit", {"message": note["id"], "body": "By charlie"}),
        ("delete", {"message": note["id"]}),
        ("block", {"conversation": conversation, "hours": 1}),
        ("unblock", {"conversation": conversation}),
        ("canned", {"site": chat.people.site.key}),
        ("sync", {"conversation": conversation, "before_seq": 100}),
    ):
        assert charlie.emit(event, payload)["error"]["code"] == "not_found", event
    assert charlie.emit("mentioned", {})["mentions"] == []
    assert charlie.emit("mention_seen", {"id": note["id"]}) == {"ok": True}
    assert [message["body"] for message in alice.emit("sync", {"conversation": conversation})["messages"]] == [
        "Hello?", "At nine.", "@Bob @Charlie",
    ]  # fmt: skip
    assert visitor.say("Still talking")["ok"]


def test_bob_reads_what_names_him_and_may_not_change_what_alice_wrote(
    chat: ChatService, connect: Callable[..., Client]
) -> None:
    alice, bob, visitor = connect("alice"), connect("bob"), connect()
    conversation = asks(visitor)
    note = alice.say("@bob please", conversation=conversation, kind="note")
    reply = alice.say("By alice", conversation=conversation, kind="reply")
    for event in ("edit", "delete"):
        answer = bob.emit(event, {"message": reply["id"], "body": "By bob"})
        assert (answer["error"]["code"], bool(answer["error"]["message"])) == ("not_allowed", True)
    assert bob.emit("canned", {"site": chat.people.site.key}) == {"ok": True, "replies": []}
    assert [(one["id"], one["seen"]) for one in bob.emit("mentioned", {})["mentions"]][:1] == [(note["id"], False)]
    bob.emit("mention_seen", {"id": note["id"]})
    wait_for(lambda: bob.emit("mentioned", {})["mentions"][0]["seen"], "the mention to be seen")
