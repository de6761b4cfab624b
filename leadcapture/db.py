"""The database: Base, the engine, read() and write(). Knows nothing of Flask.

Writing: `write(operation, …)` runs `operation(session, …)` and returns what it returned, once the commit is on disk.
Returning commits, raising rolls back. On SQLite one leader runs the waiting operations, each in a savepoint of its own,
and commits them as one group: one fsync serves all who wait, the event loop is never blocked by it (a native thread
waits for the disk), and there is never a second writer in the process. On PostgreSQL it is a pooled transaction.
Operations know nothing of this.

A database that is away, locked by somebody else, full or read-only is told as errors.Unavailable within seconds, and
used again as soon as it is back: no connection is kept that is broken.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from contextvars import copy_context
from datetime import UTC, datetime
from typing import Any, ParamSpec, TypeVar, cast

import gevent
from gevent.event import AsyncResult
from gevent.threadpool import ThreadPool
from sqlalchemy import (
    Connection,
    DateTime,
    Dialect,
    Engine,
    MetaData,
    RootTransaction,
    TypeDecorator,
    make_url,
)
from sqlalchemy.exc import DataError, DBAPIError, OperationalError
from sqlalchemy.orm import DeclarativeBase, Session

from leadcapture import engines
from leadcapture.away import is_away, telling
from leadcapture.engines import LOCK_PATIENCE

P = ParamSpec("P")
R = TypeVar("R")
# Does for several callers at once what each could do by itself; an outcome for each, None for what it left out.
Gathers = Callable[[Session, list[Any]], Sequence[R | None]]

# What a database says to a value that no column of its holds: a text that is too long, a number beyond 64 bits, for
# which SQLite's driver has no error of its own.
UNSTORABLE = (DataError, OverflowError)

LOCK_PAUSE = 0.003  # seconds between two tries to get it
GROUP_LIMIT = 200  # operations in one commit: bounds how long the first of a group waits for the last


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment in UTC. Refuses naive ones; SQLite stores none of the zone, so it is put back on reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime was about to be stored")
        return value.astimezone(UTC).replace(tzinfo=None) if dialect.name == "sqlite" else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 the signature is SQLAlchemy's
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """The base of every table; constraints get predictable names, so that migrations can speak of them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: UtcDateTime}


_database: Database | None = None

# Told of each write, once it is committed: the seconds from asking for it; of each group: how many operations it had.
written: list[Callable[[float], None]] = []
grouped: list[Callable[[int], None]] = []


class Database:
    """One engine and the way to write through it."""

    def __init__(self, url: str) -> None:
        self.sqlite = make_url(url).get_backend_name() == "sqlite"
        if self.sqlite:
            self.engine = engines.sqlite(url, begin="BEGIN")
            # IMMEDIATE where we write: the lock is waited for at the beginning, where nothing has to be undone.
            self._writer: _GroupWriter | None = _GroupWriter(engines.sqlite(url, begin="BEGIN IMMEDIATE"))
        else:
            self.engine = engines.postgresql(url)
            self._writer = None
        self._gatherings: dict[Callable[..., Any], _Gathering] = {}

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session for reading; whatever it changed is rolled back. Objects stay usable after it closed. Raises
        Unavailable."""
        with telling(), Session(self.engine, expire_on_commit=False) as session:
            yield session

    def write(self, operation: Callable[..., R], *args: Any, **kwargs: Any) -> R:
        """What the operation returns, once it is committed to disk. Raises Unavailable: then it was not, or, where the
        line broke while it was committed, perhaps it was."""
        began = time.perf_counter()
        with telling():
            result = self._write(operation, *args, **kwargs)
        for tell in written:
            tell(time.perf_counter() - began)
        return result

    def _write(self, operation: Callable[..., R], *args: Any, **kwargs: Any) -> R:
        if self._writer is not None:
            # The leader's greenlet has a context of its own: take the caller's (the language of the moment) along.
            context = copy_context()
            return cast(R, self._writer.run(lambda session: context.run(operation, session, *args, **kwargs)))
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            return operation(session, *args, **kwargs)

    def gathered(self, operation: Gathers[R], item: object) -> R | None:
        """What the operation returns for this item, done together with those of others; None where it was not done.
        Raises Unavailable, as write."""
        gathering = self._gatherings.get(operation)
        if gathering is None:
            gathering = self._gatherings[operation] = _Gathering(self, operation)
        began = time.perf_counter()
        with telling():
            result = cast(R | None, gathering.run(item))
        if result is not None:
            for tell in written:
                tell(time.perf_counter() - began)
        return result

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self.engine.dispose()


def connect(url: str) -> Database:
    """Make this database the one that read() and write() of this module use, closing one that was there."""
    global _database
    close()
    _database = Database(url)
    return _database


def close() -> None:
    """Close the connected database, if there is one."""
    global _database
    if _database is not None:
        _database.close()
        _database = None


def current() -> Database:
    """The connected database. Raises RuntimeError before connect()."""
    if _database is None:
        raise RuntimeError("db.connect was not called")
    return _database


def read() -> AbstractContextManager[Session]:
    """`with read() as session:` a session for reading; what it changes is never committed."""
    return current().read()


def write(operation: Callable[..., R], *args: Any, **kwargs: Any) -> R:
    """Run `operation(session, *args, **kwargs)` in a transaction; returns its result once that is committed to disk.
    Raises Unavailable."""
    return current().write(operation, *args, **kwargs)


def gathered(operation: Gathers[R], item: object) -> R | None:
    """Run `operation(session, [item, …])` once for all who ask for it at this moment, in one transaction: this caller's
    outcome, once that is committed to disk.

    None says that nothing was written for this caller, who then does it by `write`: because the operation left it out,
    or because what somebody else wanted broke it for all. Raises Unavailable.
    """
    return current().gathered(operation, item)


class _Led:
    """Callers wait while a leader does what they ask for, in groups. Whoever comes while nobody leads starts one, which
    goes on until nothing waits."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Any, AsyncResult[Any]]] = []
        self._led = False

    def run(self, asked: Any) -> Any:
        answer: AsyncResult[Any] = AsyncResult()
        self._waiting.append((asked, answer))
        if not self._led:
            self._led = True
            # A greenlet of its own leads: a caller may be killed (a request's timeout) while others wait.
            gevent.spawn(self._lead)
        return answer.get()

    def _lead(self) -> None:
        try:
            while self._waiting:
                group, self._waiting = self._waiting[:GROUP_LIMIT], self._waiting[GROUP_LIMIT:]
                outcomes = self._outcomes([asked for asked, _ in group])
                for (_, answer), (result, failure) in zip(group, outcomes, strict=True):
                    if failure is None:
                        answer.set(result)
                    else:
                        answer.set_exception(failure)
        finally:
            self._led = False

    def _outcomes(self, asked: list[Any]) -> list[tuple[Any, BaseException | None]]:
        """What became of each; raises nothing, for every waiting caller must be told, whatever happened."""
        raise NotImplementedError

    def _tell_waiting(self, failure: BaseException) -> None:
        """Who came meanwhile would wait as long again for the same."""
        too_late, self._waiting = self._waiting, []
        for _, answer in too_late:
            answer.set_exception(failure)


