"""Real Socket.IO clients of visitors and operators against a real service, and the service they talk to."""

from __future__ import annotations

import itertools
import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import socketio
from flask import Flask
from flask.sessions import SecureCookieSessionInterface

from leadcapture import clock, db, tables
from tests.conftest import add_people
from tests.servers import Service

SECRET = "a secret key of the chat tests"
ORIGIN = "https://shop.example.org"
_numbers = itertools.count(1)


class ChatService(Service):
    """`leadcapture serve` on a database that knows alice, bob (site) and charlie (other site)."""

    people: SimpleNamespace

    def __init__(self, folder: Path, **settings: str) -> None:
        super().__init__(folder, command=("serve",), **{"SECRET_KEY": SECRET, "LOG_LEVEL": "WARNING"} | settings)

    def populate(self) -> None:
        """Make the tables and the people, in a database nobody serves yet."""
        (self.folder / "instance").mkdir(parents=True, exist_ok=True)
        url = self.settings.get("DATABASE_URL") or f"sqlite:///{self.folder / 'instance' / 'leadcapture.db'}"
        database = db.Database(url)
        tables.upgrade(database.engine)
        self.people = database.write(add_people, clock.now())
        database.close()

    def cookie(self, operator: Any) -> str:
        """The session cookie of a signed-in operator."""
        return f"leadcapture={signed_session(operator.public_id, operator.session_epoch)}"

    def visitor(self, **auth: Any) -> Client:
        return Client(self.url, "/visitor", {"site": self.people.site.key} | auth)

    def operator(self, operator: Any, **headers: str) -> Client:
        return Client(self.url, "/operator", None, {"Cookie": self.cookie(operator)} | headers)

    def call(
        self, path: str, body: Any = None, *, method: str | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, Any, Any]:
        """One HTTP call: status, the JSON answer (None when empty), headers."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers or {}, method=method)
        if data is not None:
            request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=40) as answer:
                text = answer.read()
                return answer.status, json.loads(text) if text else None, answer.headers
        except urllib.error.HTTPError as error:
            text = error.read()
            return error.code, json.loads(text) if text else None, error.headers


def signed_session(operator: str, epoch: int, **more: str) -> str:
    app = Flask("cookies")
    app.secret_key = SECRET
    serializer = SecureCookieSessionInterface().get_signing_serializer(app)
    assert serializer is not None
    return str(serializer.dumps({"operator": operator, "epoch": epoch} | more))


class Refused(Exception):
    """The service did not let the client in; says why."""


class Client:
    """One connection; remembers everything it heard, in order."""

    def __init__(
        self, url: str, namespace: str, auth: dict[str, Any] | None, headers: dict[str, str] | None = None
    ) -> None:
        self.namespace = namespace
        self.heard: list[tuple[str, Any]] = []
        self._lock = threading.Lock()
        headers = dict(headers or {})
        # The client below names the service itself as origin unless told otherwise.
        origin = {"origin": headers.pop("Origin")} if "Origin" in headers else {"suppress_origin": True}
        self.sio = socketio.Client(reconnection=False, handle_sigint=False, websocket_extra_options=origin)
        self.sio.on("*", self._hear, namespace=namespace)
        self.ended = threading.Event()
        self.sio.on("disconnect", lambda *_: self.ended.set(), namespace=namespace)
        self.refused: Any = None
        self.sio.on("connect_error", self._refuse, namespace=namespace)
        try:
            self.sio.connect(
                url, namespaces=[namespace], auth=auth, headers=headers, transports=["websocket"], wait_timeout=10
            )
        except socketio.exceptions.ConnectionError as error:
            raise Refused(str(self.refused or error)) from error

    def _hear(self, event: str, *payload: Any) -> None:
        with self._lock:
            self.heard.append((event, payload[0] if payload else None))

    def _refuse(self, reason: Any = None) -> None:
        self.refused = reason

    def emit(self, event: str, payload: Any = None) -> Any:
        """The acknowledgement of one event."""
        return self.sio.call(event, payload, namespace=self.namespace, timeout=10)

    def say(self, body: str, client_id: str | None = None, **more: Any) -> Any:
        return self.emit("message", {"client_id": client_id or f"c{next(_numbers)}", "body": body, **more})

    def all(self, event: str) -> list[Any]:
        """Every payload of that event so far."""
        with self._lock:
            return [payload for name, payload in self.heard if name == event]

    def hear(self, event: str, condition: Callable[[Any], bool] = lambda _: True, seconds: float = 10) -> Any:
        """The first payload of that event which fits, once it was heard."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for payload in self.all(event):
                if condition(payload):
                    return payload
            time.sleep(0.01)
        raise AssertionError(f"{event} was not heard in {seconds} s, but: {self.heard}")

    def hear_available(self, available: bool, seconds: float = 10) -> None:
        """Wait until the service has told this visitor so, in its welcome or later."""
        if self.welcome["available"] != available:
            self.hear("available", lambda told: told["available"] == available, seconds)

    def silent(self, event: str, seconds: float = 0.5) -> bool:
        """Whether that event is not heard for so long."""
        before = len(self.all(event))
        time.sleep(seconds)
        return len(self.all(event)) == before

    @property
    def welcome(self) -> Any:
        return self.hear("welcome")

    def leave(self) -> None:
        if self.sio.connected:
            self.sio.disconnect()
        self.sio.eio.disconnect(abort=True)
