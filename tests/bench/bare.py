"""The bare reference: the same stack with nothing of ours around it, storing nothing.

    python -m tests.bench.bare PORT

`/visitor` takes `message` and acknowledges it with a running number, after handing it to the one room; `POST /form`
checks the same fields by WTForms and answers.
"""

from __future__ import annotations

from gevent import monkey

monkey.patch_all()

import itertools  # noqa: E402 the patch comes first
import sys  # noqa: E402

from flask import Flask, request  # noqa: E402
from flask_socketio import SocketIO, join_room  # noqa: E402
from gunicorn.app.base import BaseApplication  # noqa: E402
from wtforms import Form, StringField, validators  # noqa: E402

app = Flask(__name__)
sockets = SocketIO(app, async_mode="gevent", transports=["websocket"], async_handlers=False, cors_allowed_origins="*")
numbers = itertools.count(1)


class Subscription(Form):
    name = StringField(validators=[validators.Length(max=120)])
    email = StringField(validators=[validators.InputRequired(), validators.Email()])


@app.get("/healthz")
def alive() -> str:
    return "ok"


@app.post("/form")
def form() -> tuple[dict[str, bool], int]:
    return {"ok": Subscription(request.form).validate()}, 202


@sockets.on("connect", namespace="/visitor")
def connect(auth: dict[str, str]) -> None:
    join_room("listeners" if auth.get("listen") else "visitors")
    sockets.emit("welcome", {}, to=request.sid, namespace="/visitor")  # type: ignore[attr-defined]


def message(_sid: str, payload: dict[str, str]) -> dict[str, object]:
    sockets.server.emit("message", payload, room="listeners", namespace="/visitor")
    return {"ok": True, "seq": next(numbers)}


sockets.server.on("message", message, namespace="/visitor")


class Server(BaseApplication):  # type: ignore[misc]
    def load_config(self) -> None:
        for name, value in (("bind", f"127.0.0.1:{sys.argv[1]}"), ("worker_class", "gevent"), ("loglevel", "error")):
            self.cfg.set(name, value)
        self.cfg.set("control_socket_disable", True)

    def load(self) -> Flask:
        return app


if __name__ == "__main__":
    Server().run()
