"""Whoever changes a byte of the ledger is found out, and so is whoever takes a row away or puts one in."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from leadcapture import db, signing
from leadcapture.consent import checkpoints, ledger, operations, queries, verifying
from leadcapture.consent.models import Agreement, LedgerCheckpoint, LedgerEvent, LedgerHead
from leadcapture.consent.verifying import Trouble
from tests.conftest import add_people

from .test_ledger import agree

TABLES = {model.__tablename__: model.__table__ for model in (LedgerEvent, LedgerHead, LedgerCheckpoint, Agreement)}
ROWS = 8  # of the ledger that is tampered with
TRIGGERS = ("ledger_refuse", "ledger_checkpoints_refuse")


def verified(site_id: int) -> list[Trouble]:
    with db.read() as session:
        return verifying.verify(session, site_id)


def lived_in(session, now) -> int:
    """A site on which somebody asked, agreed to two purposes, left one and changed their name; somebody else is
    erased. Two checkpoints, ROWS events."""
    site = add_people(session, now).site
    about = {"form_slug": "news", "form_version": 1, "language": "en", "page_url": "https://shop.example.org/ä"}
    for submission, agent in (("sub_kept", "Browser/1"), ("sub_gone", "")):
        operations.requested(
            session,
            now,
            site_id=site.id,
            submission=submission,
            email="alice@example.org",
            statements=[{"purpose": "newsletter", "statement": "I agree.", "version": "1-abc"}],
            ip="192.0.2.1",
            user_agent=agent,
            **about,
        )
    checkpoints.make(session, now, site.id)
    contact = agree(session, now, site, "newsletter", "reply")
    operations.withdraw(session, now, contact=contact, method="one_click", purpose="reply", ip="192.0.2.1")
    operations.changed(session, now, contact=contact, what={"name": ["", "Alice"]}, method="preferences")
    checkpoints.make(session, now + timedelta(hours=1), site.id)
    operations.erase_submissions(session, now, site_id=site.id, submissions=["sub_gone"], reason="retention")
    agree(session, now, site, "webinar")
    assert queries.end(session, site.id)[0] == ROWS
    return site.id


class Tampering:
    """Somebody who can write whatever they like into the database file, and put back what was there."""

    def __init__(self, path: Path, site_id: int) -> None:
        self.site_id = site_id
        self._path = path
        with self._open() as connection:
            for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                if name.startswith(TRIGGERS):
                    connection.execute(f"DROP TRIGGER {name}")
        self._before = self._everything()

    def __call__(self, *statements: str | tuple[str, tuple[Any, ...]]) -> list[Trouble]:
        """What verifying says once these statements were run. Then they are undone."""
        with self._open() as connection:
            for statement in statements:
                connection.execute(*([statement] if isinstance(statement, str) else statement))
        try:
            return verified(self.site_id)
        finally:
            self._put_back()

    def cells(self) -> list[tuple[str, int, str, Any]]:
        """Every cell of the four tables: table, the row's number in the file, column, what stands there."""
        return [
            (table, row[0], column, value)
            for table, (columns, rows) in self._before.items()
            for row in rows
            for column, value in zip(columns, row[1:], strict=True)
            if value is not None
        ]

    def numbers(self, table: str) -> list[int]:
        columns, rows = self._before[table]
        return [row[1 + columns.index("seq")] for row in rows]

    def _everything(self) -> dict[str, tuple[list[str], list[tuple[Any, ...]]]]:
        with self._open() as connection:
            found = {}
            for table, made in TABLES.items():
                columns = [column.name for column in made.columns]
                rows = connection.execute(f"SELECT rowid, {', '.join(columns)} FROM {table}").fetchall()
                found[table] = (columns, rows)
            return found

    def _put_back(self) -> None:
        with self._open() as connection:
            for table, (columns, rows) in self._before.items():
                connection.execute(f"DELETE FROM {table}")
                marks = ", ".join("?" * (1 + len(columns)))
                connection.executemany(f"INSERT INTO {table} (rowid, {', '.join(columns)}) VALUES ({marks})", rows)

    def _open(self) -> Any:
        return _Opened(sqlite3.connect(self._path, isolation_level=None))


