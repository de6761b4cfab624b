"""Statements of the busiest paths: written in SQLAlchemy Core, compiled once for each kind of database, and then said
to the driver.

What SQLAlchemy does around each single execution takes ten times as long as SQLite takes for a row looked up by its key
(60 µs and 5), and a form post says a dozen of them. Everything else stays SQLAlchemy's: the transaction of the session,
the conversion of values by their types, and errors.

    _BY_KEY = Prepared(select(_sites).where(_sites.c.key == bindparam("key")))
    row = _BY_KEY.row(session, {"key": key})
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Connection, Dialect, bindparam
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.types import TypeEngine

T = TypeVar("T", bound=DeclarativeBase)
Process = Callable[[Any], Any]


class _Compiled(NamedTuple):
    sql: str
    constants: dict[str, Any]  # values that stand in the statement itself
    binds: list[tuple[str, Process | None]]
    by_position: bool
    names: tuple[str, ...]  # of the columns that come back
    types: tuple[TypeEngine[Any], ...]


class Prepared:
    """One statement; what it is said with are the names of its bound parameters, every one of them.

    `statement` is a Core statement, or a function that makes it of the dialect's own `insert` (for ON CONFLICT).
    Nothing is filled in by columns' defaults, there are no lists (IN), and objects pending in the session are not
    flushed before. Raises what SQLAlchemy raises; KeyError for a parameter that is not given.
    """

    def __init__(self, statement: Any) -> None:
        self._statement = statement
        self._compiled: dict[str, _Compiled] = {}
        self._results: dict[str, list[tuple[int, Process]]] = {}

    def run(self, session: Session, values: Mapping[str, Any]) -> int:
        """Say it; how many rows were changed."""
        connection = session.connection()
        cursor, _compiled = self._said(connection, values)
        count: int = cursor.rowcount
        cursor.close()
        return count

    def rows(self, session: Session, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """Say it; every row that comes back, its values in the order of the statement's columns."""
        connection = session.connection()
        cursor, compiled = self._said(connection, values)
        try:
            found = cursor.fetchall()
        except BaseException as error:
            _raise(connection, error, compiled.sql, cursor)
        results = self._results.get(connection.dialect.name)
        if results is None:
            results = self._results[connection.dialect.name] = _results(connection.dialect, compiled, cursor)
        cursor.close()
        return [_processed(row, results) for row in found] if results else found

    def row(self, session: Session, values: Mapping[str, Any]) -> tuple[Any, ...] | None:
        """As `rows`, the first; None when there is none."""
        found = self.rows(session, values)
        return found[0] if found else None

    def scalar(self, session: Session, values: Mapping[str, Any]) -> Any:
        """The first value of the first row; None when there is none."""
        found = self.rows(session, values)
        return found[0][0] if found else None

    def each(self, session: Session, several: Sequence[Mapping[str, Any]]) -> list[list[tuple[Any, ...]]]:
        """As `rows`, said once for each of these: what came back for each, in order. On PostgreSQL all of it goes there
        and back at once."""
        connection = session.connection()
        compiled = self._for(connection.dialect)
        if connection.dialect.name != "postgresql" or len(several) < 2:
            if compiled.types:
                return [self.rows(session, values) for values in several]
            for values in several:
                self.run(session, values)
            return [[] for _values in several]
        given = [self._given(compiled, values) for values in several]
        cursor: Any = connection.connection.cursor()
        found: list[list[tuple[Any, ...]]] = []
        try:
            cursor.executemany(compiled.sql, given, returning=bool(compiled.types))
            while compiled.types and len(found) < len(given):
                found.append(cursor.fetchall())
                cursor.nextset()
        except BaseException as error:
            _raise(connection, error, compiled.sql, cursor)
        cursor.close()
        return found or [[] for _values in several]

    def named(self, session: Session, values: Mapping[str, Any]) -> dict[str, Any] | None:
        """As `row`, with the names of the columns."""
        found = self.row(session, values)
        if found is None:
            return None
        return dict(zip(self._for(session.connection().dialect).names, found, strict=True))

    def _given(self, compiled: _Compiled, values: Mapping[str, Any]) -> Any:
        if compiled.constants:
            values = {**compiled.constants, **values}
        if compiled.by_position:
            return [values[name] if process is None else process(values[name]) for name, process in compiled.binds]
        return {n: values[n] if process is None else process(values[n]) for n, process in compiled.binds}

    def _said(self, connection: Connection, values: Mapping[str, Any]) -> tuple[Any, _Compiled]:
        compiled = self._for(connection.dialect)
        given = self._given(compiled, values)
        cursor = connection.connection.cursor()
        try:
            cursor.execute(compiled.sql, given)
        except BaseException as error:
            _raise(connection, error, compiled.sql, cursor)
        return cursor, compiled

    def _for(self, dialect: Dialect) -> _Compiled:
        known = self._compiled.get(dialect.name)
        if known is None:
            known = self._compiled[dialect.name] = _compile(self._statement, dialect)
        return known


