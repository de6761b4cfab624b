"""PostgreSQL: what a restore replaces is put aside into a schema of its own, and can be read there."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, text

from leadcapture.backup.snapshots import BEFORE

# Of the current schema, without what belongs to an extension; what belongs to a table (its indexes, sequences and
# triggers) goes where the table goes.
_OURS = """
    SELECT {kind} AS kind, {name} AS name FROM {catalog} o
    WHERE o.{schema} = current_schema()::regnamespace
    AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = o.oid AND d.classid = '{catalog}'::regclass
                    AND d.deptype IN ('e', 'a', 'i'))
"""
_TABLES = _OURS.format(
    kind="CASE o.relkind WHEN 'S' THEN 'SEQUENCE' WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END",
    name="o.oid::regclass::text",
    catalog="pg_class",
    schema="relnamespace",
)
_FUNCTIONS = _OURS.format(kind="'FUNCTION'", name="o.oid::regprocedure::text", catalog="pg_proc", schema="pronamespace")


def put(connection: Connection, now: datetime) -> str | None:
    """Put every table and function of the current schema aside; the name of the schema that holds what was there, None
    where there was nothing.

    Where a restore was killed before its end, what it had brought back goes, and what was there is what it put aside.
    """
    found = _found(connection)
    if not found or _is_half(connection):
        if found:
            _move(connection, found, f"{BEFORE}half")
            connection.execute(text(f"DROP SCHEMA {BEFORE}half CASCADE"))
        return _newest(connection)
    schema = f"{BEFORE}{now:%Y%m%dt%H%M%S}"
    _move(connection, found, schema)
    return schema


def bring_back(connection: Connection, schema: str) -> None:
    """Put what is in that schema of `put` where it was, and remove the schema."""
    current = connection.scalar(text("SELECT current_schema()"))
    connection.execute(text(f"SET LOCAL search_path = {schema}, {current}"))
    _move(connection, _found(connection), str(current))
    connection.execute(text(f"DROP SCHEMA {schema}"))


def _found(connection: Connection) -> list[tuple[str, str]]:
    tables = connection.execute(text(f"{_TABLES} AND o.relkind IN ('r', 'p', 'v', 'S')"))
    functions = connection.execute(text(f"{_FUNCTIONS} AND o.prokind = 'f'"))
    return [(row.kind, row.name) for row in (*tables, *functions)]


def _is_half(connection: Connection) -> bool:
    """Whether these tables are those of a restore that never came to say which migration they are of."""
    there = connection.scalar(text("SELECT to_regclass('alembic_version') IS NOT NULL"))
    return bool(there) and connection.scalar(text("SELECT count(*) FROM alembic_version")) == 0


def _newest(connection: Connection) -> str | None:
    found = text(f"SELECT max(nspname) FROM pg_namespace WHERE nspname LIKE '{BEFORE}2%'")  # noqa: S608 our own word
    name = connection.scalar(found)
    return None if name is None else str(name)


def _move(connection: Connection, what: list[tuple[str, str]], schema: str) -> None:
    connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {schema}"))
    # Nobody is connected: a lock that does not come within seconds is somebody's forgotten session.
    connection.execute(text("SET LOCAL lock_timeout = '10s'"))
    for kind, name in what:
        connection.execute(text(f"ALTER {kind} {name} SET SCHEMA {schema}"))
