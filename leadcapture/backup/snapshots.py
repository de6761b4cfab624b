"""A copy of the whole database as of one moment, made while people write."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import make_url

from leadcapture.backup import archive, lock
from leadcapture.errors import Conflict
from leadcapture.settings import Settings

# What the manifest counts: what an owner would ask for.
COUNTED = ("sites", "operators", "contacts", "ledger", "submissions", "conversations", "messages", "emails")
PAGES = 5000  # copied at once, between two looks of the progress bar
BEFORE = "before_restore_"  # how schemas begin that keep what a restore replaced


@dataclass(frozen=True)
class Snapshot:
    """The copy: where it lies, sqlite or postgresql, its newest migration, and the rows of COUNTED."""

    path: Path
    database: str
    revision: str
    counts: dict[str, int]


def take(settings: Settings, folder: Path, seen: Callable[[int, int], object] = lambda _done, _all: None) -> Snapshot:
    """Copy the database into the folder, for this user alone. All that was committed before is in it, and nobody who
    writes waits for it. `seen` hears how many of how many parts are done. Raises Conflict with a sentence."""
    file = lock.database_file(settings)
    if file is None:
        return _of_postgresql(settings, folder / archive.POSTGRESQL)
    return _of_sqlite(file, folder / archive.SQLITE, seen)


def _of_sqlite(file: Path, path: Path, seen: Callable[[int, int], object]) -> Snapshot:
    if not file.exists():
        raise Conflict(f"There is nothing to back up: {file} is not there.")
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    with closing(sqlite3.connect(file, timeout=30, isolation_level=None)) as source:
        # What this transaction sees stays as it is, however much is written meanwhile. Without it each writer would
        # make the copy begin anew (https://sqlite.org/c3ref/backup_finish.html).
        source.execute("BEGIN")
        try:
            counts, revision = _counted(lambda statement: source.execute(statement).fetchall())
        except sqlite3.DatabaseError as error:
            raise Conflict(f"There is nothing to back up: {file} is no database of LeadCapture ({error}).") from error
        with closing(sqlite3.connect(path)) as target:
            source.backup(target, pages=PAGES, progress=lambda _status, left, pages: seen(pages - left, pages))
    return Snapshot(path, "sqlite", revision, counts)


def _of_postgresql(settings: Settings, path: Path) -> Snapshot:
    import psycopg  # here, because it takes long and a service on SQLite needs none

    program = program_of("pg_dump")
    with psycopg.connect(conninfo(settings.database_url, password=True)) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        # pg_dump sees what this transaction sees, so the counts are those of the copy.
        seen = connection.execute("SELECT pg_export_snapshot()").fetchone()
        try:
            counts, revision = _counted(lambda statement: connection.execute(statement).fetchall())
        except psycopg.errors.UndefinedTable as error:
            raise Conflict("There is nothing to back up: run `leadcapture db upgrade` first.") from error
        run(
            [program, "--format=custom", "--compress=0", "--no-owner", "--no-privileges", "--no-comments"],
            f"--exclude-schema={BEFORE}*",
            f"--snapshot={seen[0] if seen else ''}",
            f"--file={path}",
            on=settings.database_url,
        )
    path.chmod(0o600)
    return Snapshot(path, "postgresql", revision, counts)


def _counted(ask: Callable[[str], Sequence[Sequence[Any]]]) -> tuple[dict[str, int], str]:
    counts = {table: int(ask(f"SELECT count(*) FROM {table}")[0][0]) for table in COUNTED}  # noqa: S608 our own words
    return counts, str(ask("SELECT version_num FROM alembic_version")[0][0])


# ---- PostgreSQL's own programs --------------------------------------------------------------------------------------


def program_of(name: str) -> str:
    """Where pg_dump or pg_restore is. Raises Conflict where there is none."""
    found = shutil.which(name)
    if found is None:
        raise Conflict(
            f"{name} is not on the PATH: install PostgreSQL's client programs (on Debian: apt install "
            "postgresql-client), of the server's version or a later one."
        )
    return found


def run(program: Sequence[str], *arguments: str, on: str | None = None) -> None:
    """Run a program of PostgreSQL's to its end, on the database of that URL where there is one. Raises Conflict with
    what it complained of first."""
    # The password is in nobody's list of processes.
    password = make_url(on).password if on else None
    environment = os.environ | ({"PGPASSWORD": str(password)} if password else {})
    database = [f"--dbname={conninfo(on)}"] if on else []
    done = subprocess.run(  # noqa: S603 a program off the PATH, with arguments of our own
        [*program, *database, *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        umask=0o077,
    )
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()] or ["it does not say why"]
        raise Conflict(f"{Path(program[0]).name} failed: {lines[0]}")


def conninfo(url: str, *, password: bool = False) -> str:
    """The database in libpq's words (https://www.postgresql.org/docs/current/libpq-connect.html), with its password
    where that is asked for."""
    from psycopg.conninfo import make_conninfo  # here, as above

    found: dict[str, Any] = make_url(url).translate_connect_args(database="dbname", username="user")
    found |= make_url(url).query
    return make_conninfo(**{name: value for name, value in found.items() if password or name != "password"})
