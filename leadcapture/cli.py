"""The commands. Exit codes: 0 done, 1 the work failed (one line on standard error says why), 2 wrong usage."""

from __future__ import annotations

import click
import gevent

from leadcapture import __version__, db, jobs, server, signing, tables
from leadcapture import settings as settings_module
from leadcapture.errors import LeadCaptureError
from leadcapture.settings import Settings


class _Group(click.Group):
    """Turns our errors into one line on standard error and exit code 1."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except LeadCaptureError as error:
            raise click.ClickException(error.message) from error


@click.group(cls=_Group)
@click.version_option(__version__)
def leadcapture() -> None:
    """Live chat that falls back to an offline form, and lead capture with double opt-in and proof of consent."""


def _connected() -> Settings:
    """The settings, with the database connected and, on SQLite, migrated."""
    settings = settings_module.load()
    signing.configure(settings.secret_keys)
    server.prepare_database(settings)
    return settings


@leadcapture.command()
@click.option("--no-jobs", is_flag=True, help="Leave the jobs (sending mail, expiring) to `leadcapture jobs`.")
def serve(no_jobs: bool) -> None:
    """Serve web and sockets and, unless told not to, run the jobs beside them."""
    server.serve(settings_module.load(), with_jobs=not no_jobs)


@leadcapture.command("jobs")
def run_jobs() -> None:
    """Run the jobs alone, beside `serve --no-jobs`."""
    _connected()
    gevent.joinall(jobs.start(live=False, rest=True))


@leadcapture.group("db")
def database() -> None:
    """The database."""


@database.command()
def upgrade() -> None:
    """Bring the database up to this version."""
    settings = settings_module.load()
    tables.upgrade(db.connect(settings.database_url).engine)
    click.echo("The database is up to date.")
