"""Conditions on thousands of values, said to the database as one."""

from __future__ import annotations

import json
from collections.abc import Collection

from sqlalchemy import ARRAY, ColumnElement, String, any_, bindparam, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session


def among(session: Session, column: InstrumentedAttribute[str], values: Collection[str]) -> ColumnElement[bool]:
    """That the column has one of these texts, any number of them. `IN (…)` would be another statement for each number,
    to be written, compiled and read anew."""
    if session.get_bind().dialect.name == "sqlite":
        each = func.json_each(bindparam("values", json.dumps(list(values)), unique=True)).table_valued("value")
        return column.in_(select(each.c.value))
    return column == any_(bindparam("values", list(values), unique=True, type_=ARRAY(String)))
