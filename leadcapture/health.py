"""Whether the process lives and whether it can work: for load balancers and for people who look."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from flask import Blueprint, Response, current_app, jsonify, request
from sqlalchemy import text

from leadcapture import clock, db, signing
from leadcapture.errors import Invalid, NotFound
from leadcapture.mail import queries as mail
from leadcapture.settings import Settings

if TYPE_CHECKING:
    import redis

blueprint = Blueprint("health", __name__)

SEEN = "/healthz/seen/"
DOCTOR_WAITS = timedelta(minutes=1)

LEAST_FREE = 100_000_000  # bytes of disk, below which nothing more should be taken in
MAILS_WAIT = timedelta(minutes=5)  # where mails are sent at all, one that is due leaves within seconds
AGREED_FOR = 600  # seconds that what one machine said of itself is held against the others
KEPT_FOR = 1.0  # seconds: whoever asks a thousand times a second is answered from memory

_found: tuple[float, Settings, dict[str, str]] | None = None


@blueprint.get("/healthz")
def alive() -> Response:
    """The process answers; nothing else is asked."""
    return jsonify(status="ok")


@blueprint.get(f"{SEEN}<token>")
def seen(token: str) -> Response:
    """What arrives of a request: by which scheme and host, and from which address it seems to come. Answers
    `leadcapture doctor` alone, who signs the moment it asks at."""
    asked_at = datetime.fromisoformat(signing.verify("doctor", token))
    if abs(clock.now() - asked_at) > DOCTOR_WAITS:
        raise NotFound("This was asked too long ago.")
    return jsonify(scheme=request.scheme, host=request.host, address=request.remote_addr)


@blueprint.get("/readyz")
def ready() -> tuple[Response, int]:
    """Each part with "ok" or what is wrong with it; 503 when one is not well. `?part=database&part=disk` looks at those
    alone. Raises Invalid for a part that there is not."""
    parts = examine(current_app.config["LEADCAPTURE"])
    wanted = request.args.getlist("part")
    unknown = [name for name in wanted if name not in CHECKS]
    if unknown:
        raise Invalid(f"There are the parts {', '.join(CHECKS)}.", code="bad_request")
    parts = {name: state for name, state in parts.items() if not wanted or name in wanted}
    well = all(state == "ok" for state in parts.values())
    return jsonify(status="ok" if well else "unavailable", parts=parts), 200 if well else 503


def examine(settings: Settings) -> dict[str, str]:
    """Every part there is in this installation, by its name: "ok", or what is wrong in a few words."""
    global _found
    if _found is None or _found[1] is not settings or time.monotonic() - _found[0] > KEPT_FOR:
        parts: dict[str, str] = {}
        for name, check in CHECKS.items():
            try:
                state = check(settings)
            except Exception as error:  # a readiness answer names every failure by its class, whatever it was
                state = type(error).__name__
            if state is not None:
                parts[name] = state
        _found = time.monotonic(), settings, parts
    return _found[2]


# ---- the parts: each says "ok", what is wrong, or None where the installation has no such part -----------------------


def _database(_settings: Settings) -> str:
    with db.read() as session:
        session.execute(text("SELECT 1 FROM sites LIMIT 1"))
    return "ok"


def _queue(settings: Settings) -> str:
    if not settings.smtp_url:
        return "ok"  # mails stay in the outbox on purpose
    now = clock.now()
    with db.read() as session:
        due = mail.oldest_due(session, now)
    if due is None or now - due < MAILS_WAIT:
        return "ok"
    return f"mails wait for {int((now - due).total_seconds() // 60)} minutes: do the jobs run?"


def _redis(settings: Settings) -> str | None:
    if not settings.redis_url:
        return None
    _asking(settings.redis_url).ping()
    return "ok"


def _disk(settings: Settings) -> str:
    free = shutil.disk_usage(settings.instance).free
    return "ok" if free >= LEAST_FREE else f"{free // 1_000_000} MB are free"


def _keys(settings: Settings) -> str | None:
    if not settings.redis_url:
        return None
    digest = hashlib.sha256(b"leadcapture:" + settings.secret_keys[0].encode()).hexdigest()[:16]
    if _as_others(settings, "keys", digest):
        return "ok"
    return "another machine signs with another LEADCAPTURE_SECRET_KEY"


def _uploads(settings: Settings) -> str | None:
    folder = settings.instance / "uploads"
    folder.mkdir(mode=0o700, exist_ok=True)
    if not os.access(folder, os.W_OK):
        return "the folder cannot be written to"
    if not settings.redis_url:
        return "ok"
    mark = folder / ".folder"
    if not mark.exists():
        # Made under another name first: whoever reads it reads the whole of it.
        made = folder / f".{secrets.token_hex(8)}"
        made.write_text(secrets.token_hex(8))
        made.rename(mark)
    if _as_others(settings, "uploads", mark.read_text()):
        return "ok"
    return "another machine keeps uploads in another folder: share it"


def _as_others(settings: Settings, fact: str, value: str) -> bool:
    """Whether the machines that share our Redis say the same of themselves; the first to say it is right."""
    name = f"leadcapture/machines/{fact}"
    asking = _asking(settings.redis_url)
    asking.set(name, value, nx=True, ex=AGREED_FOR)
    said = asking.get(name)
    if said is None or said == value.encode():
        asking.expire(name, AGREED_FOR)
        return True
    return False


@lru_cache(maxsize=1)
def _asking(url: str) -> redis.Redis:
    import redis  # here, because a service of one process starts without

    return redis.Redis.from_url(url, socket_timeout=0.5, socket_connect_timeout=0.5)


CHECKS: dict[str, Callable[[Settings], str | None]] = {
    "database": _database,
    "queue": _queue,
    "redis": _redis,
    "disk": _disk,
    "uploads": _uploads,
    "keys": _keys,
}
