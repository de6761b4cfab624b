"""The reference of the relay: what Flask-SocketIO's own handlers do under gunicorn's gevent worker, storing nothing.

    python -m tests.bench.bare_relay PORT

Visitors' messages are numbered, acknowledged, and told to the operator who has taken the conversation.
"""

from __future__ import annotations

from gevent import monkey

monkey.patch_all()

import itertools  # noqa: E402 the patch comes first
import sys  # noqa: E402
from typing import Any  # noqa: E402

from flask import Flask, request  # noqa: E402
from flask_socketio import SocketIO, emit, join_room  # noqa: E402
from gunicorn.app.base import BaseApplication  # noqa: E402

app = Flask(__name__)
sockets = SocketIO(app, async_mode="gevent", transports=["websocket"], cors_allowed_origins="*", manage_session=False)
numbers = itertools.count(1)


@app.get("/healthz")
def alive() -> str:
    return "ok"


@sockets.on("connect", namespace="/visitor")
def visitor(_auth: object) -> None:
    emit("welcome", {})


@sockets.on("connect", namespace="/operator")
def operator(_auth: object) -> None:
    emit("queue", {})


@sockets.on("take", namespace="/operator")
def take(payload: dict[str, str]) -> dict[str, Any]:
    join_room(payload["conversation"])
    return {"ok": True}


@sockets.on("message", namespace="/visitor")
def message(payload: dict[str, str]) -> dict[str, Any]:
    conversation: str = request.sid  # type: ignore[attr-defined]  # Flask-SocketIO adds it
    number = next(numbers)
    told = payload | {"conversation": conversation, "seq": number}
    emit("message", told, to=conversation, namespace="/operator")
    return {"ok": True, "conversation": conversation, "seq": number}


class Server(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    def load_config(self) -> None:
        for name, value in (("bind", f"127.0.0.1:{sys.argv[1]}"), ("worker_class", "gevent"), ("loglevel", "error")):
            self.cfg.set(name, value)
        self.cfg.set("control_socket_disable", True)

    def load(self) -> Flask:
        return app


if __name__ == "__main__":
    Server().run()
