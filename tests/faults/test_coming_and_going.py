"""Operators come and go in every way there is, and within seconds each visitor is told what is so: that somebody can
answer, who does, what place they have in the queue, or that the form is there instead.

Two processes are joined by Redis, as on two machines: visitors sit on one, most operators on the other. A device that
sleeps and a network that is lost are a proxy through which nothing comes any more, though no connection ends.
"""

from __future__ import annotations

import re
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from functools import partial
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest

from tests.chat.talk import ChatService, Client, signed_session
from tests.faults.test_chat_drops import Proxy
from tests.servers import PostgreSQL, Redis, wait_for

GRACE = 1  # seconds; a connection is asked every second whether it lives, and missed after three
MISSED = 3
WITHIN = 5  # seconds after that in which every visitor must know


class Shop:
    """The two processes, and short words for what happens around them."""

    def __init__(self, one: ChatService, other: ChatService) -> None:
        self.one, self.other, self.people = one, other, one.people
        self.clients: list[Client] = []
        self.proxies: list[Proxy] = []

    def visitor(self) -> Visitor:
        client = self.one.visitor()
        self.clients.append(client)
        return Visitor(client)

    def operator(self, who: Any, *, device: str = "laptop", through: int | None = None, on: Any = None) -> Client:
        """That person's console on a device; `through` is the port of a proxy."""
        service = on or self.other
        url = service.url if through is None else f"http://127.0.0.1:{through}"
        cookie = signed_session(who.public_id, who.session_epoch, device=device)
        client = Client(url, "/operator", None, {"Cookie": f"leadcapture={cookie}"})
        self.clients.append(client)
        return client

    def proxy(self) -> Proxy:
        made = Proxy(self.other.port)
        self.proxies.append(made)
        return made

    def sql(self, statement: str, *values: Any) -> None:
        with psycopg.connect(self.one.settings["DATABASE_URL"].replace("+psycopg", "")) as database:
            database.execute(statement, values)

    def leave(self) -> None:
        for proxy in self.proxies:
            proxy.close()
        for client in self.clients:
            client.leave()
        self.clients.clear()
        self.sql("UPDATE conversations SET status = 'closed'")
        self.sql("DELETE FROM presences")
        self.sql("UPDATE operators SET available = true")
        self.sql("UPDATE sites SET hours = NULL, chat = NULL")


class Visitor:
    """What somebody's panel knows."""

    def __init__(self, client: Client) -> None:
        self.client = client
        assert client.welcome

    def asks(self) -> str:
        conversation = self.client.say("Hello?")["conversation"]
        assert isinstance(conversation, str)
        return conversation

    @property
    def available(self) -> bool:
        told = [self.client.welcome, *self.client.all("available")]
        return bool(told[-1]["available"])

    @property
    def conversation(self) -> dict[str, Any]:
        return self.client.all("conversation")[-1]

    def is_told(self, *, available: bool, seconds: float) -> None:
        wait_for(lambda: self.available == available, f"the visitor to hear {available=}", seconds)

    def hears(self, what: str, condition: Callable[[dict[str, Any]], bool], seconds: float = WITHIN) -> None:
        wait_for(lambda: self.client.all("conversation") and condition(self.conversation), what, seconds)

    def is_offered_the_form(self, seconds: float) -> None:
        self.hears("the form", lambda told: told["status"] == "unanswered", seconds)

    def talks_with(self, name: str) -> None:
        self.hears(name, lambda told: told["status"] == "active" and told["operator"] == {"name": name})


@pytest.fixture(scope="module")
def processes(
    tmp_path_factory: pytest.TempPathFactory, redis_server: Redis, postgresql_server: PostgreSQL
) -> Iterator[tuple[ChatService, ChatService]]:
    shared = {
        "DATABASE_URL": postgresql_server.new_database(),
        "REDIS_URL": redis_server.url,
        "OPERATOR_GRACE": str(GRACE),
    }
    with (
        ChatService(tmp_path_factory.mktemp("one"), **shared) as one,
        ChatService(tmp_path_factory.mktemp("other"), **shared) as other,
    ):
        one.populate()
        other.people = one.people
        one.start()
        other.start()
        yield one, other


