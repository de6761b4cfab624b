"""How SQLite and PostgreSQL are spoken to: what each connection is told first, and how long anybody waits."""

from __future__ import annotations

import sqlite3
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event

LOCK_PATIENCE = 4  # seconds for another process's lock: shorter than anybody waits for an acknowledgement
# For PostgreSQL: seconds for a connection to stand; seconds for one to be free, which is how long a burst may take to
# be worked off before the last of it are asked to come again; milliseconds for a lock and for a line that is dead
# without saying so.
CONNECT_PATIENCE = 4
POOL_PATIENCE = 10
POSTGRESQL_LOCK_PATIENCE = 10_000
POSTGRESQL_LINE = {"keepalives_idle": 30, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 15_000}


def postgresql(url: str) -> Engine:
    # A connection is asked whether it lives before it is used: after a restart the broken ones are made anew.
    engine = create_engine(
        url,
        pool_size=20,
        max_overflow=10,
        pool_timeout=POOL_PATIENCE,
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args={"connect_timeout": CONNECT_PATIENCE, **POSTGRESQL_LINE},
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: object) -> None:
        connection.execute(f"SET lock_timeout = {POSTGRESQL_LOCK_PATIENCE}")
        connection.commit()

    return engine


def sqlite(url: str, *, begin: str) -> Engine:
    # An error that is logged must not carry the addresses and texts it happened with.
    engine = create_engine(
        url, connect_args={"check_same_thread": False, "timeout": LOCK_PATIENCE}, pool_size=20, hide_parameters=True
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _record: object) -> None:
        # The driver must not begin transactions by itself: it would do so too late for savepoints to hold.
        connection.isolation_level = None
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "temp_store=MEMORY",
            "secure_delete=ON",
        ):
            connection.execute(f"PRAGMA {pragma}")
        if begin == "BEGIN IMMEDIATE":
            # Whoever writes waits for other processes without holding up this one: see db._begun.
            connection.execute("PRAGMA busy_timeout=0")

    # SQLAlchemy compiles these anew each time; said to the driver they take microseconds.
    dialect: Any = engine.dialect
    dialect.do_savepoint = lambda connection, name: _say(connection, f"SAVEPOINT {name}")
    dialect.do_release_savepoint = lambda connection, name: _say(connection, f"RELEASE {name}")
    dialect.do_rollback_to_savepoint = lambda connection, name: _say(connection, f"ROLLBACK TO {name}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        if begin == "BEGIN":
            _say(connection, begin)  # takes no lock yet, so nothing can be in its way
        else:
            connection.exec_driver_sql(begin)

    return engine


def _say(connection: Connection, statement: str) -> None:
    connection.connection.cursor().execute(statement)
