"""The server's end of one WebSocket (RFC 6455), for text and nothing else: what Engine.IO needs of it.

Ten thousand of them are open at once and nearly all are silent, so each is one greenlet that waits in `receive` and one
small object. Nothing is compressed (RFC 7692 is the server's choice): a compressor a connection would cost more memory
than all else together. Sending never waits: what the line does not take is kept until it does, up to MOST_UNSENT bytes,
and a connection that takes nothing for so long is given up; its client comes back and asks for what it missed.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
from typing import Any

import gevent
from gevent import socket

VERSION = "13"
MOST_UNSENT = 1_000_000  # bytes
CHUNK = 16_384  # bytes read at once

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
# Why a connection is ended (section 7.4.1).
NORMAL, PROTOCOL_ERROR, NOT_TEXT, TOO_BIG = 1000, 1002, 1007, 1009
_ACCEPTS = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Broken(Exception):
    """The other end does not keep to the protocol; `code` tells it why it is ended."""

    def __init__(self, code: int) -> None:
        super().__init__(f"websocket ended with {code}")
        self.code = code


def accept(key: str) -> str:
    """What answers a client's Sec-WebSocket-Key (section 4.2.2)."""
    return base64.b64encode(hashlib.sha1(f"{key}{_ACCEPTS}".encode(), usedforsecurity=False).digest()).decode()


def frame(text: str) -> bytes:
    """The text as one frame from a server."""
    return framed(TEXT, text.encode())


def framed(kind: int, body: bytes) -> bytes:
    """One unfragmented, unmasked frame of that kind."""
    length = len(body)
    if length < 126:
        return bytes((0x80 | kind, length)) + body
    if length < 65_536:
        return bytes((0x80 | kind, 126)) + length.to_bytes(2, "big") + body
    return bytes((0x80 | kind, 127)) + length.to_bytes(8, "big") + body


class WebSocket:
    """A connection whose handshake is done; messages longer than `longest` bytes end it."""

    __slots__ = ("_chunks", "_fragments", "_longest", "_sock", "_unread", "_unsent", "open")

    def __init__(self, environ: dict[str, Any], longest: int) -> None:
        """Answers the handshake. Raises ValueError for a request that is none."""
        key = environ.get("HTTP_SEC_WEBSOCKET_KEY", "")
        if environ.get("HTTP_SEC_WEBSOCKET_VERSION") != VERSION or len(key) > 60 or not key:
            raise ValueError("no handshake of RFC 6455")
        self._sock: socket.socket = environ["gunicorn.socket"]
        self._longest = longest
        self._unread = b""
        self._fragments: bytearray | None = None
        self._unsent: bytearray | None = None
        self.open = True
        self.send(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Accept: {accept(key)}\r\n\r\n".encode()
        )

    # ---- sending -----------------------------------------------------------------------------------------------------

    def send(self, data: bytes) -> None:
        """Send what is framed already; never waits, and says nothing where the connection is gone."""
        if not self.open:
            return
        if self._unsent is not None:
            self._keep(data)
            return
        try:
            # The last argument is gevent's: not to wait.
            sent = self._sock.send(data, 0, 0.0)  # type: ignore[call-arg]
        except BlockingIOError:
            sent = 0
        except OSError:
            self.abort()
            return
        if sent < len(data):
            self._unsent = bytearray()
            self._keep(data[sent:])
            gevent.spawn(self._send_rest)

    def _keep(self, data: bytes) -> None:
        assert self._unsent is not None
        self._unsent += data
        if len(self._unsent) > MOST_UNSENT:
            self.abort()

    def _send_rest(self) -> None:
        while self.open and self._unsent:
            try:
                sent = self._sock.send(bytes(self._unsent[:CHUNK]))
            except OSError:
                self.abort()
                return
            del self._unsent[:sent]
        self._unsent = None

    def close(self, code: int = NORMAL) -> None:
        """Say goodbye and hang up."""
        self.send(framed(CLOSE, code.to_bytes(2, "big")))
        self.abort()

    def abort(self) -> None:
        """Hang up; whoever waits in `receive` wakes up."""
        if self.open:
            self.open = False
            with contextlib.suppress(OSError):  # it may be gone already
                self._sock.shutdown(socket.SHUT_RDWR)

    # ---- receiving ---------------------------------------------------------------------------------------------------

    def receive(self) -> str | None:
        """The next text; None when the connection has ended, by either side or because it broke the protocol."""
        try:
            while True:
                text = self._next()
                if text is not None:
                    return text
                if not self.open:
                    return None
                chunk = self._sock.recv(CHUNK)
                if not chunk:
                    self.abort()
                    return None
                self._unread = self._unread + chunk if self._unread else chunk
        except Broken as error:
            self.close(error.code)
        except OSError:
            self.abort()
        return None

    def _next(self) -> str | None:
        """The next text of what has been read; None when there is none that is whole."""
        while True:
            found = self._frame()
            if found is None:
                return None
            final, kind, body = found
            if kind >= CLOSE:
                if not final:
                    raise Broken(PROTOCOL_ERROR)
                self._control(kind, body)
                if not self.open:
                    return None
                continue
            if kind == BINARY:
                raise Broken(NOT_TEXT)
            if (kind == TEXT) == (self._fragments is not None):
                raise Broken(PROTOCOL_ERROR)  # a new message within one, or the rest of none
            if not final or self._fragments is not None:
                body = self._gathered(final, body)
            if final:
                try:
                    return body.decode()
                except UnicodeDecodeError:
                    raise Broken(NOT_TEXT) from None

    def _gathered(self, final: bool, body: bytes) -> bytes:
        if self._fragments is None:
            self._fragments = bytearray()
        self._fragments += body
        if len(self._fragments) > self._longest:
            raise Broken(TOO_BIG)
        if not final:
            return b""
        whole, self._fragments = bytes(self._fragments), None
        return whole

    def _control(self, kind: int, body: bytes) -> None:
        if kind == PING:
            self.send(framed(PONG, body))
        elif kind == CLOSE:
            self.send(framed(CLOSE, body[:2]))
            self.abort()
        elif kind != PONG:
            raise Broken(PROTOCOL_ERROR)

    def _frame(self) -> tuple[bool, int, bytes] | None:
        """The first frame of what has been read: whether it ends its message, its kind, its content unmasked."""
        data = self._unread
        length = len(data)
        if length < 2:
            return None
        first, second = data[0], data[1]
        kind, size, at = first & 15, second & 127, 2
        if first & 0x70 or not second & 0x80 or kind not in (0, TEXT, BINARY, CLOSE, PING, PONG):
            raise Broken(PROTOCOL_ERROR)  # an extension nobody agreed on, or a client that does not mask
        if size >= 126:
            if kind >= CLOSE:
                raise Broken(PROTOCOL_ERROR)
            at = 4 if size == 126 else 10
            if length < at:
                return None
            size = int.from_bytes(data[2:at], "big")
            if size > self._longest:
                raise Broken(TOO_BIG)
        end = at + 4 + size
        if length < end:
            return None
        mask, body = data[at : at + 4], data[at + 4 : end]
        self._unread = data[end:]
        if size and mask != b"\0\0\0\0":
            repeated = (mask * (size // 4 + 1))[:size]
            body = (int.from_bytes(body, "little") ^ int.from_bytes(repeated, "little")).to_bytes(size, "little")
        return bool(first & 0x80), kind, body
