"""Every table of every slice in one metadata, and bringing a database up to it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, inspect, text

import leadcapture.chat.models
import leadcapture.consent.models
import leadcapture.contacts.models
import leadcapture.forms.models
import leadcapture.guard.models
import leadcapture.imports.models
import leadcapture.mail.models
import leadcapture.operators.models
import leadcapture.optin.models
import leadcapture.repermission.models
import leadcapture.sites.models
import leadcapture.spam.models  # noqa: F401 importing the models is what fills the metadata
from leadcapture.db import Base
from leadcapture.forms import kinds

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS = Path(__file__).parent / "migrations"

kinds.import_models()
metadata = Base.metadata


def upgrade(engine: Engine, to: str = "head") -> None:
    """Run every migration that the database lacks, up to that revision, all of them in one transaction."""
    from alembic import command  # here, because a start that migrates nothing is a quarter of a second sooner without

    with engine.connect() as connection, _tables_can_be_made_anew(connection), connection.begin():
        command.upgrade(_config(connection), to)
        if connection.dialect.name == "sqlite":
            broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
            if broken is not None:
                raise RuntimeError(f"a migration left rows of {broken[0]} that refer to nothing")


@contextmanager
def _tables_can_be_made_anew(connection: Connection) -> Iterator[None]:
    """SQLite changes a table by making a new one and dropping the old, and a table that is dropped takes along what
    refers to its rows, unless foreign keys are not looked at meanwhile (https://sqlite.org/lang_altertable.html, 7)."""
    if connection.dialect.name != "sqlite":
        yield
        return
    driver = connection.connection.cursor()
    driver.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
    finally:
        driver.execute("PRAGMA foreign_keys=ON")


def pending(engine: Engine) -> bool:
    """Whether the database lacks a migration that this version of the code needs."""
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return True
        return [newest()] != connection.scalars(text("SELECT version_num FROM alembic_version")).all()


def newest() -> str:
    """The migration that no other one follows. Raises ValueError when there is not exactly one."""
    sources = [path.read_text(encoding="utf-8") for path in (MIGRATIONS / "versions").glob("*.py")]
    named, followed = (
        {str(name) for source in sources for name in re.findall(rf'^{line} = "(.+)"$', source, re.MULTILINE)}
        for line in ("revision", "down_revision")
    )
    (found,) = named - followed
    return found


def _config(connection: Connection) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config
