"""The line beneath Socket.IO: frames (RFC 6455), slow readers, and who is in which room."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gevent
import pytest
from gevent import socket
from hypothesis import given
from hypothesis import settings as few
from hypothesis import strategies as st
from socketio import Server

from leadcapture.socketio import websocket
from leadcapture.socketio.engine import Engine
from leadcapture.socketio.rooms import Rooms
from leadcapture.socketio.websocket import BINARY, CLOSE, PING, PONG, TEXT, WebSocket, accept, framed

LONGEST = 10_000
HANDSHAKE = {"HTTP_SEC_WEBSOCKET_KEY": "dGhlIHNhbXBsZSBub25jZQ==", "HTTP_SEC_WEBSOCKET_VERSION": "13"}


@pytest.fixture
def ends() -> Iterator[tuple[WebSocket, socket.socket]]:
    ours, theirs = pair()
    yield ours, theirs
    ours.abort()
    theirs.close()


def pair() -> tuple[WebSocket, socket.socket]:
    """Our end of a connection that has shaken hands, and the client's."""
    here, there = socket.socketpair()
    ours = WebSocket({**HANDSHAKE, "gunicorn.socket": here}, LONGEST)
    assert there.recv(1000).endswith(b"\r\n\r\n")
    return ours, there


def sent(kind: int, body: bytes, *, mask: bytes = b"\1\2\3\4", final: bool = True) -> bytes:
    """A frame as a client sends it."""
    head = framed(kind, body)
    at = len(head) - len(body)
    masked = bytes(byte ^ mask[place % 4] for place, byte in enumerate(body))
    first = head[0] if final else head[0] & 0x7F
    return bytes((first, head[1] | 0x80)) + head[2:at] + mask + masked