@pytest.fixture
def shop(processes: tuple[ChatService, ChatService]) -> Iterator[Shop]:
    made = Shop(*processes)
    yield made
    made.leave()


@pytest.fixture
def alice(shop: Shop) -> SimpleNamespace:
    return shop.people.alice


@pytest.fixture
def bob(shop: Shop) -> SimpleNamespace:
    return shop.people.bob


def test_the_browser_is_closed(shop: Shop, alice: SimpleNamespace) -> None:
    console, visitor = shop.operator(alice), shop.visitor()
    visitor.is_told(available=True, seconds=WITHIN)
    conversation = visitor.asks()
    visitor.hears("the first place", lambda told: told["place"] == 1)
    console.leave()
    visitor.is_told(available=False, seconds=GRACE + WITHIN)
    visitor.is_offered_the_form(WITHIN)
    # What was written stays, and she finds it when she is back.
    back = shop.operator(alice)
    waiting = {entry["id"]: entry for entry in back.hear("queue")["conversations"]}
    assert (waiting[conversation]["status"], waiting[conversation]["last"]["body"]) == ("unanswered", "Hello?")


def test_the_laptop_sleeps_and_wakes(shop: Shop, alice: SimpleNamespace) -> None:
    network = shop.proxy()
    console, visitor = shop.operator(alice, through=network.port), shop.visitor()
    visitor.is_told(available=True, seconds=WITHIN)
    visitor.asks()
    network.swallow = "up"
    visitor.is_told(available=False, seconds=MISSED + WITHIN)
    visitor.is_offered_the_form(WITHIN)
    assert console.sio.connected  # nobody has ended anything: that it answers no more is all there is to see
    network.swallow = ""
    visitor.is_told(available=True, seconds=WITHIN)


def test_the_network_is_lost_and_another_one_found(shop: Shop, alice: SimpleNamespace) -> None:
    network = shop.proxy()
    console, visitor = shop.operator(alice, through=network.port), shop.visitor()
    conversation = visitor.asks()
    console.emit("take", {"conversation": conversation})
    visitor.talks_with("Alice")
    network.swallow = "up"
    visitor.is_offered_the_form(MISSED + WITHIN)
    again = shop.operator(alice)
    visitor.is_told(available=True, seconds=WITHIN)
    again.say("Here I am again.", conversation=conversation, kind="reply")
    visitor.talks_with("Alice")


def test_she_signs_out(shop: Shop, alice: SimpleNamespace) -> None:
    console, visitor = shop.operator(alice), shop.visitor()
    visitor.is_told(available=True, seconds=WITHIN)
    visitor.asks()
    sign_out(shop.other, alice, device="laptop")
    # On purpose: no grace. The other pages of that browser are out too.
    visitor.is_told(available=False, seconds=WITHIN)
    visitor.is_offered_the_form(WITHIN)
    assert console.ended.wait(WITHIN)


def test_nobody_touches_anything(shop: Shop, alice: SimpleNamespace) -> None:
    console, visitor = shop.operator(alice), shop.visitor()
    visitor.is_told(available=True, seconds=WITHIN)
    conversation = visitor.asks()
    console.emit("take", {"conversation": conversation})
    assert console.emit("idle", {"idle": True})["ok"]
    visitor.is_told(available=False, seconds=WITHIN)
    visitor.is_offered_the_form(WITHIN)
    assert console.all("presence")[-1]["me"]["idle"]
    assert console.emit("idle", {"idle": False})["ok"]
    visitor.is_told(available=True, seconds=WITHIN)


def test_the_hours_end(shop: Shop, alice: SimpleNamespace) -> None:
    console, talking, waiting = shop.operator(alice), shop.visitor(), shop.visitor()
    waiting.is_told(available=True, seconds=WITHIN)
    console.emit("take", {"conversation": talking.asks()})
    talking.talks_with("Alice")
    waiting.asks()
    waiting.hears("the queue", lambda told: told["status"] == "waiting")
    shop.sql("UPDATE sites SET hours = '{}' WHERE id = %s", shop.people.site.id)
    waiting.is_told(available=False, seconds=WITHIN)
    waiting.is_offered_the_form(WITHIN)
    # Who is in a talk finishes it.
    assert talking.conversation["status"] == "active"


