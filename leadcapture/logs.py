"""The log: lines for people or JSON for programs, each with the id of the request it belongs to, and nobody's data.

Every request has an id: what the proxy in front sent as X-Request-ID, else one made here. It goes back in the answer's
head, so that a person can quote it, and stands in every line that is written on the way. Events of a socket carry the
id of the request that opened it.

Nothing we write names a person; what libraries say of addresses, e-mail or IP, and of links with tokens in them, is
blotted out before it is written.
"""

from __future__ import annotations

import ipaddress
import json
import logging
import re
import secrets
import time
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, request

from leadcapture.settings import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = logging.getLogger("leadcapture.requests")

HEADER = "X-Request-ID"
SLOW = 1.0  # seconds, from which a request is worth a line whatever the format
# Where a request waits for something to happen, or sends as long as somebody reads, its time says nothing.
WAITING = frozenset({"chat.get"})
# Who only looks whether we are well asks every few seconds.
LOOKING = frozenset({"health.alive", "health.ready", "metrics.page"})

_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_EMAIL = re.compile(r"[^\s@<>()\"',;:=]+@[^\s@<>()\"',;:]+\.[^\s@<>()\"',;:.]+")
_IPV4 = re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])")
_IPV6 = re.compile(r"(?<![0-9A-Fa-f:])(?=[0-9A-Fa-f:]*:[0-9A-Fa-f:]*:)[0-9A-Fa-f:]{3,39}(?![0-9A-Fa-f:])")
_TOKEN = re.compile(r"(?<=[/=])[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]+){1,2}|(?<=[/=])[A-Za-z0-9_-]{24,}")

_request_id: ContextVar[str] = ContextVar("request_id", default="")

# Told of each request that was answered: (method, route as it was registered or "", status, seconds).
answered: list[Callable[[str, str, int, float], None]] = []


def configure(settings: Settings) -> None:
    """Write everything to standard error in the format of LOG_FORMAT; called again, as the settings say now. Where
    somebody else takes care of the log already, as a test runner does, they keep it."""
    root = logging.getLogger()
    ours = [handler for handler in root.handlers if isinstance(handler.formatter, _Lines)]
    if root.handlers and not ours:
        return
    for handler in ours or [logging.StreamHandler()]:
        handler.setFormatter(_JSON() if settings.log_format == "json" else _Text())
        if not ours:
            root.addHandler(handler)
    root.setLevel(settings.log_level.upper())
    logging.getLogger("alembic").setLevel(logging.WARNING)
    # Programs take a line of each request; people would see nothing else any more.
    log.setLevel(logging.INFO if settings.log_format == "json" else logging.WARNING)


def init(app: Flask, settings: Settings) -> None:
    """Give every request of the application its id and, where it is wanted, a line. Call it after all that is put
    around the application."""
    app.wsgi_app = _Identified(app.wsgi_app, trusted=settings.trusted_proxies > 0)  # type: ignore[method-assign]  # as Flask says to
    app.after_request(_answered)
    app.log_exception = _failed  # type: ignore[method-assign]  # Flask's own would say the path, and there the token


def request_id() -> str:
    """The id of the request that is being answered; nothing where none is."""
    return _request_id.get()


def route() -> str:
    """The route of the request as it was registered, such as /confirm/<token>; "" where there is none for its path."""
    return request.url_rule.rule if request.url_rule else ""


def without_personal_data(text: str) -> str:
    """The text without e-mail addresses and without the IP addresses of strangers."""
    if "@" in text:
        text = _EMAIL.sub("…@…", text)
    return _IPV6.sub(_stranger, _IPV4.sub(_stranger, text))


def _stranger(found: re.Match[str]) -> str:
    # Where our own neighbours listen is no secret, and without it their failures could not be understood.
    try:
        return "…" if ipaddress.ip_address(found[0]).is_global else found[0]
    except ValueError:
        return found[0]


class _Identified:
    """Around the application: the id of each request, in and out."""

    def __init__(self, application: WSGIApplication, *, trusted: bool) -> None:
        self._application, self._trusted = application, trusted

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        given = environ.get("HTTP_X_REQUEST_ID", "") if self._trusted else ""
        identity = given if _ID.fullmatch(given) else secrets.token_hex(8)
        _request_id.set(identity)
        environ["leadcapture.began"] = time.perf_counter()

        def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            return start_response(status, [*headers, (HEADER, identity)], *more)

        return self._application(environ, start)


def _answered(response: Response) -> Response:
    seconds = time.perf_counter() - request.environ.get("leadcapture.began", time.perf_counter())
    where, status = route(), response.status_code
    for tell in answered:
        tell(request.method, where, status, seconds)
    bad = status >= 500 or (seconds > SLOW and request.endpoint not in WAITING)
    if bad or (log.isEnabledFor(logging.INFO) and request.endpoint not in LOOKING):
        more = {"method": request.method, "route": where, "status": status, "ms": round(1000 * seconds, 1)}
        log.log(
            logging.WARNING if bad else logging.INFO,
            "%s %s %d in %.0f ms", request.method, where, status, 1000 * seconds,
            extra={"fields": more},
        )  # fmt: skip
    return response


def _failed(exc_info: Any) -> None:
    logging.getLogger("leadcapture.web").error("%s %s failed", request.method, route(), exc_info=exc_info)


class _Lines(logging.Formatter):
    def message(self, record: logging.LogRecord) -> str:
        return _TOKEN.sub("…", without_personal_data(record.getMessage()))

    def trouble(self, record: logging.LogRecord) -> str:
        """The traceback, if the record brings one."""
        return without_personal_data(self.formatException(record.exc_info)) if record.exc_info else ""


class _Text(_Lines):
    """A line for people: when, how bad, of what, the request in brackets; a traceback follows."""

    def format(self, record: logging.LogRecord) -> str:
        identity = f" [{_request_id.get()}]" if _request_id.get() else ""
        line = f"{self.formatTime(record)} {record.levelname} {record.name}{identity}: {self.message(record)}"
        trouble = self.trouble(record)
        return f"{line}\n{trouble}" if trouble else line


class _JSON(_Lines):
    """One object a line."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": self.message(record),
        }
        if _request_id.get():
            line["request_id"] = _request_id.get()
        line |= getattr(record, "fields", {})
        if record.exc_info and record.exc_info[0]:
            line["error"] = record.exc_info[0].__name__
            line["traceback"] = self.trouble(record)
        return json.dumps(line, ensure_ascii=False)