def test_the_handshake_is_answered_as_the_standard_says() -> None:
    assert accept("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    with pytest.raises(ValueError, match="handshake"):
        WebSocket({"HTTP_SEC_WEBSOCKET_VERSION": "8", "HTTP_SEC_WEBSOCKET_KEY": "x"}, LONGEST)


@few(max_examples=40, deadline=None)
@given(
    texts=st.lists(st.text(max_size=300), max_size=5),
    cuts=st.lists(st.integers(1, 60), min_size=1, max_size=20),
    parts=st.integers(1, 4),
    mask=st.binary(min_size=4, max_size=4),
)
def test_what_is_sent_arrives_however_it_is_cut(texts: list[str], cuts: list[int], parts: int, mask: bytes) -> None:
    ours, theirs = pair()
    stream = b""
    for text in texts:
        body = text.encode()
        step = max(1, -(-len(body) // parts))
        pieces = [body[at : at + step] for at in range(0, len(body), step)] or [b""]
        for number, piece in enumerate(pieces):
            stream += sent(0 if number else TEXT, piece, mask=mask, final=number == len(pieces) - 1)
            if number < len(pieces) - 1:
                stream += sent(PONG, b"in between")
    heard: list[str | None] = []
    reading = gevent.spawn(lambda: [heard.append(ours.receive()) for _text in texts])
    at = number = 0
    while at < len(stream):
        cut = cuts[number % len(cuts)]
        theirs.sendall(stream[at : at + cut])
        at, number = at + cut, number + 1
    reading.join(5)
    assert heard == texts
    ours.abort()
    theirs.close()


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        (framed(TEXT, b"not masked"), 1002),
        (bytes((0xC1, 0x80)) + b"\0\0\0\0", 1002),  # compressed, which nobody agreed on
        (sent(0, b"the rest of nothing"), 1002),
        (sent(TEXT, b"one", final=False) + sent(TEXT, b"another within"), 1002),
        (sent(PING, b"x", final=False), 1002),
        (sent(11, b"unknown"), 1002),
        (sent(BINARY, b"\0"), 1007),
        (sent(TEXT, b"\xff\xfe"), 1007),
        (sent(TEXT, b"x" * (LONGEST + 1))[:20], 1009),  # told by its size, before it has come
        (sent(TEXT, b"x" * 6000, final=False) + sent(0, b"x" * 6000), 1009),
    ],
)
def test_who_breaks_the_protocol_is_told_why_and_ended(
    ends: tuple[WebSocket, socket.socket], frames: bytes, code: int
) -> None:
    ours, theirs = ends
    theirs.sendall(frames)
    with gevent.Timeout(5):
        assert ours.receive() is None
        assert theirs.recv(100) == framed(CLOSE, code.to_bytes(2, "big"))
        assert theirs.recv(100) == b""
    assert not ours.open


def test_a_ping_is_answered_and_a_goodbye_too(ends: tuple[WebSocket, socket.socket]) -> None:
    ours, theirs = ends
    theirs.sendall(sent(PING, b"there?") + sent(CLOSE, (1000).to_bytes(2, "big")))
    with gevent.Timeout(5):
        assert ours.receive() is None
        assert theirs.recv(100) == framed(PONG, b"there?") + framed(CLOSE, (1000).to_bytes(2, "big"))


def test_who_reads_slowly_holds_nobody_up_and_gets_everything(ends: tuple[WebSocket, socket.socket]) -> None:
    ours, theirs = ends
    frames = [websocket.frame(f"{number} " + "x" * 5000) for number in range(100)]
    with gevent.Timeout(5):
        for frame in frames:
            ours.send(frame)  # far more than the line takes at once
        wanted, got = b"".join(frames), b""
        while len(got) < len(wanted):
            got += theirs.recv(60_000)
    assert got == wanted
    assert ours.open


def test_who_reads_nothing_is_given_up_before_it_costs_much(ends: tuple[WebSocket, socket.socket]) -> None:
    ours, _theirs = ends
    for _number in range(1000):
        ours.send(websocket.frame("x" * 5000))
    assert not ours.open


def test_a_room_is_left_with_the_connection_whatever_else_there_is() -> None:
    rooms = Rooms()
    Server(client_manager=rooms, async_mode="threading")
    one, other = (rooms.connect(line, "/visitor") for line in ("line 1", "line 2"))
    for sid in (one, other):
        rooms.enter_room(sid, "/visitor", "site")
    rooms.enter_room(one, "/visitor", "own")
    assert set(rooms.get_rooms(one, "/visitor")) == {one, "site", "own"}
    rooms.leave_room(one, "/visitor", "own")
    rooms.pre_disconnect(one, "/visitor")
    rooms.disconnect(one, "/visitor")
    assert [sid for sid, _line in rooms.get_participants("/visitor", "site")] == [other]
    assert rooms.get_rooms(one, "/visitor") == []
    assert rooms._rooms_of.keys() == {("/visitor", other)}
    assert not rooms.pending_disconnect


def test_who_does_not_answer_a_ping_is_ended_and_who_does_stays() -> None:
    engine = Engine(async_mode="gevent", transports=["websocket"], ping_interval=0.5, ping_timeout=0.25)
    ended: list[tuple[str, str]] = []
    engine.on("disconnect", lambda sid, reason: ended.append((sid, reason)))
    lines: dict[str, socket.socket] = {}

    def serve(here: socket.socket) -> None:
        environ: dict[str, Any] = {**HANDSHAKE, "gunicorn.socket": here}
        with pytest.raises(StopIteration):
            engine._handle_connect(environ, lambda *_: None, "websocket")

    def answers(there: socket.socket) -> None:
        while frame := there.recv(1000):
            if frame == websocket.frame("2"):
                there.sendall(sent(TEXT, b"3"))

    for name in ("silent", "lively"):
        here, lines[name] = socket.socketpair()
        gevent.spawn(serve, here)
        if name == "lively":
            gevent.spawn(answers, lines[name])
    with gevent.Timeout(10):
        while not ended:
            gevent.sleep(0.01)
        gevent.sleep(1)
    assert [reason for _sid, reason in ended] == ["ping timeout"]
    assert len(engine.sockets) == 1
