"""Sixty broken connections while people talk (`DROPS=200` asks for more): nothing may be lost, come twice or come
out of order.

The clients do what the panel does: what is not acknowledged stays in an outbox and is sent again under the same client
id; whoever sees a gap, or comes back, asks for everything after the last number. Connections break in three ways: the
client cuts, a proxy swallows one direction and then cuts, the service is killed with -9 and started again.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import socketio

from tests.chat.talk import ChatService
from tests.servers import free_port, wait_for

DROPS = int(os.environ.get("DROPS", "60"))
KILLS = max(3, DROPS * 3 // 100)
LOSSES = DROPS * 36 // 100
CLIENT_CUTS = DROPS - LOSSES - KILLS
PAIRS = 4
ACK_WITHIN = 0.8  # seconds, after which a client takes its connection for dead; a panel waits longer


class Proxy:
    """A TCP proxy that can swallow what flows in one direction, and cut."""

    def __init__(self, target: int) -> None:
        self.port = free_port()
        self._target = target
        self._open: list[tuple[socket.socket, socket.socket]] = []
        self.swallow: str = ""  # "up" or "down": what flows there is lost
        self._listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self._target), timeout=2)
            except OSError:
                client.close()
                continue
            server.settimeout(None)
            self._open.append((client, server))
            for source, sink, direction in ((client, server, "up"), (server, client, "down")):
                threading.Thread(target=self._pump, args=(source, sink, direction), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, direction: str) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if self.swallow != direction:
                    sink.sendall(data)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def cut(self) -> None:
        """End every connection through here."""
        ends, self._open = self._open, []
        for end in itertools.chain.from_iterable(ends):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def close(self) -> None:
        self._listener.close()
        self.cut()


class Outbox:
    """One end of a conversation that survives its connections. Sends one message after the other until acknowledged."""

    def __init__(self, connect: Callable[[Outbox], socketio.Client], namespace: str) -> None:
        self._connect, self.namespace = connect, namespace
        self.waiting: list[tuple[str, str]] = []  # (client id, body)
        self.acknowledged: dict[str, int] = {}
        self.received: list[tuple[int, str]] = []  # (seq, body), in the order they were taken
        self.last_seq = 0
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
        self.waiting.append((client_id, body))
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
                self.received.append((message["seq"], message["body"]))
            elif message["seq"] > self.last_seq + 1:
                self._gap = True
                self._something.set()

    def _run(self) -> None:
        while not self._done:
            try:
                if self.client is None:
                    self.client = self._connect(self)
                    self.connections += 1
                    self._gap = True
                if self._gap:
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
        client_id, body = self.waiting[0]
        self.resent += 1
        answer = self._call("message", {"client_id": client_id, "body": body} | self._where())
        self.resent -= 1
        self.conversation = answer["conversation"]
        assert self.acknowledged.setdefault(client_id, answer["seq"]) == answer["seq"]
        self.waiting.pop(0)
        # One's own message is taken in its place, as the others are.
        self.heard({"seq": answer["seq"], "body": body})

    def _sync(self) -> None:
        if self.conversation is None:
            return
        while True:
            page = self._call("sync", {"after_seq": self.last_seq} | self._where())
            for message in page["messages"]:
                self.heard(message)
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
        auth = {"site": service.people.site.key} | ({"token": end.token} if end.token else {})
        open_client(client, port, "/visitor", auth, {})
        if not welcome.wait(ACK_WITHIN):
            raise ConnectionError("no welcome")
        return client

    return Outbox(connect, "/visitor")


def operator_end(service: ChatService, port: int) -> Outbox:
    def connect(end: Outbox) -> socketio.Client:
        client = new_client()

        def hear(message: dict[str, Any]) -> None:
            if message["conversation"] == end.conversation:
                end.heard(message)

        client.on("message", hear, namespace="/operator")
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
def service(tmp_path: Path) -> Iterator[ChatService]:
    with ChatService(tmp_path, RATE_MESSAGE="100000/minute", RATE_CONNECT="100000/minute") as service:
        service.populate()
        service.start()
        yield service
        service.kill()


@pytest.mark.timeout(300)
def test_broken_connections_lose_nothing_repeat_nothing_and_keep_the_order(service: ChatService) -> None:
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
    for _ in range(KILLS):
        time.sleep(1)  # of talk between two kills
        service.kill()
        service.start()
    for dropper in droppers:
        dropper.join()
    stop_talking.set()
    for talker in talkers:
        talker.join()
    for visitor, operator, *_ in pairs:
        wait_for(lambda v=visitor, o=operator: not v.waiting and not o.waiting, "every message to be acknowledged", 30)
        total = len(visitor.acknowledged) + len(operator.acknowledged)
        wait_for(lambda v=visitor, t=total: v.last_seq == t, "the visitor to have everything", 30)
        wait_for(lambda o=operator, t=total: o.last_seq == t, "the operator to have everything", 30)
    for visitor, operator, *proxies in pairs:
        visitor.stop()
        operator.stop()
        for proxy in proxies:
            proxy.close()

    lost = twice = disordered = 0
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
                shown = [body for _, body in end.received]
                lost += len(rows) - len(set(shown))
                twice += len(shown) - len(set(shown))
                disordered += end.received != [(seq, body) for seq, body, *_ in rows]
    database.close()
    messages = sum(len(end.acknowledged) for pair in pairs for end in pair[:2])
    connections = sum(end.connections for pair in pairs for end in pair[:2])
    resent = sum(end.resent for pair in pairs for end in pair[:2])
    print(
        f"\n{len(drops) + KILLS} drops ({CLIENT_CUTS} client cuts, {LOSSES} one-way losses, {KILLS} kills), "
        f"{connections} connections, {messages} messages, {resent} sent again: "
        f"{lost} lost, {twice} twice, {disordered} out of order ({time.monotonic() - began:.0f} s)"
    )
    assert (lost, twice, disordered) == (0, 0, 0)
    assert len(drops) + KILLS == DROPS
    assert connections >= len(drops)
    assert messages > len(drops)


def drop_all(pair: tuple[Outbox, Outbox, Proxy, Proxy], drops: list[str], seed: int) -> None:
    """Break the pair's connections, one after the other, each of them only once it is there."""
    chance = random.Random(seed)
    visitor, operator, *proxies = pair
    dropped: dict[Outbox, int] = {}
    for drop in drops:
        end, proxy = chance.choice([(visitor, proxies[0]), (operator, proxies[1])])
        # A drop counts only where there is a connection that no drop has touched yet.
        wait_for(lambda e=end: e.is_connected() and e.connections > dropped.get(e, 0), "the connection to be back", 60)
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