def test_the_last_of_two_leaves(shop: Shop, alice: SimpleNamespace, bob: SimpleNamespace) -> None:
    hers, his, visitor = shop.operator(alice), shop.operator(bob, on=shop.one), shop.visitor()
    visitor.is_told(available=True, seconds=WITHIN)
    hers.hear("presence", lambda told: [person["here"] for person in told["operators"]] == [True, True])
    hers.leave()
    his.hear("presence", lambda told: [person["here"] for person in told["operators"]] == [False, True])
    assert visitor.available
    his.leave()
    visitor.is_told(available=False, seconds=GRACE + WITHIN)
    assert [told["available"] for told in visitor.client.all("available")].count(False) == 1


def test_she_is_back_within_the_grace(shop: Shop, alice: SimpleNamespace) -> None:
    console, visitor = shop.operator(alice), shop.visitor()
    visitor.is_told(available=True, seconds=WITHIN)
    console.emit("take", {"conversation": visitor.asks()})
    visitor.talks_with("Alice")
    told = len(visitor.client.heard)
    console.leave()
    shop.operator(alice, on=shop.one)
    time.sleep(GRACE + 1.5)
    assert visitor.client.heard[told:] == []


def test_she_chooses_to_be_away(shop: Shop, alice: SimpleNamespace) -> None:
    console, visitor = shop.operator(alice), shop.visitor()
    visitor.is_told(available=True, seconds=WITHIN)
    visitor.asks()
    console.emit("presence", {"available": False})
    visitor.is_told(available=False, seconds=WITHIN)
    visitor.is_offered_the_form(WITHIN)


def test_a_second_device_is_still_there(shop: Shop, alice: SimpleNamespace) -> None:
    laptop, phone = shop.operator(alice), shop.operator(alice, device="phone", on=shop.one)
    visitor = shop.visitor()
    visitor.is_told(available=True, seconds=WITHIN)
    laptop.emit("take", {"conversation": visitor.asks()})
    visitor.talks_with("Alice")
    told = len(visitor.client.heard)
    sign_out(shop.other, alice, device="laptop")
    assert laptop.ended.wait(WITHIN)
    time.sleep(GRACE + 1)
    assert visitor.client.heard[told:] == []
    assert phone.sio.connected


def test_who_had_taken_it_leaves_and_a_colleague_goes_on(
    shop: Shop, alice: SimpleNamespace, bob: SimpleNamespace
) -> None:
    hers, his, visitor = shop.operator(alice), shop.operator(bob), shop.visitor()
    conversation = visitor.asks()
    hers.emit("take", {"conversation": conversation})
    visitor.talks_with("Alice")
    hers.leave()
    visitor.hears("the queue", lambda told: (told["status"], told["place"]) == ("waiting", 1), GRACE + WITHIN)
    assert visitor.available
    assert his.emit("take", {"conversation": conversation})["ok"]
    visitor.talks_with("Bob")


def test_who_had_taken_it_leaves_and_nobody_is_left(shop: Shop, alice: SimpleNamespace) -> None:
    console, visitor = shop.operator(alice), shop.visitor()
    conversation = visitor.asks()
    console.say("One moment.", conversation=conversation, kind="reply")
    visitor.talks_with("Alice")
    console.leave()
    visitor.is_offered_the_form(GRACE + WITHIN)
    assert visitor.client.emit("sync", {"after_seq": 0})["next"] == 2


def test_who_waits_moves_up_as_others_are_taken(shop: Shop, alice: SimpleNamespace) -> None:
    console = shop.operator(alice)
    visitors = [shop.visitor() for _number in range(3)]
    asked = [visitor.asks() for visitor in visitors]
    visitors[2].hears("the third place", lambda told: told["place"] == 3)
    console.emit("take", {"conversation": asked[0]})
    visitors[1].hears("the first place", lambda told: told["place"] == 1)
    visitors[2].hears("the second place", lambda told: told["place"] == 2)
    # Where WebSockets are blocked the same is asked for by plain HTTP: the request that waits is answered.
    bearer = {"Authorization": f"Bearer {visitors[2].client.welcome['token']}"}
    path = f"/v1/{shop.people.site.key}/chat/messages?after_seq=1&wait=10"
    begun = time.monotonic()
    threading.Timer(0.5, console.emit, ("take", {"conversation": asked[1]})).start()
    status, answer, _headers = shop.other.call(path, headers=bearer)
    assert (status, answer["place"], answer["status"]) == (200, 1, "waiting")
    assert time.monotonic() - begun < WITHIN


