"""The Socket.IO server. Connects and disconnects go through Flask-SocketIO; hot events are put on the server beneath
it, because Flask's request context is the main cost of an event."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any

from flask import Flask, request
from flask_socketio import SocketIO
from socketio import Server

from leadcapture import bounded_json
from leadcapture.settings import Settings

LARGEST_PACKET = 100_000  # bytes: a message of 4,000 characters many times over

socketio = SocketIO()


def init(app: Flask, settings: Settings) -> None:
    """Bind the server to the application. Several processes are joined by Redis when it is set."""
    socketio.init_app(
        app,
        async_mode="gevent",
        transports=["websocket"],
        # Every namespace checks the origin itself when a client connects: visitors come from their site's pages.
        cors_allowed_origins="*",
        message_queue=settings.redis_url,
        channel="leadcapture",
        manage_session=False,
        # Events of one socket are handled one after the other: their order is the visitor's.
        async_handlers=False,
        max_http_buffer_size=LARGEST_PACKET,
        json=_PacketJSON,
        ping_interval=20,
        ping_timeout=15,
    )


class _PacketJSON:
    """Reads packets within bounds. One that cannot be read is an event nobody handles, or a refused greeting."""

    dumps = staticmethod(json.dumps)

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


def emit(event: str, payload: dict[str, Any], *, to: str, namespace: str, skip_sid: str | None = None) -> None:
    """Send an event to a room, on every process."""
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


def move(sid: str, old: str, new: str, *, namespace: str) -> None:
    """Take a socket of this process out of one room and into another."""
    _server().enter_room(sid, new, namespace=namespace)
    _server().leave_room(sid, old, namespace=namespace)


def disconnect(sid: str, *, namespace: str) -> None:
    """End a socket of this process."""
    _server().disconnect(sid, namespace=namespace)


def _server() -> Server:
    server: Server | None = socketio.server
    if server is None:
        raise RuntimeError("socketio.init was not called")
    return server
