"""Thousands of values, or of rows, said to the database in one statement with one parameter.

`IN (…)` would be another statement for each number of values; and a row that is bound by itself costs more than the
database takes to store it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import (
    ARRAY,
    JSON,
    ColumnElement,
    Select,
    any_,
    bindparam,
    cast,
    func,
    literal,
    select,
    true,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import InstrumentedAttribute, Session

V = TypeVar("V", str, int)


def among(session: Session, column: InstrumentedAttribute[V], values: Collection[V]) -> ColumnElement[bool]:
    """That the column has one of these texts or numbers, any number of them."""
    if session.get_bind().dialect.name == "sqlite":
        each = func.json_each(bindparam("values", json.dumps(list(values)), unique=True)).table_valued("value")
        return column.in_(select(each.c.value))
    return column == any_(bindparam("values", list(values), unique=True, type_=ARRAY(column.type)))


def listed(
    session: Session, table: Any, names: Sequence[str], rows: Sequence[Sequence[Any]], of_all: Mapping[str, Any]
) -> Select[Any]:
    """These rows, to be selected from: `names` are the columns of the table whose values they hold (what JSON can say),
    `of_all` what all of them share."""
    if session.get_bind().dialect.name == "sqlite":
        each = func.json_each(bindparam("rows", json.dumps(rows))).table_valued("value")
        given: list[Any] = [func.json_extract(each.c.value, f"$[{place}]") for place in range(len(names))]
    else:
        each = func.json_array_elements(bindparam("rows", rows, type_=JSON)).table_valued("value")
        given = [cast(each.c.value.op("->>")(place), table.c[name].type) for place, name in enumerate(names)]
    shared = [literal(value, table.c[name].type) for name, value in of_all.items()]
    return select(*given, *shared).where(true())  # SQLite needs a WHERE before ON CONFLICT


def insert_new(
    session: Session,
    table: Any,
    names: Sequence[str],
    rows: Sequence[Sequence[Any]],
    *,
    of_all: Mapping[str, Any],
    unless: Sequence[str],
    returning: Sequence[str],
) -> Sequence[Any]:
    """Insert these rows but for those that are there already by the unique columns `unless`; rows as in `listed`. The
    columns `returning` of what was inserted."""
    statement = (
        insert(session, table)
        .from_select([*names, *of_all], listed(session, table, names, rows, of_all))
        .on_conflict_do_nothing(index_elements=list(unless))
        .returning(*(table.c[name] for name in returning))
    )
    found: Sequence[Any] = session.connection().execute(statement).all()
    return found


def insert_or_update(
    session: Session,
    table: Any,
    names: Sequence[str],
    rows: Sequence[Sequence[Any]],
    *,
    of_all: Mapping[str, Any],
    unless: Sequence[str],
    update: Sequence[str],
) -> None:
    """Insert these rows, as in `listed`; of those that are there already by the unique columns `unless`, which no two
    of the rows share, change the columns `update`."""
    statement = insert(session, table).from_select([*names, *of_all], listed(session, table, names, rows, of_all))
    changed = {name: statement.excluded[name] for name in update}
    session.connection().execute(statement.on_conflict_do_update(index_elements=list(unless), set_=changed))


def insert(session: Session, table: Any) -> Any:
    """An INSERT that may say what becomes of rows that are there already, for the session's database."""
    return (sqlite if session.get_bind().dialect.name == "sqlite" else postgresql).insert(table)
