"""What operators see of visitors, and what visitors say of themselves, over real sockets."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from typing import Any

import pytest

from leadcapture import clock, db, ids
from leadcapture.sites import operations as sites
from leadcapture.sites.models import Site
from tests.chat.talk import ORIGIN, ChatService, Client
from tests.servers import wait_for

SHOP = f"{ORIGIN}/green?utm_source=news"
ANDROID = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/129.0.0.0 Mobile Safari/537.36"
QUESTIONS = [
    {"name": "name", "label": {"en": "Your name"}, "required": True, "choices": None},
    {"name": "email", "label": {"en": "Your e-mail"}, "required": False, "choices": None},
    {"name": "q_size", "label": {"en": "Which size?"}, "required": False, "choices": {"en": ["S", "M"]}},
]


class Shop(ChatService):
    """A site that asks before the chat, shows who is there, and has a secret."""

    secret: str
    answering: list[Any]

    def populate(self) -> None:
        super().populate()
        database = db.Database(f"sqlite:///{self.folder / 'instance' / 'leadcapture.db'}")

        def change(session: Any) -> str:
            session.get_one(Site, self.people.site.id).chat = {"see_visitors": True, "pre_chat": QUESTIONS}
            return sites.new_identity_secret(session, clock.now(), site_id=self.people.site.id)

        self.secret = database.write(change)
        database.close()

    def proof(self, user_id: str) -> dict[str, str]:
        return {
            "user_id": user_id,
            "hash": hmac.new(self.secret.encode(), user_id.encode(), hashlib.sha256).hexdigest(),
        }

    def looking(self, **auth: Any) -> Client:
        """Somebody who opened the panel on the page SHOP."""
        given = {"page": SHOP, "title": "Green <b>shoes</b>", "timezone": "Asia/Tokyo", "lang": "en"}
        return Client(self.url, "/visitor", {"site": self.people.site.key} | given | auth, {"User-Agent": ANDROID})


@pytest.fixture(scope="module")
def chat(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with Shop(tmp_path_factory.mktemp("visits")) as service:
        service.populate()
        service.start()
        yield service
        service.kill()


@pytest.fixture(scope="module")
def alice(chat: Shop) -> Client:
    client = chat.operator(chat.people.alice)
    client.hear("queue")
    return client


@pytest.fixture(scope="module")
def charlie(chat: Shop) -> Client:
    client = chat.operator(chat.people.charlie)
    client.hear("queue")
    return client


def about(operator: Client, conversation: str) -> Any:
    answer = operator.emit("about", {"conversation": conversation})
    assert answer["ok"], answer
    return answer


def test_an_operator_sees_where_the_visitor_is_and_came_from(chat: Shop, alice: Client, charlie: Client) -> None:
    visitor = chat.looking(referrer="https://search.example.net/?q=shoes", utm={"source": "news", "odd": "x"})
    conversation = visitor.say("Hello?")["conversation"]
    wait_for(lambda: about(alice, conversation)["device"], "the device is named")
    known = about(alice, conversation)
    assert (known["device"], known["timezone"], known["visits"]) == ("Chrome Mobile on Android", "Asia/Tokyo", 1)
    assert (known["referrer"], known["utm"]) == ("https://search.example.net/?q=shoes", {"source": "news"})
    assert [(page["url"], page["title"]) for page in known["pages"]] == [(SHOP, "Green <b>shoes</b>")]
    assert (known["verified"], known["contact"], known["conversations"]) == (None, None, [])

    assert visitor.emit("page", {"url": f"{ORIGIN}/cart", "title": "Cart"})["ok"]
    assert visitor.emit("page", {"url": f"{ORIGIN}/cart", "title": "Cart"})["ok"]
    assert visitor.emit("page", {"url": "javascript:alert(1)", "title": "x"})["ok"]
    assert [page["url"] for page in about(alice, conversation)["pages"]] == [f"{ORIGIN}/cart", SHOP]
    wait_for(lambda: (about(alice, conversation)["page"] or {}).get("url") == f"{ORIGIN}/cart", "the page now")
    assert charlie.emit("about", {"conversation": conversation})["error"]["code"] == "not_found"
    visitor.leave()


def test_pages_of_who_has_not_written_are_not_kept(chat: Shop, alice: Client) -> None:
    quiet = chat.looking()
    assert quiet.emit("page", {"url": f"{ORIGIN}/one", "title": "One"})["ok"]
    assert quiet.emit("page", {"url": f"{ORIGIN}/two", "title": "Two"})["ok"]
    conversation = quiet.say("Now I write")["conversation"]
    assert [page["url"] for page in about(alice, conversation)["pages"]] == [f"{ORIGIN}/two"], "only where they wrote"
    quiet.leave()


def test_who_agreed_to_be_seen_is_on_the_list_and_nobody_else(chat: Shop, alice: Client, charlie: Client) -> None:
    agreed, silent = chat.looking(watch=True), chat.looking(page=f"{ORIGIN}/secret")
    person = alice.hear(
        "person", lambda told: told["page"]["url"] == SHOP and told["device"] and not told["conversation"]
    )
    assert (person["device"], person["language"], person["timezone"]) == (
        "Chrome Mobile on Android",
        "en",
        "Asia/Tokyo",
    )
    assert person["site"]["key"] == chat.people.site.key
    assert agreed.emit("page", {"url": f"{ORIGIN}/blue", "title": "Blue"})["ok"]
    alice.hear("person", lambda told: told["id"] == person["id"] and told["page"]["title"] == "Blue")
    mine = [one["id"] for one in alice.emit("people", {})["people"]]
    assert person["id"] in mine
    assert charlie.emit("people", {}) == {"ok": True, "people": []}

    conversation = agreed.say("May I ask something?")["conversation"]
    alice.hear("person", lambda told: told["id"] == person["id"] and told["conversation"] == conversation)
    assert [page["title"] for page in about(alice, conversation)["pages"]] == ["Blue", "Green <b>shoes</b>"]
    agreed.leave()
    alice.hear("gone", lambda told: told["id"] == person["id"])
    assert about(alice, conversation)["page"] is None
    everything = [told["page"]["url"] for told in alice.all("person")]
    assert f"{ORIGIN}/secret" not in everything, "who did not agree is not seen"
    assert charlie.all("person") == charlie.all("gone") == []
    silent.leave()


def test_answers_before_the_chat_are_checked_and_shown_with_an_unconfirmed_address(chat: Shop, alice: Client) -> None:
    visitor = chat.looking()
    wrong = visitor.emit("answers", {"email": "nobody", "q_size": "XXL"})
    assert not wrong["ok"]
    given = {"name": "Erin <i>", "email": "erin@example.org", "q_size": "M", "q_nobody_asked": "x"}
    assert visitor.emit("answers", given) == {"ok": True}
    ack = visitor.say("My card is 4111 1111 1111 1111")
    summary = alice.hear("conversation", lambda told: told["id"] == ack["conversation"])["visitor"]
    assert (summary["name"], summary["email"], summary["email_confirmed"]) == ("Erin <i>", "erin@example.org", False)
    shown = about(alice, ack["conversation"])["answers"]
    assert shown[0] == {"label": "Your name", "value": "Erin <i>"}
    assert [one["value"] for one in shown] == ["Erin <i>", "erin@example.org", "M"]
    visitor.leave()


def test_a_verified_persons_history_follows_and_nobody_poses_as_them(chat: Shop, alice: Client) -> None:
    late = chat.looking()
    assert late.emit("identify", chat.proof("4710"))["conversation"] is None
    conversation = late.say("Signed in first")["conversation"]
    assert [page["url"] for page in about(alice, conversation)["pages"]] == [SHOP]
    late.leave()

    laptop = chat.looking()
    first = laptop.say("Before I signed in")["conversation"]
    known = laptop.emit("identify", chat.proof("4711"))
    assert (known["ok"], known["verified"], known["conversation"]) == (True, True, first)
    assert laptop.say("And after")["conversation"] == first
    alice.hear("conversation", lambda told: told["id"] == first and told["verified"])
    assert about(alice, first)["verified"]["user_id"] == "4711"
    alice.say("Hello!", conversation=first, kind="reply")
    laptop.hear("message", lambda message: message["body"] == "Hello!")

    phone = chat.looking(identity=chat.proof("4711"))
    assert (phone.welcome["verified"], phone.welcome["doubt"], phone.welcome["conversation"]) == (True, None, first)
    assert [message["body"] for message in phone.welcome["messages"]] == ["Before I signed in", "And after", "Hello!"]

    assert [page["url"] for page in about(alice, first)["pages"]] == [SHOP]

    # The token from before, a made-up proof, and the proof of somebody else open nothing.
    before = chat.looking(token=laptop.welcome["token"])
    assert (before.welcome["conversation"], before.welcome["messages"]) == (None, [])
    liar = chat.looking(identity={"user_id": "4711", "hash": "0" * 64})
    assert (liar.welcome["verified"], liar.welcome["conversation"]) == (False, None)
    assert liar.welcome["doubt"]["code"] == "unauthorized"
    assert "secret" in liar.emit("identify", {"user_id": "4711", "hash": "0" * 64})["error"]["message"]
    assert liar.say("I am 4711")["conversation"] != first
    other = chat.looking(identity=chat.proof("4712"), token=phone.welcome["token"])
    assert other.welcome["conversation"] is None
    for client in (laptop, phone, before, liar, other):
        client.leave()


def test_a_first_post_that_is_sent_again_and_a_proof_by_http(chat: Shop) -> None:
    path = f"/v1/{chat.people.site.key}/chat/messages"
    letter = {"client_id": "h1", "body": "Hello?", "visitor_key": "k" * 32, "page": SHOP, "title": "Green"}
    _status, lost, _headers = chat.call(path, letter)
    _status, again, _headers = chat.call(path, letter)
    assert again == lost, "the answer was lost, the conversation is one"
    bearer = {"Authorization": f"Bearer {lost['token']}"}
    identify = f"/v1/{chat.people.site.key}/chat/events/identify"
    status, known, _headers = chat.call(identify, chat.proof("http"), headers=bearer)
    assert (status, known["verified"], known["conversation"]) == (200, True, lost["conversation"])
    status, refused, _headers = chat.call(identify, {"user_id": "http", "hash": "1" * 64}, headers=bearer)
    assert (status, refused["error"]["code"]) == (401, "unauthorized")
    assert chat.call(f"/v1/{ids.new('site')}/chat/events/identify", chat.proof("http"))[0] == 404


def test_an_operator_writes_first_to_who_agreed_to_be_seen(chat: Shop, alice: Client, charlie: Client) -> None:
    agreed, hidden = chat.looking(), chat.looking()
    assert agreed.emit("page", {"page": f"{ORIGIN}/late", "watch": True})["ok"], "agreed when the page was open already"
    person = alice.hear("person", lambda told: told["page"]["url"] == f"{ORIGIN}/late")
    words = {"visitor": person["id"], "client_id": "first", "body": "Can I help?"}
    assert charlie.emit("approach", words)["error"]["code"] == "not_found"
    ack = alice.emit("approach", words)
    assert (ack["ok"], ack["seq"]) == (True, 1)
    assert agreed.hear("message")["body"] == "Can I help?"
    told = agreed.hear("conversation", lambda told: told["id"] == ack["conversation"])
    assert (told["status"], told["operator"]) == ("active", {"name": "Alice"})
    assert alice.emit("approach", words) == ack, "sent again, it is the same message"
    assert alice.emit("approach", words | {"client_id": "second"})["error"]["code"] == "not_allowed"
    assert alice.emit("approach", words | {"visitor": ids.new("visitor")})["error"]["code"] == "not_found"

    agreed.emit("page", {"url": f"{ORIGIN}/next", "title": "Next"})
    assert about(alice, ack["conversation"])["pages"] == [], "who was written to has not written"
    assert agreed.say("Yes, please")["conversation"] == ack["conversation"]
    assert agreed.all("message")[0]["author"] == {"kind": "operator", "name": "Alice"}
    assert about(alice, ack["conversation"])["pages"][0]["url"] == f"{ORIGIN}/next"
    assert hidden.all("message") == []
    agreed.leave()
    hidden.leave()
