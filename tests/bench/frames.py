"""A WebSocket client (RFC 6455) that speaks just enough Engine.IO and Socket.IO for loads: no masking worth the name,
no checks, and as little work a frame as Python allows."""

from __future__ import annotations

import asyncio
import json
import urllib.parse
from collections.abc import Callable, Mapping
from typing import Any

# What browsers offer: a server that takes it up keeps a compressor for each connection. What it then sends, this client
# cannot read, which is enough for those who are idle.
COMPRESSION = {"Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits"}


class Wire(asyncio.Protocol):
    """One connection. `hear` gets every Socket.IO packet of the namespace but its greeting."""

    def __init__(self, head: bytes, namespace: str, auth: object, hear: Callable[[bytes], None]) -> None:
        self._head, self._hear = head, hear
        self._greeting = f"40{namespace}," + json.dumps(auth)
        self._connected = f"40{namespace},".encode()
        self._rest = b""
        self._upgraded = False
        self.open = True
        self.joined: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(self._head)

    def connection_lost(self, error: Exception | None) -> None:
        self.open = False
        if not self.joined.done():
            self.joined.set_exception(ConnectionError(f"closed: {error}"))

    def send(self, text: str) -> None:
        body = text.encode()
        length = len(body)
        size = bytes((0x80 | length,)) if length < 126 else b"\xfe" + length.to_bytes(2, "big")
        assert self._transport is not None
        self._transport.write(b"\x81" + size + b"\0\0\0\0" + body)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        data = self._rest + data if self._rest else data
        if not self._upgraded:
            end = data.find(b"\r\n\r\n")
            if end < 0:
                self._rest = data
                return
            if b" 101 " not in data[:20]:
                self.joined.set_exception(ConnectionError(data[:80].decode("latin1")))
                self.close()
                return
            self._upgraded, data = True, data[end + 4 :]
        at, length = 0, len(data)
        while length - at >= 2:
            size, head = data[at + 1] & 127, 2
            if size == 126:
                head = 4
                size = int.from_bytes(data[at + 2 : at + 4], "big")
            elif size == 127:
                head = 10
                size = int.from_bytes(data[at + 2 : at + 10], "big")
            if length - at < head + size:
                break
            self._frame(data[at] & 15, data[at + head : at + head + size])
            at += head + size
        self._rest = data[at:]

    def _frame(self, kind: int, body: bytes) -> None:
        if kind == 8:
            self.close()
        elif body == b"2":
            self.send("3")
        elif body.startswith(self._connected):
            if not self.joined.done():
                self.joined.set_result(None)
        elif body.startswith(b"0"):
            self.send(self._greeting)
        elif body.startswith(b"44") and not self.joined.done():
            self.joined.set_exception(ConnectionError(body.decode()))
        else:
            self._hear(body)


async def connect(
    url: str,
    namespace: str,
    auth: object,
    hear: Callable[[bytes], None],
    *,
    headers: Mapping[str, str] | None = None,
    within: float = 30,
) -> Wire:
    """A connection that has joined the namespace. Raises ConnectionError, OSError, TimeoutError."""
    where = urllib.parse.urlsplit(url)
    assert where.hostname == "127.0.0.1", "loopback only"
    more = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
    head = (
        f"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: {where.netloc}\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
        f"{more}\r\n"
    ).encode()
    made: tuple[Any, Wire] = await asyncio.wait_for(
        asyncio.get_running_loop().create_connection(
            lambda: Wire(head, namespace, auth, hear), where.hostname, where.port
        ),
        within,
    )
    wire = made[1]
    await asyncio.wait_for(asyncio.shield(wire.joined), within)
    return wire
