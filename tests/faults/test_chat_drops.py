"""Forty breaks while people talk (`make bench NAME=drops` asks for a thousand): nothing may be lost, come twice or come
out of order, and whoever reconnects has caught up within two seconds.

Two processes joined by Redis serve. The clients do what the panel does: what is not acknowledged stays in an outbox and
is sent again under the same client id; whoever sees a gap, or comes back, asks for everything after the last number and
the last edit. It breaks in five ways: the client cuts, a proxy swallows one direction and then cuts, one of the two
processes is killed with -9, all of them are and start again, Redis is killed and comes back.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import socketio

from tests.chat.talk import ChatService
from tests.faults.proxy import Proxy
from tests.servers import Redis, wait_for

DROPS = int(os.environ.get("DROPS", "40"))
OF_SERVER = max(1, DROPS * 2 // 100)  # so many times all processes, so many times one, so many times Redis
LOSSES = DROPS * 36 // 100
CLIENT_CUTS = DROPS - LOSSES - 3 * OF_SERVER
PAIRS = 3
ACK_WITHIN = 0.8  # seconds, after which a client takes its connection for dead; a panel waits longer
CAUGHT_UP_WITHIN = 2.0  # seconds after reconnecting


class Outbox:
    """One end of a conversation that survives its connections. Sends one event after the other until acknowledged."""

    def __init__(self, connect: Callable[[Outbox], socketio.Client], namespace: str) -> None:
        self._connect, self.namespace = connect, namespace
        self.waiting: list[tuple[str, dict[str, Any]]] = []  # (event, payload)
        self.acknowledged: dict[str, int] = {}
        self.edited: dict[str, str] = {}  # by the id of the message
        self.received: list[int] = []  # numbers, in the order they were taken
        self.bodies: dict[int, tuple[int, str]] = {}  # by number: the edit it is of (0: none), and the text
        self.last_seq = 0
        self.last_rev = 0
        self.slowest = 0.0  # seconds until it had caught up after it was connected again
        self.conversation: str | None = None
        self.token: str | None = None
        self.connections = 0
        self.resent = 0
        self.client: socketio.Client | None = None
        self._lock = threading.RLock()
        self._something = threading.Event()
        self._gap = False
        self._done = False
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._done = True
        self._something.set()
        self._thread.join(10)
        self.cut()

    def send(self, client_id: str, body: str) -> None:
        self._put("message", {"client_id": client_id, "body": body})

    def edit(self, message: str, body: str) -> None:
        self._put("edit", {"message": message, "body": body})

    def _put(self, event: str, payload: dict[str, Any]) -> None:
        self.waiting.append((event, payload))
        self._something.set()

    def is_connected(self) -> bool:
        client = self.client
        return client is not None and client.connected

    def cut(self) -> None:
        """The connection breaks on this side, without a goodbye."""
        client, self.client = self.client, None
        if client is not None:
            with contextlib.suppress(Exception):
                client.eio.ws.sock.close()
            with contextlib.suppress(Exception):
                client.eio.disconnect(abort=True)

    def heard(self, message: dict[str, Any]) -> None:
        """Take a message if it is the next one; known ones are dropped, a gap is filled by sync."""
        with self._lock:
            if message["seq"] == self.last_seq + 1:
                self.last_seq += 1
                self.received.append(message["seq"])
                self._now_says(message)
            elif message["seq"] > self.last_seq + 1:
                self._look_again()

    def changed(self, message: dict[str, Any]) -> None:
        """Take the next edit; after a gap in them sync brings all."""
        with self._lock:
            if message["rev"] == self.last_rev + 1 and message["seq"] <= self.last_seq:
                self.last_rev += 1
                self._now_says(message)
            elif message["rev"] > self.last_rev:
                self._look_again()

    def _now_says(self, message: dict[str, Any]) -> None:
        rev = message.get("rev") or 0
        if rev >= self.bodies.get(message["seq"], (0, ""))[0]:
            self.bodies[message["seq"]] = rev, message["body"]

    def _look_again(self) -> None:
        self._gap = True
        self._something.set()

    def _run(self) -> None:
        while not self._done:
            try:
                if self.client is None:
                    self.client = self._connect(self)
                    self.connections += 1
                    since = time.monotonic()
                    self._sync()
                    self.slowest = max(self.slowest, time.monotonic() - since)
                elif self._gap:
                    self._gap = False
                    self._sync()
                elif self.waiting:
                    self._send_first()
                else:
                    self._something.clear()
                    if not (self.waiting or self._gap):
                        self._something.wait(0.3)
                    # Also without a sign of a gap: the last message of all may be the one that was lost.
                    self._gap = not self.waiting
            except Exception:  # whatever broke, the answer is a new connection
                self.cut()
                time.sleep(0.02)

    def _call(self, event: str, payload: dict[str, Any]) -> dict[str, Any]:
        client = self.client
        if client is None:
            raise ConnectionError("cut")
        answer = client.call(event, payload, namespace=self.namespace, timeout=ACK_WITHIN)
        if not answer["ok"]:
            raise ConnectionError(answer["error"]["code"])
        return dict(answer)

    def _where(self) -> dict[str, Any]:
        return {} if self.namespace == "/visitor" else {"conversation": self.conversation, "kind": "reply"}

    def _send_first(self) -> None:
        event, payload = self.waiting[0]
        self.resent += 1
        answer = self._call(event, payload | (self._where() if event == "message" else {}))
        self.resent -= 1
        if event == "edit":
            self.edited[payload["message"]] = payload["body"]
        else:
            self.conversation = answer["conversation"]
            assert self.acknowledged.setdefault(payload["client_id"], answer["seq"]) == answer["seq"]
            # One's own message is taken in its place, as the others are.
            self.heard({"seq": answer["seq"], "body": payload["body"]})
        self.waiting.pop(0)
        if self.namespace == "/operator" and event == "message" and answer["seq"] % 5 == 0:
            self.edit(answer["id"], payload["body"] + ", better")

    def _sync(self) -> None:
        if self.conversation is None:
            return
        while True:
            page = self._call("sync", {"after_seq": self.last_seq, "after_rev": self.last_rev} | self._where())
            with self._lock:
                for message in page["messages"]:
                    self.heard(message)
                for message in page["changed"]:
                    self._now_says(message)
                self.last_rev = max(self.last_rev, page["rev"])
            if not page["more"]:
                return


def new_client() -> socketio.Client:
    return socketio.Client(
        reconnection=False, handle_sigint=False, websocket_extra_options={"suppress_origin": True, "timeout": 2}
    )


def visitor_end(service: ChatService, port: int) -> Outbox:
    def connect(end: Outbox) -> socketio.Client:
        client, welcome = new_client(), threading.Event()

        def greet(payload: dict[str, Any]) -> None:
            end.token = payload["token"]
            welcome.set()

        client.on("welcome", greet, namespace="/visitor")
        client.on("message", end.heard, namespace="/visitor")
        client.on("changed", end.changed, namespace="/visitor")
        auth = {"site": service.people.site.key} | ({"token": end.token} if end.token else {})
        open_client(client, port, "/visitor", auth, {})
        if not welcome.wait(ACK_WITHIN):
            raise ConnectionError("no welcome")
        return client

    return Outbox(connect, "/visitor")


def operator_end(service: ChatService, port: int) -> Outbox:
    def connect(end: Outbox) -> socketio.Client:
        client = new_client()

        def of_this_one(take: Callable[[dict[str, Any]], None]) -> Callable[[dict[str, Any]], None]:
            return lambda message: take(message) if message["conversation"] == end.conversation else None

        client.on("message", of_this_one(end.heard), namespace="/operator")
        client.on("changed", of_this_one(end.changed), namespace="/operator")
        open_client(client, port, "/operator", None, {"Cookie": service.cookie(service.people.alice)})
        return client

    return Outbox(connect, "/operator")


def open_client(client: socketio.Client, port: int, namespace: str, auth: Any, headers: dict[str, str]) -> None:
    client.connect(
        f"http://127.0.0.1:{port}",
        namespaces=[namespace],
        auth=auth,
        headers=headers,
        transports=["websocket"],
        wait_timeout=2,
    )


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    """A Redis of one's own, for it is killed."""
    with Redis(tmp_path) as server:
        yield server


