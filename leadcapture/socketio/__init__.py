"""The Socket.IO server. Connects go through Flask-SocketIO; all other events are put on the server beneath it, because
Flask's request context is the main cost of an event. What is beneath that is in `engine` (connections), `websocket`
(the line) and `rooms` (who is told, on one process and on several)."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask, request
from flask_socketio import SocketIO, _SocketIOMiddleware
from socketio import Server
from socketio.packet import Packet

from leadcapture import bounded_json
from leadcapture.settings import Settings
from leadcapture.socketio import rooms
from leadcapture.socketio.engine import Connection, Engine
from leadcapture.socketio.rooms import Rooms, RoomsOverRedis

LARGEST_PACKET = 100_000  # bytes: a message of 4,000 characters many times over


class _Packet(Packet):
    # Nothing here is binary: nobody has to look for it in everything that is told.
    uses_binary_events = False


class _Server(Server):
    def __init__(self, **options: Any) -> None:
        super().__init__(serializer=_Packet, **options)  # type: ignore[no-untyped-call]  # the library's

    def _engineio_server_class(self) -> type[Engine]:
        return Engine


class _Sockets(SocketIO):
    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # the library's

    def init_app(self, app: Flask, **options: Any) -> None:
        """Bind our server to the application, where the library would make its own."""
        app.extensions["socketio"] = self
        self.manage_session = False
        self.server = _Server(**options)
        self.async_mode = self.server.async_mode
        self.sockio_mw = _SocketIOMiddleware(self.server, app)
        app.wsgi_app = self.sockio_mw  # type: ignore[method-assign]  # this is how Flask is put into something


socketio: SocketIO = _Sockets()


def init(app: Flask, settings: Settings) -> None:
    """Bind the server to the application. Several processes are joined by Redis when it is set."""
    redis = settings.redis_url
    socketio.init_app(
        app,
        async_mode="gevent",
        transports=["websocket"],
        # Every namespace checks the origin itself when a client connects: visitors come from their site's pages.
        cors_allowed_origins="*",
        client_manager=RoomsOverRedis(redis, channel="leadcapture") if redis else Rooms(),
        # Events of one socket are handled one after the other: their order is the visitor's.
        async_handlers=False,
        max_http_buffer_size=LARGEST_PACKET,
        json=_PacketJSON,
        # A line that is dead is noticed by either end within the two together. Half of what proxies let a silent line
        # live, and seldom enough that ten thousand who are silent take less than a hundredth of a core.
        ping_interval=30,
        ping_timeout=20,
    )


class _PacketJSON:
    """Reads packets within bounds. One that cannot be read is an event nobody handles, or a refused greeting."""

    _encode = json.JSONEncoder(separators=(",", ":")).encode  # made once, not for each packet

    @staticmethod
    def dumps(value: Any, **_options: Any) -> str:
        return _PacketJSON._encode(value)

    @staticmethod
    def loads(text: str, **options: Any) -> Any:
        try:
            return bounded_json.loads(text, **options)
        except ValueError:
            return ["unreadable"]


def _without_traceback(record: logging.LogRecord) -> bool:
    """A packet that the library stumbles over is worth a line of the log and not a page: whoever sends one may send a
    million. What our own handlers raise keeps its traceback."""
    frame = record.exc_info and record.exc_info[2]
    while frame and frame.tb_next:
        frame = frame.tb_next
    if frame and frame.tb_frame.f_globals.get("__name__", "").partition(".")[0] in ("socketio", "engineio"):
        record.msg, record.args, record.exc_info = "A packet could not be read.", (), None
        record.levelno, record.levelname = logging.INFO, "INFO"
    return True


logging.getLogger("engineio.server").addFilter(_without_traceback)


def on(event: str, namespace: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a hot event: called as `handler(sid, *payload)` with no Flask context; what it returns is the ack.

    Registration must happen after init().
    """

    def register(handler: Callable[..., Any]) -> Callable[..., Any]:
        _server().on(event, handler, namespace=namespace)
        return handler

    return register


def emit(
    event: str, payload: dict[str, Any], *, to: str | list[str], namespace: str, skip_sid: str | None = None
) -> None:
    """Send an event to a room, or once to everybody in any of these rooms, on every process."""
    _server().emit(event, payload, room=to, namespace=namespace, skip_sid=skip_sid)


def sid() -> str:
    """The id of the socket whose event is being handled."""
    asking: str = request.sid  # type: ignore[attr-defined]  # Flask-SocketIO adds it
    return asking


def emit_here(event: str, payload: dict[str, Any], *, to: str, namespace: str) -> None:
    """As emit, to the sockets of this process alone: for what every process finds out by itself."""
    _server().emit(event, payload, room=to, namespace=namespace, ignore_queue=True)


def ask_here(event: str, to: str, *, namespace: str, answered: Callable[[], None]) -> None:
    """Send an event to one socket of this process; `answered` is called when its acknowledgement comes, if it does."""
    _server().emit(event, {}, to=to, namespace=namespace, ignore_queue=True, callback=lambda *_answer: answered())


def enter(sid: str, room: str, *, namespace: str) -> None:
    """Put a socket of this process into a room."""
    _server().enter_room(sid, room, namespace=namespace)


def leave(sid: str, room: str, *, namespace: str) -> None:
    """Take a socket of this process out of a room."""
    _server().leave_room(sid, room, namespace=namespace)


def move(sid: str, old: str, new: str, *, namespace: str) -> None:
    """Take a socket of this process out of one room and into another."""
    _server().enter_room(sid, new, namespace=namespace)
    _server().leave_room(sid, old, namespace=namespace)


def disconnect(sid: str, *, namespace: str) -> None:
    """End a socket of this process."""
    _server().disconnect(sid, namespace=namespace)


def when_missed(react: Callable[[float], None]) -> None:
    """Have it called, with the seconds, when this process may have missed for so long what others told."""
    if react not in rooms.on_missed:
        rooms.on_missed.append(react)


def connections() -> Iterable[Connection]:
    """Every connection of this process."""
    open_now: dict[str, Connection] = _server().eio.sockets
    return open_now.values()


def _server() -> Server:
    server: Server | None = socketio.server
    if server is None:
        raise RuntimeError("socketio.init was not called")
    return server