class _Gathering(_Led):
    """Callers of one operation that does for many what each could do alone: who comes while it runs is done next."""

    def __init__(self, database: Database, operation: Callable[[Session, list[Any]], Sequence[Any]]) -> None:
        super().__init__()
        self._database, self._operation = database, operation

    def _outcomes(self, asked: list[Any]) -> list[tuple[Any, BaseException | None]]:
        try:
            return [(outcome, None) for outcome in self._database._write(self._operation, asked)]
        except BaseException as failure:
            if is_away(failure):
                self._tell_waiting(failure)
                return [(None, failure)] * len(asked)
            # Whose doing it was is found out where each does it alone.
            return [(None, None)] * len(asked)


class _GroupWriter(_Led):
    """Commits waiting operations in groups, while greenlets wait."""

    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self._engine = engine
        self._thread = ThreadPool(1)

    def _outcomes(self, asked: list[Callable[[Session], Any]]) -> list[tuple[Any, BaseException | None]]:
        try:
            return self._commit(asked)
        except BaseException as failure:
            if is_away(failure):
                self._tell_waiting(failure)
            return [(None, failure)] * len(asked)
        finally:
            for tell in grouped:
                tell(len(asked))

    def _commit(self, operations: list[Callable[[Session], Any]]) -> list[tuple[Any, BaseException | None]]:
        with self._engine.connect() as connection:
            # What waits for the disk waits on the native thread. The statements before take microseconds each: run
            # there too, they would only fight this thread for the interpreter.
            transaction = _begun(connection)
            with transaction:
                outcomes = [self._one(connection, operation) for operation in operations]
                failure = self._thread.apply(_failure_of, (transaction.commit,))
                if failure is not None:
                    raise failure
        return outcomes

    @staticmethod
    def _one(connection: Connection, operation: Callable[[Session], Any]) -> tuple[Any, BaseException | None]:
        # The session opens a savepoint at its first statement and releases it on commit.
        session = Session(connection, expire_on_commit=False, join_transaction_mode="create_savepoint")
        try:
            with session:
                result = operation(session)
                session.commit()
        except Exception as error:
            driver = cast(sqlite3.Connection, connection.connection.dbapi_connection)
            if isinstance(error, DBAPIError) and not driver.in_transaction:
                # The whole transaction is gone (disk full, I/O error): nobody of this group may be answered. It may
                # show only as a savepoint that is not there any more.
                raise _gone(error) from error
            return None, error
        return result, None

    def close(self) -> None:
        self._thread.join()
        self._thread.kill()
        self._engine.dispose()


def _begun(connection: Connection) -> RootTransaction:
    """A transaction that may write, once no other process does; raises OperationalError after LOCK_PATIENCE."""
    begun_at = time.monotonic()
    while True:
        try:
            return connection.begin()
        except OperationalError as error:
            busy = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY
            if not busy or time.monotonic() - begun_at > LOCK_PATIENCE:
                raise
        gevent.sleep(LOCK_PAUSE)


def _failure_of(act: Callable[[], object]) -> BaseException | None:
    """What went wrong, handed back: raised on a native thread gevent would print it first, and where the log lies on
    the same full disk nobody would ever be told."""
    try:
        act()
    except BaseException as failure:
        return failure
    return None


def _gone(error: DBAPIError) -> BaseException:
    """The first error of those that led to this one which says that the database is away; else the error itself."""
    first: BaseException | None = error
    while first is not None and not is_away(first):
        first = first.__context__
    return first or error
