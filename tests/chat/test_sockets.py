from __future__ import annotations

import threading
from typing import Any

import pytest

from leadcapture import signing
from leadcapture.chat.protocol import ERROR_CODES, OPERATOR_EMITS, VISITOR_EMITS
from tests.chat.talk import ORIGIN, SECRET, ChatService, Client, Refused
from tests.servers import wait_for

HTML = '<script>alert(1)</script><img src=x onerror="alert(2)">'


@pytest.fixture
def alice(chat: ChatService) -> Any:
    client = chat.operator(chat.people.alice)
    client.hear("queue")
    yield client
    client.leave()


@pytest.fixture
def visitor(chat: ChatService) -> Any:
    client = chat.visitor()
    client.welcome  # noqa: B018 waits for it
    yield client
    client.leave()


def refusal(connect: Any) -> str:
    """Why a connection was refused."""
    with pytest.raises(Refused) as error:
        connect()
    return str(error.value)


def asks(visitor: Client, body: str = "Hello?") -> str:
    ack = visitor.say(body)
    assert ack["ok"], ack
    return str(ack["conversation"])


def test_a_visitor_and_an_operator_talk(chat: ChatService, alice: Client, visitor: Client) -> None:
    assert visitor.welcome["conversation"] is None
    conversation = asks(visitor, "Do you have it in green?")
    heard = alice.hear("message", lambda message: message["conversation"] == conversation)
    assert (heard["body"], heard["author"]["kind"], heard["kind"]) == ("Do you have it in green?", "visitor", "reply")
    taken = alice.emit("take", {"conversation": conversation})
    assert taken["summary"]["operator"]["name"] == "Alice"
    told = visitor.hear("conversation", lambda told: told["status"] == "active")
    assert told == {
        "id": conversation, "status": "active", "operator": {"name": "Alice"}, "place": None, "joined": [],
    }  # fmt: skip
    alice.emit("typing", {"conversation": conversation})
    assert visitor.hear("typing")["name"] == "Alice"
    assert alice.say("Yes, we do.", conversation=conversation, kind="reply")["seq"] == 2
    assert visitor.hear("message")["body"] == "Yes, we do."
    visitor.emit("typing", {"text": "Gre"})
    typing = alice.hear("typing", lambda typing: typing["conversation"] == conversation)
    assert "text" not in typing, "what is not sent yet is seen only where the site says so"
    visitor.emit("seen", {"seq": 2})
    alice.hear("conversation", lambda told: told["id"] == conversation and told["seen"]["visitor"] == 2)
    alice.emit("seen", {"conversation": conversation, "seq": 1})
    assert visitor.hear("seen")["seq"] == 1
    visitor.emit("rate", {"stars": 5, "comment": "Quick"})
    alice.hear("conversation", lambda told: told["id"] == conversation and told["rating"] is not None)
    assert visitor.emit("end", {}) == {"ok": True}
    visitor.hear("conversation", lambda told: told["status"] == "closed")
    alice.hear("conversation", lambda told: told["id"] == conversation and told["status"] == "closed")


def test_another_tab_of_the_visitor_hears_what_was_written_here(chat: ChatService, visitor: Client) -> None:
    token = visitor.welcome["token"]
    conversation = asks(visitor)
    tab = chat.visitor(token=token)
    assert tab.welcome["token"] == token
    assert tab.welcome["conversation"] == conversation
    assert [message["body"] for message in tab.welcome["messages"]] == ["Hello?"]
    tab.say("From the other tab")
    assert visitor.hear("message")["body"] == "From the other tab"
    assert tab.silent("message")  # what one wrote oneself is acknowledged, not heard
    tab.leave()


def test_who_comes_back_gets_what_was_missed_and_no_more(chat: ChatService, visitor: Client) -> None:
    for number in range(3):
        visitor.say(f"message {number}")
    back = chat.visitor(token=visitor.welcome["token"], after_seq=2)
    assert [message["seq"] for message in back.welcome["messages"]] == [3]
    assert back.welcome["next"] == 3
    synced = back.emit("sync", {"after_seq": 1})
    assert [message["seq"] for message in synced["messages"]] == [2, 3]
    assert back.emit("sync", {"after_seq": 3})["messages"] == []
    back.leave()


def test_long_histories_come_in_pages(chat: ChatService, visitor: Client) -> None:
    for number in range(203):
        visitor.say(f"message {number}")
    back = chat.visitor(token=visitor.welcome["token"])
    page = back.welcome
    seqs = [message["seq"] for message in page["messages"]]
    assert (len(seqs), page["next"], page["more"]) == (200, 200, True)
    page = back.emit("sync", {"after_seq": page["next"]})
    seqs += [message["seq"] for message in page["messages"]]
    assert seqs == list(range(1, 204))
    assert page["more"] is False
    back.leave()


