"""Who uses the data at this moment: one service, any number of jobs and commands beside it, or one restore alone.

On SQLite two files beside the database are locked (flock(2)) for as long as a process lives, and by the workers it
forks: `serve.lock` by the one service, `use.lock` by everybody together, and by a restore alone. The kernel lets go of
them however a process ends. PostgreSQL serves many machines at once: there only a restore looks whether anybody is
connected.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import gevent
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.pool import NullPool

from leadcapture.backup import swapping
from leadcapture.errors import Conflict
from leadcapture.settings import Settings

# Workers whose parent was killed notice it within a second: a restart right after that waits for them.
PATIENCE = 3.0  # seconds

_held: list[int] = []  # open for the rest of this process's life


def database_file(settings: Settings) -> Path | None:
    """Where the SQLite database lies; None on PostgreSQL."""
    url = make_url(settings.database_url)
    return Path(url.database).resolve() if url.get_backend_name() == "sqlite" and url.database else None


def use(settings: Settings) -> None:
    """This process uses the data from now on until it ends. Raises Conflict while a restore replaces it; one that was
    killed in the middle is finished first."""
    file = database_file(settings)
    if file is None:
        swapping.finish(settings)
        return
    descriptor = _open(file.with_name("use.lock"))
    if not _lock(descriptor, fcntl.LOCK_SH):
        os.close(descriptor)
        raise Conflict("A backup is being restored here: wait until that is done.")
    _held.append(descriptor)
    swapping.finish(settings)
    if not file.exists():
        os.close(_open(file))  # SQLite would make it for everybody on the machine to read


def serve(settings: Settings) -> None:
    """This process, with the workers it forks, is the service of this folder until it ends.

    Raises Conflict, which says who is, when another one serves from it already.
    """
    file = database_file(settings)
    if file is None:
        return
    descriptor = _open(file.with_name("serve.lock"))
    if not _lock(descriptor, fcntl.LOCK_EX, PATIENCE):
        pid = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip()
        os.close(descriptor)
        raise Conflict(
            f"LeadCapture serves from {file.parent} already (process {pid or 'unknown'}): end that one first, or give "
            "this one a folder of its own (LEADCAPTURE_INSTANCE)."
        )
    os.truncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode("ascii"), 0)
    _held.append(descriptor)


@contextmanager
def alone(settings: Settings) -> Iterator[None]:
    """`with alone(settings):` nobody else uses the data. Raises Conflict when somebody does."""
    file = database_file(settings)
    if file is None:
        _refuse_connected(settings)
        yield
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor = _open(file.with_name("use.lock"))
    try:
        if not _lock(descriptor, fcntl.LOCK_EX, PATIENCE):
            raise Conflict(
                f"LeadCapture uses {file.parent} now: end the service, the jobs and other commands of it first."
            )
        yield
    finally:
        os.close(descriptor)


def _refuse_connected(settings: Settings) -> None:
    others = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
    )
    engine = create_engine(settings.database_url, poolclass=NullPool)
    with engine.connect() as connection:
        found = connection.scalar(others)
    if found:
        raise Conflict(
            f"{found} connections to the database are open: end the service and the jobs on every machine first."
        )


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise Conflict(f"{path} cannot be locked: {error.strerror}.") from error


def _lock(descriptor: int, kind: int, patience: float = 0.0) -> bool:
    """Whether the lock could be had within so many seconds."""
    left = patience
    while True:
        with suppress(BlockingIOError):
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
            return True
        if left <= 0:
            return False
        gevent.sleep(0.1)
        left -= 0.1
