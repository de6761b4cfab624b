"""Who may use the data at one time, by what the kernel says of locked files."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine, text

from leadcapture import settings as settings_module
from leadcapture.backup import lock, swapping
from leadcapture.errors import Conflict
from leadcapture.settings import Settings


@pytest.fixture(autouse=True)
def process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What this process holds it lets go of at the end of the test, and it has no patience."""
    held: list[int] = []
    monkeypatch.setattr(lock, "_held", held)
    monkeypatch.setattr(lock, "PATIENCE", 0.2)
    yield
    for descriptor in held:
        os.close(descriptor)


def test_many_use_the_data_together_and_a_restore_uses_it_alone(settings: Settings) -> None:
    with lock.alone(settings):
        with pytest.raises(Conflict, match="being restored"):
            lock.use(settings)
        with pytest.raises(Conflict, match="end the service"), lock.alone(settings):
            pass
    lock.use(settings)
    lock.use(settings)
    with pytest.raises(Conflict, match="end the service"), lock.alone(settings):
        pass


def test_one_serves_and_the_next_is_told_who(settings: Settings) -> None:
    lock.serve(settings)
    with pytest.raises(Conflict, match=f"process {os.getpid()}"):
        lock.serve(settings)


def test_any_number_of_machines_serve_from_one_postgresql(environ: dict[str, str], postgresql_url: str) -> None:
    settings = settings_module.load(environ | {"LEADCAPTURE_DATABASE_URL": postgresql_url})
    for _machine in range(2):
        lock.serve(settings)
        lock.use(settings)
    with lock.alone(settings):
        """Nobody is connected."""
    engine = create_engine(postgresql_url)
    with engine.connect() as connected:
        connected.execute(text("SELECT 1"))
        with pytest.raises(Conflict, match="1 connections"):
            lock.alone(settings).__enter__()
    engine.dispose()


def test_a_restore_that_was_killed_is_finished_before_anything_is_made(settings: Settings) -> None:
    file = lock.database_file(settings)
    assert file is not None
    coming = settings.instance / "coming"
    coming.write_text("the restored database")
    (settings.instance / swapping.LIST).write_text(json.dumps([[str(coming), str(file)]]))
    lock.use(settings)
    assert file.read_text() == "the restored database"


def test_a_new_database_is_nobody_elses_to_read(settings: Settings) -> None:
    lock.use(settings)
    file = lock.database_file(settings)
    assert file is not None
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.with_name("use.lock").stat().st_mode) == 0o600