def test_the_same_message_again_is_acknowledged_alike_and_heard_once(alice: Client, visitor: Client) -> None:
    first = visitor.say("Hello?", "same")
    assert visitor.say("Hello?", "same") == first
    alice.hear("message", lambda message: message["conversation"] == first["conversation"])
    assert alice.silent("message")


def test_the_visitor_hears_no_note(alice: Client, visitor: Client) -> None:
    conversation = asks(visitor)
    note = alice.say("A difficult one", conversation=conversation, kind="note")
    assert note["ok"]
    assert note["seq"] is None
    assert visitor.silent("message")
    assert visitor.emit("sync", {"after_seq": 1})["messages"] == []
    synced = alice.emit("sync", {"conversation": conversation, "after_seq": 1})
    assert [message["kind"] for message in synced["messages"]] == ["note"]


def test_of_two_takes_at_once_one_wins(chat: ChatService, alice: Client, visitor: Client) -> None:
    conversation = asks(visitor)
    bob = chat.operator(chat.people.bob)
    acks: list[Any] = []
    takes = [
        threading.Thread(target=lambda c=client: acks.append(c.emit("take", {"conversation": conversation})))
        for client in (alice, bob)
    ]
    for take in takes:
        take.start()
    for take in takes:
        take.join()
    won = next(ack for ack in acks if ack["ok"])
    lost = next(ack for ack in acks if not ack["ok"])
    assert lost["error"]["code"] == "taken"
    assert lost["error"]["by"] == {"name": won["summary"]["operator"]["name"]}
    bob.leave()


def test_the_outsider_hears_nothing_and_gets_nothing(chat: ChatService, alice: Client, visitor: Client) -> None:
    charlie = chat.operator(chat.people.charlie)
    charlie.hear("presence")
    conversation = asks(visitor, "A secret")
    alice.emit("take", {"conversation": conversation})
    alice.say("Keep it", conversation=conversation, kind="reply")
    alice.say("Hush", conversation=conversation, kind="note")
    visitor.emit("typing", {"text": "psst"})
    for event, payload in {
        "take": {},
        "message": {"client_id": "c", "body": "x", "kind": "reply"},
        "typing": {},
        "seen": {"seq": 1},
        "delivered": {"seq": 1},
        "close": {},
        "assign": {"operator": chat.people.charlie.public_id},
        "sync": {"after_seq": 0},
    }.items():
        ack = charlie.emit(event, {"conversation": conversation} | payload)
        assert ack["ok"] is False, event
        assert ack["error"]["code"] == "not_found", event
        assert "A secret" not in str(ack)
    for status in ("open", "closed", "all"):
        assert charlie.emit("list", {"status": status})["conversations"] == []
    heard = str(charlie.heard)
    assert conversation not in heard
    assert "Alice" not in heard
    assert {event for event, _ in charlie.heard} <= {"queue", "presence"}
    charlie.leave()


def test_a_token_of_another_site_is_no_token(chat: ChatService, visitor: Client) -> None:
    asks(visitor, "A secret")
    elsewhere = chat.visitor(site=chat.people.other_site.key, token=visitor.welcome["token"])
    assert elsewhere.welcome["conversation"] is None
    assert elsewhere.welcome["messages"] == []
    assert elsewhere.welcome["token"] != visitor.welcome["token"]
    elsewhere.leave()


@pytest.mark.parametrize("token", ["", "nonsense", "a.b.c", "x" * 5000, "\x00"])
def test_a_token_we_did_not_sign_is_no_token(chat: ChatService, token: str) -> None:
    client = chat.visitor(token=token)
    assert client.welcome["conversation"] is None
    assert client.welcome["token"] != token
    client.leave()


def test_a_token_for_another_purpose_is_no_token(chat: ChatService, visitor: Client) -> None:
    asks(visitor)
    signing.configure([SECRET])
    value = signing.verify("visitor", visitor.welcome["token"])
    client = chat.visitor(token=signing.sign("preferences", value))
    assert client.welcome["conversation"] is None
    client.leave()


def test_pages_of_other_origins_are_refused(chat: ChatService) -> None:
    def connect(origin: str) -> None:
        auth = {"site": chat.people.site.key}
        Client(chat.url, "/visitor", auth, {"Origin": origin}).leave()

    connect(ORIGIN)
    connect(chat.url)
    for origin in ("https://evil.example.org", "https://shop.example.org.evil.example.org", "null"):
        assert "forbidden" in refusal(lambda o=origin: connect(o))


def test_an_unknown_site_is_refused(chat: ChatService) -> None:
    assert "not_found" in refusal(lambda: chat.visitor(site="site_nobody"))
    for hostile in (None, 7, {"$ne": 1}, "x" * 1000, "' OR 1=1 --"):
        assert "bad_request" in refusal(lambda h=hostile: chat.visitor(site=h))


