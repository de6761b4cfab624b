"""The data: its folder and who can read it, the disk, the database, Redis, and the clocks of all of them."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, OperationalError

from leadcapture import clock, db, tables
from leadcapture.backup import lock
from leadcapture.doctor.findings import Finding, database_trouble
from leadcapture.settings import Settings

LEAST_FREE = 1_000_000_000  # bytes
LEAST_FILES = 10_000
APART = timedelta(seconds=5)  # clocks of machines that keep time differ by less


def folder(settings: Settings) -> Iterator[Finding]:
    """The instance folder, and whether others on the machine can read what is in it."""
    path = settings.instance
    try:
        with tempfile.TemporaryFile(dir=path):
            yield Finding("Instance folder", True, f"{path} can be written to.")
    except OSError as error:
        yield Finding(
            "Instance folder", False, f"{path} cannot be written to ({error.strerror}): give it to this user."
        )
    key = path / "secret_key"
    if key.exists():
        yield _secret_key(key)
    yield _permissions(settings)


def _secret_key(key: Path) -> Finding:
    mode = stat.S_IMODE(key.stat().st_mode)
    if mode & 0o077:
        return Finding("Secret key", False, f"others can read it (mode {mode:04o}): run chmod 600 {key}")
    return Finding("Secret key", True, "only this user can read it.")


def _permissions(settings: Settings) -> Finding:
    database = lock.database_file(settings)
    private = [settings.instance / "config.toml", settings.instance / "uploads", settings.instance / "dkim"]
    private += (settings.instance / "dkim").glob("*.pem")
    if database is not None:
        private.append(database)
    others = [path for path in private if _others_read(path)]
    if others:
        return Finding(
            "Permissions",
            False,
            f"other users of this machine can read {', '.join(path.name for path in others)}: "
            f"run chmod go= {' '.join(str(path) for path in others)}",
        )
    return Finding("Permissions", True, "only this user can read people's data.")


def _others_read(path: Path) -> bool:
    """Whether another user could: each folder on the way lets them through, and the last one lets them look."""
    try:
        ways = [parent.stat().st_mode & 0o001 for parent in path.parents]
        return bool(all(ways) and path.stat().st_mode & 0o004)
    except OSError:
        return False


def disk(settings: Settings) -> Iterator[Finding]:
    """Room for what comes."""
    found = os.statvfs(settings.instance)
    free = found.f_bavail * found.f_frsize
    if free < LEAST_FREE:
        yield Finding(
            "Disk", False, f"{free // 1_000_000:,} MB are free at {settings.instance}: make room, or nothing is kept."
        )
    elif found.f_files and found.f_favail < LEAST_FILES:
        yield Finding("Disk", False, f"room for {found.f_favail:,} more files at {settings.instance}: remove some.")
    else:
        yield Finding("Disk", True, f"{free // 1_000_000_000:,} GB are free.")


def database(settings: Settings) -> Iterator[Finding]:
    """Whether it answers, is of this version, and goes by the same clock."""
    file = lock.database_file(settings)
    if file is not None and not file.exists():
        yield Finding("Database", True, "not there yet; `leadcapture serve` makes it.")
        return
    try:
        connected = db.connect(settings.database_url)
        pending = tables.pending(connected.engine)
    except OperationalError as error:
        yield Finding("Database", False, f"{database_trouble(error)}. Look at LEADCAPTURE_DATABASE_URL.")
        return
    if pending and not connected.sqlite:
        yield Finding("Database", False, "not up to date: run `leadcapture db upgrade`.")
    elif pending:
        yield Finding("Database", True, "older than this version; `leadcapture serve` brings it up to date.")
    else:
        yield Finding("Database", True, "answers and is up to date.")
        yield _clock(connected)


def _clock(connected: db.Database) -> Finding:
    """The clock here beside the database's, and beside what was written last."""
    newest = text("SELECT created_at FROM emails ORDER BY id DESC LIMIT 1").columns(created_at=db.UtcDateTime())
    try:
        with connected.read() as session:
            written = session.scalar(newest)
            theirs = None if connected.sqlite else session.scalar(text("SELECT clock_timestamp()"))
    except DBAPIError as error:
        return Finding("Clock", False, f"{database_trouble(error)}.")
    now = clock.now()
    if theirs is not None and abs(theirs - now) > APART:
        return _apart("the database server's", theirs, now)
    if written is not None and written > now + timedelta(minutes=1):
        return Finding(
            "Clock",
            False,
            f"it is {now:%Y-%m-%d %H:%M} UTC here, and the newest mail was written at {written:%Y-%m-%d %H:%M}: the "
            "clock was ahead, or is behind now. Have it set by the network (timedatectl set-ntp true).",
        )
    return Finding("Clock", True, f"it is {now:%Y-%m-%d %H:%M:%S} UTC, which agrees with the data.")


def _apart(whose: str, theirs: datetime, now: datetime) -> Finding:
    seconds = abs((theirs - now).total_seconds())
    return Finding(
        "Clock",
        False,
        f"this machine's and {whose} are {seconds:,.0f} seconds apart: have both set by the network "
        "(timedatectl set-ntp true).",
    )


def redis(settings: Settings) -> Iterator[Finding]:
    """Whether it answers, where there is one."""
    if not settings.redis_url:
        return
    from redis import Redis, RedisError  # here, because it takes long and starting must not

    try:
        seconds, _micro = Redis.from_url(settings.redis_url, socket_timeout=5, socket_connect_timeout=5).time()
    except (RedisError, ValueError) as error:
        yield Finding(
            "Redis",
            False,
            f"does not answer ({type(error).__name__}): look at LEADCAPTURE_REDIS_URL and at the server.",
        )
        return
    yield Finding("Redis", True, "answers.")
    theirs, now = datetime.fromtimestamp(seconds, UTC), clock.now()
    if abs(theirs - now) > APART:
        yield _apart("Redis'", theirs, now)
