"""Every table of every slice in one metadata, and bringing a database up to it."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

import leadcapture.chat.models
import leadcapture.consent.models
import leadcapture.contacts.models
import leadcapture.forms.models
import leadcapture.mail.models
import leadcapture.operators.models
import leadcapture.optin.models
import leadcapture.sites.models  # noqa: F401 importing the models is what fills the metadata
from leadcapture.db import Base
from leadcapture.forms import kinds

kinds.import_models()
metadata = Base.metadata


def upgrade(engine: Engine, to: str = "head") -> None:
    """Run every migration that the database lacks, up to that revision, all of them in one transaction."""
    with engine.begin() as connection:
        command.upgrade(_config(connection), to)


def pending(engine: Engine) -> bool:
    """Whether the database lacks a migration that this version of the code needs."""
    with engine.connect() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
        return current != ScriptDirectory.from_config(_config(connection)).get_current_head()


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config
