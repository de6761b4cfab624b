"""A signed-in operator who opens the console's pages and asks the inbox's questions, and how long each takes."""

from __future__ import annotations

import http.client
import re
import time
import urllib.parse
from typing import Any

import socketio

from tests.servers import Service

TIMES = 5  # each page is asked for


class Desk:
    """One operator of the service, by HTTP and by the socket of the inbox."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=120)
        self._cookies: dict[str, str] = {}
        self._sign_in(service.operator())
        self._socket = socketio.SimpleClient(handle_sigint=False, websocket_extra_options={"suppress_origin": True})
        headers = {"Cookie": self._cookie, "Origin": service.url}
        self._socket.connect(service.url, headers=headers, namespace="/operator", transports=["websocket"])

    def close(self) -> None:
        self._socket.disconnect()
        self._connection.close()

    def get(self, path: str) -> str:
        """The page's HTML. Fails unless it is there."""
        status, body = self._ask("GET", path)
        assert status == 200, (path, status)
        return body

    def milliseconds(self, path: str) -> list[float]:
        """How long the page takes, TIMES times. Fails unless it is there."""
        return [self._timed(lambda: self.get(path)) for _time in range(TIMES)]

    def call(self, event: str, **payload: Any) -> dict[str, Any]:
        """What the inbox is answered. Fails unless it is well."""
        answer: dict[str, Any] = self._socket.call(event, payload, timeout=120)
        assert answer["ok"], (event, payload, answer)
        return answer

    def call_milliseconds(self, event: str, **payload: Any) -> list[float]:
        """As `milliseconds`, of a question of the inbox."""
        return [self._timed(lambda: self.call(event, **payload)) for _time in range(TIMES)]

    @staticmethod
    def _timed(what: Any) -> float:
        begun = time.perf_counter()
        what()
        return (time.perf_counter() - begun) * 1000

    @property
    def _cookie(self) -> str:
        return "; ".join(f"{name}={value}" for name, value in self._cookies.items())

    def _sign_in(self, person: dict[str, str]) -> None:
        _status, page = self._ask("GET", "/console/sign-in")
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
        assert token is not None
        given = {"email": person["email"], "password": person["password"], "csrf_token": token[1]}
        status, _page = self._ask("POST", "/console/sign-in", urllib.parse.urlencode(given))
        assert status == 302, status

    def _ask(self, method: str, path: str, body: str | None = None) -> tuple[int, str]:
        headers = {"Cookie": self._cookie, "Origin": self._service.url}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        self._connection.request(method, path, body=body, headers=headers)
        answer = self._connection.getresponse()
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            name, _equals, value = cookie.partition(";")[0].partition("=")
            self._cookies[name] = value
        return answer.status, answer.read().decode()
