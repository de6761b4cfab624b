"""Statements that are compiled once say the same to both databases, and raise the same, as SQLAlchemy itself."""

from __future__ import annotations

import pytest
from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from leadcapture import clock, db, ids
from leadcapture.prepared import Prepared, inserted, loaded
from leadcapture.sites.models import Site

SITES = Site.__table__
ADD = Prepared(insert(SITES).values(inserted(SITES)).returning(SITES.c.id))
BY_KEY = Prepared(select(SITES).where(SITES.c.key == bindparam("key")))
BY_ID = Prepared(select(SITES.c.name).where(SITES.c.id == bindparam("id")))
RENAME = Prepared(update(SITES).where(SITES.c.key == bindparam("of")).values(name=bindparam("to"), language="ar"))
ONCE = Prepared(
    lambda insert: (
        insert(SITES).values(inserted(SITES)).on_conflict_do_nothing(index_elements=["key"]).returning(SITES.c.id)
    )
)


@pytest.fixture
def site() -> dict:
    now = clock.now()
    kept = {"allowed_origins": ["https://shop.example.org"], "hours": None, "created_at": now, "updated_at": now}
    empty = dict.fromkeys(column.name for column in SITES.columns if column.nullable)
    texts = {"timezone": "UTC", "language": "en", "accent": "#000000", "position": "end", "reply_time": "day"}
    return {**empty, **texts, **kept, "key": ids.new("site"), "name": "Demo shop", "sender_name": ""}


def test_a_row_comes_back_as_the_orm_reads_it(either_database, site):
    id_ = db.write(lambda session: ADD.scalar(session, site))
    with db.read() as session:
        row = BY_KEY.named(session, {"key": site["key"]})
        assert row == {**site, "id": id_}
        read, made = session.get_one(Site, id_), loaded(Site, row)
        assert BY_KEY.row(session, {"key": "site_of_nobody"}) is None
    assert {name: getattr(made, name) for name in row} == {name: getattr(read, name) for name in row}


def test_what_stands_in_the_statement_and_what_is_given_with_it_are_both_said(either_database, site):
    def operation(session):
        assert (ONCE.scalar(session, site), ONCE.scalar(session, site))[1] is None
        assert RENAME.run(session, {"of": site["key"], "to": "Other"}) == 1
        assert RENAME.run(session, {"of": "site_of_nobody", "to": "Other"}) == 0
        row = BY_KEY.named(session, {"key": site["key"]})
        return row["name"], row["language"], row["allowed_origins"]

    assert db.write(operation) == ("Other", "ar", ["https://shop.example.org"])


def test_an_error_is_sqlalchemys_and_undoes_its_operation_alone(either_database, site):
    db.write(ADD.scalar, site)

    def twice(session):
        RENAME.run(session, {"of": site["key"], "to": "Gone"})
        ADD.scalar(session, site)

    with pytest.raises(IntegrityError):
        db.write(twice)
    with db.read() as session:
        assert BY_KEY.named(session, {"key": site["key"]})["name"] == "Demo shop"
    with pytest.raises(db.UNSTORABLE), db.read() as session:
        BY_ID.row(session, {"id": 2**70})


def test_a_constant_of_a_function_stands_in_the_statement(either_database, site):
    names = Prepared(select(func.aggregate_strings(SITES.c.name, ", 100% ")).where(SITES.c.language == bindparam("of")))

    def operation(session):
        for key in ("one", "two"):
            ADD.scalar(session, {**site, "key": key})
        return names.scalar(session, {"of": "en"})

    assert db.write(operation) == "Demo shop, 100% Demo shop"


def test_what_is_not_given_is_said_at_once(database, site):
    with pytest.raises(KeyError), db.read() as session:
        RENAME.run(session, {"of": site["key"]})
    with pytest.raises(ValueError, match="once for all"), db.read() as session:
        Prepared(select(SITES.c.id).where(SITES.c.key.in_(bindparam("keys", expanding=True)))).rows(session, {})