class _Opened:
    def __init__(self, connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA synchronous=OFF")
        self._connection = connection

    def __enter__(self) -> sqlite3.Connection:
        self._connection.execute("BEGIN")
        return self._connection

    def __exit__(self, *_: object) -> None:
        self._connection.execute("COMMIT")
        self._connection.close()


@pytest.fixture
def tamper(database: db.Database, settings, now) -> Tampering:
    site_id = db.write(lived_in, now)
    assert verified(site_id) == []
    return Tampering(settings.instance / "leadcapture.db", site_id)


def names(troubles: list[Trouble], table: str, *seqs: int) -> bool:
    """Whether each of these rows of that table is named."""
    return set(seqs) <= {trouble.seq for trouble in troubles if trouble.table == table}


@hypothesis_settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_one_flipped_bit_anywhere_is_found_and_its_row_named(tamper: Tampering, data):
    cells = tamper.cells()
    table, rowid, column, stored = data.draw(st.sampled_from(cells))
    there = next(value for at, row, name, value in cells if (at, row, name) == (table, rowid, "seq"))
    if isinstance(stored, int):
        flipped: Any = stored ^ 1 << data.draw(st.integers(4, 30))  # to no number that another row has
        change = "?"
    else:
        raw = bytearray(stored.encode() or b"x")
        raw[data.draw(st.integers(0, len(raw) - 1))] ^= 1 << data.draw(st.integers(0, 7))
        flipped, change = bytes(raw), "CAST(? AS TEXT)"
    troubles = tamper((f"UPDATE {table} SET {column} = {change} WHERE rowid = ?", (flipped, rowid)))
    # The number of a row is how it is named: a changed one can only be missed where it was, or be found where it is.
    if table == "ledger_heads" or (table != "ledger" and column in ("seq", "site_id")):
        assert any(trouble.table == table for trouble in troubles)
    else:
        assert names(troubles, table, there)


def test_bytes_that_are_no_text_any_more_are_found(tamper: Tampering):
    # Stored as the same bytes, but as a blob: nothing that looks for them finds them any more.
    for column in (c.name for c in LedgerEvent.__table__.columns if c.name not in ("site_id", "seq")):
        change = f"UPDATE ledger SET {column} = CAST({column} AS BLOB) WHERE seq = 1"
        assert names(tamper(change), "ledger", 1), column


def test_a_row_that_was_removed_is_named(tamper: Tampering):
    for seq in range(1, ROWS + 1):
        assert names(tamper(f"DELETE FROM ledger WHERE seq = {seq}"), "ledger", seq), seq


def test_a_row_that_was_put_in_is_named(tamper: Tampering):
    columns = [column.name for column in LedgerEvent.__table__.columns]
    copied = ", ".join(f"{ROWS + 1}" if name == "seq" else name for name in columns)
    copy = f"INSERT INTO ledger ({', '.join(columns)}) SELECT {copied} FROM ledger WHERE seq = 3"
    assert names(tamper(copy), "ledger", ROWS + 1)
    assert names(tamper(copy.replace(f"{ROWS + 1}", "0")), "ledger", None)


def test_two_rows_that_changed_places_are_both_named(tamper: Tampering):
    for one, other in ((1, 2), (3, 4), (2, ROWS), (ROWS - 1, ROWS)):
        troubles = tamper(
            f"UPDATE ledger SET seq = 1000 WHERE seq = {one}",
            f"UPDATE ledger SET seq = {one} WHERE seq = {other}",
            f"UPDATE ledger SET seq = {other} WHERE seq = 1000",
        )
        assert names(troubles, "ledger", one, other)


def test_an_end_that_was_cut_off_is_named(tamper: Tampering):
    for left in range(ROWS):
        assert names(tamper(f"DELETE FROM ledger WHERE seq > {left}"), "ledger", left + 1), left


def test_who_cuts_off_the_end_and_moves_the_head_is_found_out_for_want_of_the_key(tamper: Tampering):
    for left in (ROWS - 1, ROWS - 3, 1):
        troubles = tamper(
            f"UPDATE ledger_heads SET seq = {left}, hash = (SELECT hash FROM ledger WHERE seq = {left})",
            f"DELETE FROM ledger WHERE seq > {left}",
        )
        assert any(trouble.table == "ledger_heads" for trouble in troubles), left


def test_waiting_for_the_next_event_does_not_make_a_moved_head_ours(tamper: Tampering, now):
    left = ROWS - 1
    with tamper._open() as connection:
        connection.execute(f"UPDATE ledger_heads SET seq = {left}, hash = (SELECT hash FROM ledger WHERE seq = {left})")
        connection.execute(f"DELETE FROM ledger WHERE seq > {left}")
    db.write(ledger.append, now, site_id=tamper.site_id, event="changed", subject="con_x", body={})
    troubles = verified(tamper.site_id)
    assert [trouble.table for trouble in troubles if trouble.table != "agreements"] == ["ledger_heads"]


def test_a_checkpoint_that_was_removed_moved_or_put_in_is_found(tamper: Tampering):
    first, last = tamper.numbers("ledger_checkpoints")
    for change in (
        f"DELETE FROM ledger_checkpoints WHERE seq = {first}",
        f"DELETE FROM ledger_checkpoints WHERE seq = {last}",
        "DELETE FROM ledger_checkpoints",
        f"UPDATE ledger_checkpoints SET seq = {ROWS} WHERE seq = {last}",
        f"INSERT INTO ledger_checkpoints SELECT site_id, {ROWS}, 3, hash, at, public_key, signature "
        f"FROM ledger_checkpoints WHERE seq = {last}",
    ):
        assert any(trouble.table == "ledger_checkpoints" for trouble in tamper(change)), change


def test_what_holds_is_held_against_what_was_said(tamper: Tampering):
    for change in (
        "DELETE FROM agreements WHERE purpose = 'newsletter'",
        "UPDATE agreements SET purpose = 'reply' WHERE purpose = 'newsletter'",
        "INSERT INTO agreements SELECT contact_id, 'reply', site_id, version, 4, at FROM agreements LIMIT 1",
        "INSERT INTO agreements SELECT contact_id, 'calls', site_id, version, 5, at FROM agreements LIMIT 1",
    ):
        assert any(trouble.table == "agreements" for trouble in tamper(change)), change


def test_a_body_that_was_erased_verifies_only_where_an_event_says_so(tamper: Tampering):
    gone = "SET body = NULL, body_salt = NULL"
    assert names(tamper(f"UPDATE ledger {gone} WHERE seq = 3"), "ledger", 3)
    assert names(tamper("UPDATE ledger SET trace = NULL, trace_salt = NULL WHERE seq = 1"), "ledger", 1)
    assert names(tamper("UPDATE ledger SET body = NULL WHERE seq = 3"), "ledger", 3), "salt and all"
    back = "SET body = '{}', body_salt = (SELECT body_salt FROM ledger WHERE seq = 1)"
    assert names(tamper(f"UPDATE ledger {back} WHERE seq = 2"), "ledger", 2), "erased, and there again"


def test_a_changed_byte_in_the_file_itself_is_found(tamper: Tampering, settings, database):
    """Beneath SQL: in the pages as they lie on the disk."""
    file = settings.instance / "leadcapture.db"
    with tamper._open() as connection:
        wanted = connection.execute("SELECT hash FROM ledger WHERE seq = 4").fetchone()[0].encode()
    db.close()
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    pages = bytearray(file.read_bytes())
    # It stands there as the hash of row 4 and as what row 5 follows.
    places = [at for at in range(len(pages)) if pages.startswith(wanted, at)]
    assert len(places) >= 2
    for place in places:
        pages[place] ^= 1
        file.write_bytes(pages)
        pages[place] ^= 1
        db.connect(settings.database_url)
        assert {4, 5} & {trouble.seq for trouble in verified(tamper.site_id)}
        db.close()
    file.write_bytes(pages)


def test_old_keys_are_known_and_strange_ones_are_not(tamper: Tampering, settings):
    signing.configure(["a newer key", *settings.secret_keys])
    assert verified(tamper.site_id) == []
    signing.configure(["somebody else's key"])
    assert {trouble.table for trouble in verified(tamper.site_id)} == {"ledger_heads", "ledger_checkpoints"}


def test_the_same_on_postgresql(postgresql: db.Database, now):
    site_id = db.write(lived_in, now)
    assert verified(site_id) == []

    def after(*statements: str) -> list[Trouble]:
        try:
            with postgresql.engine.connect() as connection, connection.begin() as transaction:
                connection.exec_driver_sql("SET LOCAL session_replication_role = replica")  # as if without triggers
                for statement in statements:
                    connection.exec_driver_sql(statement)
                with Session(connection) as session:
                    found = verifying.verify(session, site_id)
                transaction.rollback()
                return found
        finally:
            assert verified(site_id) == []

    for column in (c.name for c in LedgerEvent.__table__.columns if c.name not in ("site_id", "seq", "trace_salt")):
        changed = after(f"UPDATE ledger SET {column} = 'x' || substr({column}, 2) WHERE seq = 3")
        assert changed == [] if column == "trace" else names(changed, "ledger", 3), column
    assert names(after("DELETE FROM ledger WHERE seq = 5"), "ledger", 5)
    assert names(after("DELETE FROM ledger WHERE seq > 6"), "ledger", 7)
    assert names(after("UPDATE ledger SET body = NULL, body_salt = NULL WHERE seq = 3"), "ledger", 3)
    for change in (
        "UPDATE ledger_heads SET seq = seq - 1",
        "DELETE FROM ledger_checkpoints WHERE number = 1",
        "UPDATE ledger_checkpoints SET signature = 'x' || substr(signature, 2)",
        "UPDATE agreements SET at = at + interval '1 microsecond'",
        "UPDATE agreements SET version = 'x'",
        "DELETE FROM agreements",
    ):
        table = change.split()[2 if change.startswith("DELETE") else 1]
        assert any(trouble.table == table for trouble in after(change)), change