def test_a_site_that_gives_conversations_to_its_operators(
    shop: Shop, alice: SimpleNamespace, bob: SimpleNamespace
) -> None:
    chat = '{"routing": "auto", "capacity": 1}'
    shop.sql("UPDATE sites SET chat = %s WHERE id = %s", chat, shop.people.site.id)
    hers, _his = shop.operator(alice), shop.operator(bob, on=shop.one)
    told = hers.hear("presence", lambda told: [person["here"] for person in told["operators"]] == [True, True])
    assert told["idle_after"] == 600
    visitors = [shop.visitor() for _number in range(3)]
    asked = [visitor.asks() for visitor in visitors]
    for visitor in visitors[:2]:
        visitor.hears("an operator", lambda told: told["status"] == "active")
    assert {visitor.conversation["operator"]["name"] for visitor in visitors[:2]} == {"Alice", "Bob"}
    hers.hear("presence", lambda told: [person["load"] for person in told["operators"]] == [1, 1])
    # Nobody takes more than one: the third one waits until somebody is free.
    visitors[2].hears("the first place", lambda told: (told["status"], told["place"]) == ("waiting", 1))
    first = next(at for at, visitor in enumerate(visitors[:2]) if visitor.conversation["operator"]["name"] == "Alice")
    hers.emit("close", {"conversation": asked[first]})
    visitors[2].talks_with("Alice")


def test_two_press_take_on_two_machines_and_the_slower_one_is_told_by_whom(
    shop: Shop, alice: SimpleNamespace, bob: SimpleNamespace
) -> None:
    hers, his, visitor = shop.operator(alice), shop.operator(bob, on=shop.one), shop.visitor()
    conversation = visitor.asks()
    answers: dict[str, Any] = {}
    for name, console in (("Alice", hers), ("Bob", his)):
        console.sio.emit(
            "take",
            {"conversation": conversation},
            namespace="/operator",
            callback=partial(answers.__setitem__, name),
        )
    wait_for(lambda: len(answers) == 2, "both answers")
    (winner,) = (name for name, answer in answers.items() if answer["ok"])
    (slower,) = answers.keys() - {winner}
    assert answers[slower]["error"]["code"] == "taken"
    assert answers[slower]["error"]["by"] == {"name": winner}
    visitor.talks_with(winner)


def test_the_process_she_was_connected_to_is_killed(shop: Shop, alice: SimpleNamespace) -> None:
    shop.operator(alice)
    visitor = shop.visitor()
    visitor.is_told(available=True, seconds=WITHIN)
    visitor.asks()
    shop.other.kill()
    visitor.is_told(available=False, seconds=MISSED + WITHIN)
    visitor.is_offered_the_form(WITHIN)
    shop.operator(alice, on=shop.one)
    visitor.is_told(available=True, seconds=WITHIN)


def sign_out(service: ChatService, who: Any, *, device: str) -> None:
    """Press "Sign out" in that device's browser."""
    page, cookie = get(service, "/console/account", signed_session(who.public_id, who.session_epoch, device=device))
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token
    request = urllib.request.Request(
        f"{service.url}/console/sign-out", f"csrf_token={token[1]}".encode(), {"Cookie": f"leadcapture={cookie}"}
    )
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 200


def get(service: ChatService, path: str, cookie: str) -> tuple[str, str]:
    """A page, and the cookie as it is after that."""
    request = urllib.request.Request(service.url + path, headers={"Cookie": f"leadcapture={cookie}"})
    with urllib.request.urlopen(request) as answer:
        text = answer.read().decode()
        found = re.search(r"leadcapture=([^;]+)", answer.headers["Set-Cookie"] or "")
    return text, found[1] if found else cookie
