"""Engine.IO (protocol 4) over WebSocket alone, on top of python-engineio: what it keeps for each connection, and how it
finds out which of them live, made fit for ten thousand.

The library has four greenlets a connection (reader, receiver, writer, pinger) and looks at every connection each few
seconds. Here a connection has one, the one that came with its request, which reads; whoever has something to say writes
it to the line; and one greenlet for all of them pings those whose turn it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from time import monotonic
from typing import Any

import gevent
from engineio import Server
from engineio.exceptions import SocketIsClosedError
from engineio.packet import OPEN, Packet

from leadcapture import networks
from leadcapture.socketio.websocket import WebSocket, frame

TURNS = 4  # a second
# Packets of one connection that are taken in a STRETCH of so many seconds; the next ones wait on the line for the next
# stretch. No person sends a tenth of it, and whoever sends more keeps nobody else waiting.
MOST_IN_STRETCH, STRETCH = 100, 0.2
PING = frame("2")
# Connections open at the same time to one process that may come from one address: an office behind one address has some
# dozens, a mobile network's some hundreds. Our own machine is no stranger: a proxy there may not tell who is behind it.
MOST_OF_AN_ADDRESS = 500

StartResponse = Callable[..., Any]


class Connection:
    """One connection, as the library's server knows it."""

    __slots__ = ("closed", "closing", "connected", "heard", "server", "session", "sid", "turn", "upgraded", "ws")

    def __init__(self, server: Engine, sid: str, ws: WebSocket, turn: set[Connection]) -> None:
        self.server, self.sid, self.ws, self.turn = server, sid, ws, turn
        self.connected = self.upgraded = True
        self.closing = self.closed = False
        self.heard = True  # since it was pinged last
        self.session: dict[str, Any] = {}
        turn.add(self)

    def send(self, packet: Packet) -> None:
        """Write the packet to the line. Raises SocketIsClosedError."""
        if self.closed:
            raise SocketIsClosedError
        framed = getattr(packet, "framed", None)
        if framed is None:
            # What is told to many is framed once.
            framed = frame(packet.encode())
            packet.framed = framed  # type: ignore[attr-defined]  # kept where all find it
        self.ws.send(framed)

    def read(self) -> None:
        """Take in what comes, until the connection ends."""
        trigger, sid, receive = self.server._trigger_event, self.sid, self.ws.receive
        taken, since = 0, monotonic()
        while not self.closed and (text := receive()) is not None:
            self.heard = True
            taken += 1
            if taken == MOST_IN_STRETCH:
                gevent.sleep(max(0.0, since + STRETCH - monotonic()))
                taken, since = 0, monotonic()
            if text[:1] == "4":
                trigger("message", sid, text[1:], run_async=False)  # type: ignore[no-untyped-call]  # the library's
            elif text[:1] == "1":
                self.close(abort=True, reason=self.server.reason.CLIENT_DISCONNECT)

    def ping(self) -> None:
        """Ask whether the other end lives."""
        self.heard = False
        self.ws.send(PING)

    def close(self, wait: bool = True, abort: bool = False, reason: str | None = None) -> None:  # noqa: ARG002 the library's
        """End the connection, and tell the application."""
        if self.closed or self.closing:
            return
        self.closing = True
        self.turn.discard(self)
        self.server._trigger_event("disconnect", self.sid, reason or self.server.reason.SERVER_DISCONNECT)
        self.closed = True
        if abort:
            self.ws.abort()
        else:
            self.ws.close()


class Engine(Server):
    """The server of those connections."""

    def __init__(self, **options: Any) -> None:
        super().__init__(monitor_clients=False, **options)  # type: ignore[no-untyped-call]  # the library's
        if self.ping_timeout >= self.ping_interval:
            raise ValueError("whoever is pinged again must have answered before")
        # All connections take turns in a ping interval, as many at each.
        self._turns: list[set[Connection]] = [set() for _turn in range(int(self.ping_interval * TURNS))]
        self._newest = 0
        self._pinging = False
        self._of_address: Counter[str] = Counter()

    def _handle_connect(
        self,
        environ: dict[str, Any],
        start_response: StartResponse,  # noqa: ARG002 the library's
        transport: str,
        jsonp_index: int | None = None,  # noqa: ARG002 the library's
    ) -> Iterable[bytes] | dict[str, Any]:
        """Serve a connection from its handshake to its end."""
        if transport != "websocket" or "gunicorn.socket" not in environ:
            return dict(self._bad_request("WebSocket only"))
        address = networks.address(environ.get("REMOTE_ADDR", ""))
        if self._of_address[address] >= MOST_OF_AN_ADDRESS and not networks.is_ours(address):
            return {"status": "429 TOO MANY REQUESTS", "headers": [("Retry-After", "60")], "response": b""}
        try:
            ws = WebSocket(environ, self.max_http_buffer_size)
        except ValueError:
            return dict(self._bad_request("No WebSocket handshake"))
        self._of_address[address] += 1
        sid = self.generate_id()
        connection = self.sockets[sid] = Connection(self, sid, ws, self._next_turn())
        connection.send(Packet(OPEN, self._terms(sid)))
        self._trigger_event("connect", sid, environ, run_async=False)
        try:
            connection.read()
        finally:
            connection.close(abort=True, reason=self.reason.TRANSPORT_CLOSE)
            self.sockets.pop(sid, None)
            self._of_address[address] -= 1
            if not self._of_address[address]:
                del self._of_address[address]
        # The connection is used up: gunicorn closes it without an answer.
        raise StopIteration

    def _terms(self, sid: str) -> dict[str, Any]:
        return {
            "sid": sid,
            "upgrades": [],
            "pingTimeout": int(self.ping_timeout * 1000),
            "pingInterval": int(self.ping_interval * 1000),
            "maxPayload": self.max_http_buffer_size,
        }

    def _next_turn(self) -> set[Connection]:
        if not self._pinging:
            self._pinging = True
            gevent.spawn(self._ping_in_turn)
        self._newest = (self._newest + 1) % len(self._turns)
        return self._turns[self._newest]

    def _ping_in_turn(self) -> None:
        patience = int(self.ping_timeout * TURNS)
        while True:
            for number, turn in enumerate(self._turns):
                gevent.sleep(1 / TURNS)
                for connection in list(self._turns[number - patience]):
                    if not connection.heard:
                        gevent.spawn(connection.close, abort=True, reason=self.reason.PING_TIMEOUT)
                for connection in turn:
                    connection.ping()
