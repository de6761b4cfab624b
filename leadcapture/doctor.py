"""Looks at an installation and says of each part whether it is well, and what to do when it is not."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy.exc import DBAPIError, OperationalError

from leadcapture import db, settings, tables
from leadcapture.errors import BadSetting, LeadCaptureError
from leadcapture.mail import transports
from leadcapture.settings import Settings

LOCAL_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True)
class Finding:
    """What was seen of one part: well or not, and a sentence."""

    part: str
    well: bool
    text: str


def examine() -> list[Finding]:
    """Every part's state, in the order a person would mend them. Changes nothing."""
    try:
        found = settings.load()
    except BadSetting as error:
        return [Finding("Settings", False, error.message)]
    findings = [Finding("Settings", True, "can all be read.")]
    parts: tuple[Callable[[Settings], Iterator[Finding]], ...] = (_folder, _database, _redis, _mail, _public_url)
    for part in parts:
        findings.extend(part(found))
    return findings


def database_trouble(error: DBAPIError) -> str:
    """One line on why the database cannot be used, without its password."""
    lines = str(error.orig or error).strip().splitlines()
    return f"The database cannot be used: {lines[0] if lines else type(error.orig).__name__}"


def _folder(settings: Settings) -> Iterator[Finding]:
    folder = settings.instance
    try:
        with tempfile.TemporaryFile(dir=folder):
            yield Finding("Instance folder", True, f"{folder} can be written to.")
    except OSError as error:
        yield Finding(
            "Instance folder", False, f"{folder} cannot be written to ({error.strerror}): give it to this user."
        )
    key = folder / "secret_key"
    if key.exists():
        yield _secret_key(key)


def _secret_key(key: Path) -> Finding:
    mode = stat.S_IMODE(key.stat().st_mode)
    if mode & 0o077:
        return Finding("Secret key", False, f"others can read it (mode {mode:04o}): run chmod 600 {key}")
    return Finding("Secret key", True, "only this user can read it.")


def _database(settings: Settings) -> Iterator[Finding]:
    path = settings.database_url.removeprefix("sqlite:///")
    if path != settings.database_url and not os.path.exists(path):  # noqa: PTH110 the URL may hold more than a path
        yield Finding("Database", True, "not there yet; `leadcapture serve` makes it.")
        return
    try:
        database = db.connect(settings.database_url)
        pending = tables.pending(database.engine)
    except OperationalError as error:
        yield Finding("Database", False, f"{database_trouble(error)}. Look at LEADCAPTURE_DATABASE_URL.")
        return
    if not pending:
        yield Finding("Database", True, "answers and is up to date.")
    elif database.sqlite:
        yield Finding("Database", True, "older than this version; `leadcapture serve` brings it up to date.")
    else:
        yield Finding("Database", False, "not up to date: run `leadcapture db upgrade`.")


def _redis(settings: Settings) -> Iterator[Finding]:
    if not settings.redis_url:
        return
    import redis  # here, because it takes long and starting must not

    try:
        redis.Redis.from_url(settings.redis_url, socket_timeout=5, socket_connect_timeout=5).ping()
        yield Finding("Redis", True, "answers.")
    except (redis.RedisError, ValueError) as error:
        yield Finding(
            "Redis",
            False,
            f"does not answer ({type(error).__name__}): look at LEADCAPTURE_REDIS_URL and at the server.",
        )


def _mail(settings: Settings) -> Iterator[Finding]:
    if not settings.smtp_url:
        yield Finding("Mail", True, "no LEADCAPTURE_SMTP_URL: mails stay in the outbox, readable in the console.")
        return
    try:
        transports.configure(smtp_url=settings.smtp_url, public_url=settings.public_url)
        connection = transports.Connection(transports.Server.parse(settings.smtp_url))
        connection.open()
        connection.drop()
        yield Finding("Mail", True, "the server lets us in.")
    except LeadCaptureError as error:
        yield Finding("Mail", False, f"{error.message} Look at LEADCAPTURE_SMTP_URL.")


def _public_url(settings: Settings) -> Iterator[Finding]:
    parts = urlsplit(settings.public_url)
    well, text = True, "is where people reach us."
    if parts.path or parts.query or parts.fragment:
        well, text = False, "LEADCAPTURE_PUBLIC_URL must be a scheme and a host, nothing after them."
    elif parts.hostname in LOCAL_HOSTS:
        text = "works on this machine alone; set LEADCAPTURE_PUBLIC_URL to go live."
    elif parts.scheme != "https":
        well, text = False, "people's data must travel by https: put a proxy with TLS in front."
    yield Finding("Public address", well, f"{settings.public_url} {text}")