@pytest.fixture
def service(tmp_path: Path, redis: Redis) -> Iterator[ChatService]:
    """Two processes on one port."""
    unlimited = {"RATE_MESSAGE": "100000/minute", "RATE_CONNECT": "100000/minute"}
    with ChatService(tmp_path, WORKERS="2", REDIS_URL=redis.url, **unlimited) as service:
        service.populate()
        service.start()
        yield service
        service.kill()


def kill_one(service: ChatService) -> None:
    """kill -9 one of the processes that serve; the one that looks after them starts another."""
    assert service.process is not None
    children = Path(f"/proc/{service.process.pid}/task/{service.process.pid}/children").read_text().split()
    os.kill(int(children[0]), signal.SIGKILL)


@pytest.mark.timeout(120 + DROPS)
def test_breaks_lose_nothing_repeat_nothing_and_keep_the_order(service: ChatService, redis: Redis) -> None:
    chance = random.Random(4000)
    pairs: list[tuple[Outbox, Outbox, Proxy, Proxy]] = []
    for _ in range(PAIRS):
        proxies = Proxy(service.port), Proxy(service.port)
        pairs.append((visitor_end(service, proxies[0].port), operator_end(service, proxies[1].port), *proxies))
    began = time.monotonic()
    stop_talking = threading.Event()
    talkers = []
    for number, (visitor, operator, *_) in enumerate(pairs):
        visitor.start()
        visitor.send(f"v{number}-hello", f"visitor {number} hello")
        wait_for(lambda v=visitor: v.conversation, "the first message to be stored")
        operator.conversation = visitor.conversation
        operator.start()
        for end, name in ((visitor, "v"), (operator, "o")):
            talker = threading.Thread(target=talk, args=(end, f"{name}{number}", stop_talking), daemon=True)
            talker.start()
            talkers.append(talker)

    drops = ["cut"] * CLIENT_CUTS + ["loss"] * LOSSES
    chance.shuffle(drops)
    droppers = [
        threading.Thread(target=drop_all, args=(pair, drops[number::PAIRS], number), daemon=True)
        for number, pair in enumerate(pairs)
    ]
    for dropper in droppers:
        dropper.start()
    of_server = ["all", "one", "redis"] * OF_SERVER
    for broken in of_server:
        for end in itertools.chain.from_iterable(pair[:2] for pair in pairs):
            wait_for(end.is_connected, "everybody to have been back", 120)
        time.sleep(0.8)  # of talk between two of them
        if broken == "all":
            service.kill()
            service.start()
        elif broken == "one":
            kill_one(service)
        else:
            redis.kill()
            time.sleep(0.8)  # of talk without it
            redis.start()
    for dropper in droppers:
        dropper.join()
    stop_talking.set()
    for talker in talkers:
        talker.join()
    for visitor, operator, *_ in pairs:
        wait_for(lambda v=visitor, o=operator: not v.waiting and not o.waiting, "every message to be acknowledged", 60)
        total, edits = len(visitor.acknowledged) + len(operator.acknowledged), len(operator.edited)
        for end in (visitor, operator):
            wait_for(lambda e=end, t=total: e.last_seq == t, "everybody to have everything", 60)
            wait_for(lambda e=end, t=edits: e.last_rev == t, "everybody to have every edit", 60)
    for visitor, operator, *proxies in pairs:
        visitor.stop()
        operator.stop()
        for proxy in proxies:
            proxy.close()

    lost = twice = disordered = wrong = 0
    with sqlite3.connect(service.folder / "instance" / "leadcapture.db") as database:
        for visitor, operator, *_ in pairs:
            rows = database.execute(
                "SELECT m.seq, m.body, m.author_kind, m.client_id FROM messages m JOIN conversations c "
                "ON c.id = m.conversation_id WHERE c.public_id = ? ORDER BY m.seq",
                (visitor.conversation,),
            ).fetchall()
            sent = visitor.acknowledged.keys() | operator.acknowledged.keys()
            stored = [client_id for *_, client_id in rows]
            lost += len(sent - set(stored))
            twice += len(stored) - len(set(stored))
            disordered += [seq for seq, *_ in rows] != list(range(1, len(rows) + 1))
            for who in ("visitor", "operator"):
                said = [int(client_id.rpartition("-")[2]) for *_, kind, client_id in rows[1:] if kind == who]
                disordered += said != sorted(said)
            for end in (visitor, operator):
                lost += len(rows) - len(set(end.received))
                twice += len(end.received) - len(set(end.received))
                disordered += end.received != [seq for seq, *_ in rows]
                wrong += sum(end.bodies[seq][1] != body for seq, body, *_ in rows)
    database.close()
    messages = sum(len(end.acknowledged) for pair in pairs for end in pair[:2])
    connections = sum(end.connections for pair in pairs for end in pair[:2])
    resent = sum(end.resent for pair in pairs for end in pair[:2])
    edits = sum(len(operator.edited) for _, operator, *_ in pairs)
    slowest = max(end.slowest for pair in pairs for end in pair[:2])
    print(
        f"\n{len(drops) + len(of_server)} breaks ({CLIENT_CUTS} client cuts, {LOSSES} one-way losses, "
        f"{OF_SERVER} times each: all processes killed, one of two killed, Redis gone and back), "
        f"{connections} connections, {messages} messages, {edits} edits, "
        f"{resent} sent again: {lost} lost, {twice} twice, {disordered} out of order, {wrong} "
        f"with an old text; caught up within {slowest:.2f} s ({time.monotonic() - began:.0f} s in all)"
    )
    assert (lost, twice, disordered, wrong) == (0, 0, 0, 0)
    assert slowest < CAUGHT_UP_WITHIN
    assert len(drops) + len(of_server) == DROPS
    assert connections >= len(drops)
    assert messages > len(drops)
    assert edits > 0


def drop_all(pair: tuple[Outbox, Outbox, Proxy, Proxy], drops: list[str], seed: int) -> None:
    """Break the pair's connections, one after the other, each of them only once it is there."""
    chance = random.Random(seed)
    visitor, operator, *proxies = pair
    dropped: dict[Outbox, int] = {}
    for drop in drops:
        end, proxy = chance.choice([(visitor, proxies[0]), (operator, proxies[1])])
        # A drop counts only where there is a connection that no drop has touched yet.
        wait_for(lambda e=end: e.is_connected() and e.connections > dropped.get(e, 0), "the connection to be back", 120)
        dropped[end] = end.connections
        time.sleep(chance.uniform(0.01, 0.06))
        if drop == "cut":
            end.cut()
        else:
            proxy.swallow = chance.choice(["up", "down"])
            time.sleep(chance.uniform(0.02, 0.12))
            proxy.swallow = ""
            proxy.cut()


def talk(end: Outbox, name: str, stop: threading.Event) -> None:
    """Say something all the time, but never far ahead of what could be sent."""
    for number in itertools.count(1):
        if stop.is_set():
            return
        if len(end.waiting) < 5:
            end.send(f"{name}-{number}", f"{name} says {number}")
        time.sleep(0.02)
