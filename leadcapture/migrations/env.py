"""Alembic's environment: runs on the connection it is handed, or on the configured database."""

from __future__ import annotations

from alembic import context

from leadcapture import tables

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=tables.metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
