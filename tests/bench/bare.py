"""The bare reference that stores nothing: `POST /form` checks the fields by WTForms and answers.

python -m tests.bench.bare PORT
"""

from __future__ import annotations

from gevent import monkey

monkey.patch_all()

import sys  # noqa: E402 the patch comes first

from flask import Flask, request  # noqa: E402
from gunicorn.app.base import BaseApplication  # noqa: E402
from wtforms import Form, StringField, validators  # noqa: E402

app = Flask(__name__)


class Subscription(Form):
    name = StringField(validators=[validators.Length(max=120)])
    email = StringField(validators=[validators.InputRequired(), validators.Email()])


@app.get("/healthz")
def alive() -> str:
    return "ok"


@app.post("/form")
def form() -> tuple[dict[str, bool], int]:
    return {"ok": Subscription(request.form).validate()}, 202


class Server(BaseApplication):  # type: ignore[misc]
    def load_config(self) -> None:
        for name, value in (("bind", f"127.0.0.1:{sys.argv[1]}"), ("worker_class", "gevent"), ("loglevel", "error")):
            self.cfg.set(name, value)
        self.cfg.set("control_socket_disable", True)

    def load(self) -> Flask:
        return app


if __name__ == "__main__":
    Server().run()
