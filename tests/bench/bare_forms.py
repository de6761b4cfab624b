"""The bare reference of form posts: the same stack with nothing of ours around it. WTForms and email-validator check
two fields, Core inserts one row, and it is committed to disk before it is answered.

    python -m tests.bench.bare_forms PORT DATABASE_URL
"""

from __future__ import annotations

from gevent import monkey

monkey.patch_all()

import sys  # noqa: E402 the patch comes first
from datetime import UTC, datetime  # noqa: E402
from typing import Any  # noqa: E402

from flask import Flask, request  # noqa: E402
from gunicorn.app.base import BaseApplication  # noqa: E402
from sqlalchemy import (  # noqa: E402
    Column,
    DateTime,
    Engine,
    Integer,
    MetaData,
    String,
    Table,
    create_engine,
    event,
    insert,
)
from wtforms import Form, StringField, validators  # noqa: E402

app = Flask(__name__)
leads = Table(
    "leads",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("name", String(120)),
    Column("email", String(320), index=True),
    Column("created_at", DateTime(timezone=True)),
)
add = insert(leads)
engine: Engine


class Subscription(Form):
    name = StringField(validators=[validators.Length(max=120)])
    email = StringField(validators=[validators.InputRequired(), validators.Email()])


@app.get("/healthz")
def alive() -> str:
    return "ok"


@app.post("/form")
def form() -> tuple[dict[str, Any], int]:
    given = Subscription(request.form)
    if not given.validate():
        return {"errors": given.errors}, 422
    with engine.begin() as connection:
        connection.execute(add, {**given.data, "created_at": datetime.now(UTC)})
    return {"status": "stored"}, 202


class Server(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    def load_config(self) -> None:
        for name, value in (("bind", f"127.0.0.1:{sys.argv[1]}"), ("worker_class", "gevent"), ("loglevel", "error")):
            self.cfg.set(name, value)
        self.cfg.set("keepalive", 30)
        self.cfg.set("control_socket_disable", True)

    def load(self) -> Flask:
        global engine
        engine = create_engine(sys.argv[2], pool_size=20, max_overflow=20)
        if engine.dialect.name == "sqlite":
            event.listen(engine, "connect", _prepare)
        leads.metadata.create_all(engine)
        return app


def _prepare(connection: Any, _record: object) -> None:
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=10000"):
        connection.execute(f"PRAGMA {pragma}")


if __name__ == "__main__":
    Server().run()