def test_the_console_socket_needs_a_session_and_the_consoles_origin(chat: ChatService) -> None:
    def connect(**headers: str) -> None:
        Client(chat.url, "/operator", None, headers).leave()

    assert "unauthorized" in refusal(connect)
    assert "unauthorized" in refusal(lambda: connect(Cookie="leadcapture=forged"))
    cookie = chat.cookie(chat.people.alice)
    assert "forbidden" in refusal(lambda: connect(Cookie=cookie, Origin=ORIGIN))
    connect(Cookie=cookie, Origin=chat.url)
    connect(Cookie=cookie)


HOSTILE: list[Any] = [
    None,
    7,
    "text",
    [],
    [1, 2],
    {"client_id": None, "body": "x"},
    {"client_id": 1, "body": "x"},
    {"client_id": "x" * 65, "body": "x"},
    {"client_id": "'; DROP TABLE messages; --", "body": "x"},
    {"client_id": "c", "body": None},
    {"client_id": "c", "body": {"$gt": ""}},
    {"client_id": "c", "body": ["x"]},
    {"client_id": "c", "body": " \x00 "},
    {"seq": -1, "conversation": "c"},
    {"seq": 2**80, "conversation": "c"},
    {"seq": True, "conversation": "c"},
    {"seq": "1", "after_seq": [], "conversation": {}, "stars": 9, "available": "yes"},
    {"after_seq": 1.5, "stars": "5", "text": 3, "status": "x", "before": "|", "operator": 0},
]


@pytest.mark.parametrize("event", VISITOR_EMITS)
def test_hostile_payloads_of_visitors_are_answered_and_do_no_harm(visitor: Client, event: str) -> None:
    conversation = asks(visitor)
    for payload in HOSTILE:
        ack = visitor.emit(event, payload)
        assert ack["ok"] is True or ack["error"]["code"] in ERROR_CODES, (payload, ack)
    assert visitor.emit("sync", {"after_seq": 0})["messages"][0]["conversation"] == conversation


@pytest.mark.parametrize("event", OPERATOR_EMITS)
def test_hostile_payloads_of_operators_are_answered_and_do_no_harm(alice: Client, event: str) -> None:
    for payload in HOSTILE:
        ack = alice.emit(event, payload)
        assert ack["ok"] is True or ack["error"]["code"] in ERROR_CODES, (payload, ack)


def test_a_message_too_long_is_refused_as_such_and_a_huge_one_ends_its_connection(
    chat: ChatService, visitor: Client
) -> None:
    assert visitor.say("x" * 4001)["error"]["code"] == "too_long"
    assert visitor.say("😀" * 4000)["ok"]
    victim = chat.visitor()
    victim.sio.emit("message", {"client_id": "c", "body": "x" * 300_000}, namespace="/visitor")
    assert victim.ended.wait(10)
    assert visitor.say("Still here")["ok"]


def test_markup_is_kept_as_text_and_control_characters_are_dropped(alice: Client, visitor: Client) -> None:
    conversation = asks(visitor, f"{HTML}\x00\x1b[2J\nsecond line")
    heard = alice.hear("message", lambda message: message["conversation"] == conversation)
    assert heard["body"] == f"{HTML}[2J\nsecond line"


def test_messages_of_one_socket_keep_their_order(alice: Client, visitor: Client) -> None:
    for number in range(100):
        visitor.sio.emit("message", {"client_id": f"o{number}", "body": f"{number}"}, namespace="/visitor")
    last = visitor.say("last")
    assert last["seq"] == 101
    heard = wait_for(
        lambda: (
            (found := [m for m in alice.all("message") if m["conversation"] == last["conversation"]])
            and len(found) == 101
            and found
        ),
        "all messages",
    )
    assert [message["body"] for message in heard] == [*map(str, range(100)), "last"]


def test_who_writes_too_much_is_slowed_down(make_chat: Any) -> None:
    chat = make_chat(RATE_MESSAGE="3/minute")
    visitor = chat.visitor()
    acks = [visitor.say("spam") for _ in range(5)]
    assert [ack["ok"] for ack in acks] == [True, True, True, False, False]
    assert acks[-1]["error"]["code"] == "rate_limited"
    visitor.leave()


def test_too_many_connections_of_one_address_are_refused(make_chat: Any) -> None:
    chat = make_chat(RATE_CONNECT="2/minute")
    chat.visitor().leave()
    chat.visitor().leave()
    assert "rate_limited" in refusal(chat.visitor)


def test_behind_a_trusted_proxy_every_visitor_has_an_address_of_their_own(make_chat: Any) -> None:
    chat = make_chat(RATE_CONNECT="1/minute", TRUSTED_PROXIES="1")

    def connect(address: str) -> None:
        auth = {"site": chat.people.site.key}
        Client(chat.url, "/visitor", auth, {"X-Forwarded-For": address}).leave()

    connect("192.0.2.1")
    connect("192.0.2.2")
    assert "rate_limited" in refusal(lambda: connect("192.0.2.1"))


def test_the_promise_is_made_in_the_visitors_language(chat: ChatService) -> None:
    client = chat.visitor(lang="ar-EG")
    assert client.welcome["reply_time"]
    client.leave()