def inserted(table: Any, *names: str) -> dict[str, Any]:
    """For `insert(table).values(…)`: a parameter for each column of the table but its own running `id`, or for these
    columns alone."""
    return {name: bindparam(name, type_=table.c[name].type) for name in names or table.c.keys() if name != "id"}


def loaded(model: type[T], values: Mapping[str, Any]) -> T:
    """The row as an object of that model which no session knows, as if it had been read and let go; `values` are those
    of all its columns."""
    found: T = model.__mapper__.class_manager.new_instance()
    found.__dict__.update(values)
    return found


def _compile(statement: Any, dialect: Dialect) -> _Compiled:
    if callable(statement):
        statement = statement(postgresql.insert if dialect.name == "postgresql" else sqlite.insert)
    compiled = statement.compile(dialect=dialect)
    sql, binds = str(compiled), {name: bind for bind, name in compiled.bind_names.items()}
    # Some functions take constants that databases want to read in the statement itself.
    written = [name for name, bind in binds.items() if bind in compiled.literal_execute_params]
    for name in written:
        sql = sql.replace(f"__[POSTCOMPILE_{name}]", compiled.render_literal_bindparam(binds.pop(name)))
    if "POSTCOMPILE" in sql:
        raise ValueError(f"cannot be compiled once for all: {compiled}")
    columns = statement.exported_columns if compiled.effective_returning or statement.is_select else ()
    return _Compiled(
        sql=sql,
        constants={name: bind.effective_value for name, bind in binds.items() if not bind.required},
        binds=[(name, _bind(binds[name].type, dialect)) for name in compiled.positiontup or binds if name in binds],
        by_position=bool(compiled.positional),
        names=tuple(column.key for column in columns),
        types=tuple(column.type for column in columns),
    )


def _bind(type_: TypeEngine[Any], dialect: Dialect) -> Process | None:
    return type_.dialect_impl(dialect).bind_processor(dialect)


def _results(dialect: Dialect, compiled: _Compiled, cursor: Any) -> list[tuple[int, Process]]:
    said = zip(compiled.types, cursor.description, strict=True)
    found = [type_.dialect_impl(dialect).result_processor(dialect, column[1]) for type_, column in said]
    return [(at, process) for at, process in enumerate(found) if process is not None]


def _processed(row: Sequence[Any], results: list[tuple[int, Process]]) -> tuple[Any, ...]:
    values = list(row)
    for at, process in results:
        values[at] = process(values[at])
    return tuple(values)


def _raise(connection: Connection, error: BaseException, sql: str, cursor: Any) -> Any:
    """Raises the error as SQLAlchemy says it, which also gives up a connection that is broken."""
    of_driver = isinstance(error, connection.dialect.loaded_dbapi.Error)
    connection._handle_dbapi_exception(error, sql if of_driver else None, None, cursor, None)
