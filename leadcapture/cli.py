"""The commands. Exit codes: 0 done, 1 the work failed (one line on standard error says why), 2 wrong usage."""

from __future__ import annotations

import json
import secrets
import signal
import socket
import sys
from datetime import datetime
from pathlib import Path

import click
import gevent
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from leadcapture import (
    __version__,
    addresses,
    clock,
    db,
    doctor,
    jobs,
    logs,
    metrics,
    ratelimit,
    server,
    signing,
    tables,
    uploads,
)
from leadcapture import settings as settings_module
from leadcapture.addresses import Address
from leadcapture.backup import commands as backup_commands
from leadcapture.backup import lock
from leadcapture.consent.commands import consent
from leadcapture.contacts import export as contact_export
from leadcapture.contacts import queries as contact_queries
from leadcapture.demo import operations as demo_operations
from leadcapture.errors import Conflict, Invalid, LeadCaptureError, Unavailable
from leadcapture.forms import kinds
from leadcapture.imports.commands import import_contacts
from leadcapture.mail import caps, delivery, dkim, transports
from leadcapture.mail import commands as mail_commands
from leadcapture.operators import operations as operator_operations
from leadcapture.operators import queries as operator_queries
from leadcapture.operators import rules as operator_rules
from leadcapture.privacy import commands as privacy_commands
from leadcapture.privacy.proof import commands as proof_commands
from leadcapture.settings import Settings
from leadcapture.sites import operations as site_operations
from leadcapture.sites import queries as site_queries
from leadcapture.snippet.rules import snippet_line


class _Group(click.Group):
    """Turns what we refuse and what the database cannot do into one line on standard error and exit code 1."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except LeadCaptureError as error:
            raise click.ClickException(_in_one_line(error)) from error
        except OperationalError as error:
            raise click.ClickException(doctor.database_trouble(error)) from error


def _in_one_line(error: LeadCaptureError) -> str:
    if isinstance(error, Unavailable):
        return f"The database cannot be used: {error.reason}"
    details = [sentence for sentences in getattr(error, "fields", {}).values() for sentence in sentences]
    return " ".join(dict.fromkeys([error.message, *details]))


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
@click.pass_context
def leadcapture(context: click.Context) -> None:
    """Live chat that falls back to an offline form, and lead capture with double opt-in and proof of consent."""
    # What form kinds bring connects by this, for it knows nothing of what stands above it.
    context.obj = _connected


def _connected(*, serving: bool = False) -> Settings:
    """The settings, with the database connected and, on SQLite, migrated; this process uses it until it ends, and is
    its one service where it is `serving`. Raises Conflict when it is not ready, or somebody else's."""
    settings = settings_module.load()
    logs.configure(settings)
    if serving:
        lock.serve(settings)
    lock.use(settings)
    kinds.use_folder(settings.form_kinds)
    signing.configure(settings.secret_keys)
    ratelimit.configure(settings)
    caps.configure(settings)
    transports.configure(smtp_url=settings.smtp_url, public_url=settings.public_url)
    dkim.configure(settings)
    uploads.configure(settings)
    server.prepare_database(settings)
    if tables.pending(db.current().engine):
        raise Conflict("The database is not up to date: run `leadcapture db upgrade` first.")
    return settings


# ---- what runs until it is ended ------------------------------------------------------------------------------------


@leadcapture.command()
@click.option("--no-jobs", is_flag=True, help="Leave the jobs (sending mail, expiring) to `leadcapture jobs`.")
def serve(no_jobs: bool) -> None:
    """Serve web and sockets and, unless told not to, run the jobs beside them."""
    settings = _connected(serving=True)
    _check_port(settings)
    with db.read() as session:
        setup_needed = operator_operations.setup_needed(session)
    if setup_needed:
        click.echo(
            "Nobody can sign in yet. Open this link once, to make the first account:\n"
            f"    {settings.public_url}/console/set-up/{operator_operations.setup_token()}\n"
        )
    server.serve(settings, with_jobs=not no_jobs)


@leadcapture.command("jobs")
def run_jobs() -> None:
    """Run the jobs alone, beside `serve --no-jobs`."""
    metrics.configure(_connected())
    running = jobs.start(live=False, rest=True)

    def finish() -> None:
        # The mail that is on its way gets its answer first; else nobody could tell whether it arrived.
        delivery.finish(30)
        gevent.killall(running, block=False)

    def end(*_: object) -> None:
        gevent.spawn(finish)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    click.echo("The jobs are running.", err=True)
    gevent.joinall(running)


@leadcapture.command()
def demo() -> None:
    """Serve with the data and the host page of a made-up shop."""
    settings = _connected(serving=True)
    _check_port(settings)
    seeded = db.write(demo_operations.seed, clock.now(), public_url=settings.public_url)
    _show_demo(settings, seeded)
    server.serve(settings, with_jobs=True, demo=True)


def _check_port(settings: Settings) -> None:
    # gunicorn would try five times and then speak in ten lines.
    with socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise Conflict(
                f"Cannot listen on {settings.host}:{settings.port} ({error.strerror}): choose another LEADCAPTURE_PORT."
            ) from error


def _show_demo(settings: Settings, seeded: demo_operations.Demo) -> None:
    where = "are sent by your mail server, and readable" if settings.smtp_url else "are readable"
    lines = [
        ("Host page", f"{settings.public_url}/demo", "write in the chat, as a visitor"),
        ("Console", f"{settings.public_url}/console/", "answer, as an operator"),
        *(("Sign in", person.email, f"{person.password}  ({person.role})") for person in seeded.operators),
        ("Mails", f"{where} in the console, under Outbox", ""),
    ]
    from rich.console import Console  # here, because it takes long and starting must not

    screen = Console(soft_wrap=True, highlight=False)
    screen.print("\n[bold]LeadCapture is starting with a demo shop.[/] Open both in two windows, side by side.\n")
    for title, what, more in lines:
        screen.print(f"  [bold]{title:<10}[/] {what:<34} {more}".rstrip())
    screen.print("\nSign out of the console, and the chat turns into a form that keeps question and address.")
    screen.print("End with Ctrl+C.\n")
    sys.stdout.flush()  # a log file should say this before the server speaks


@leadcapture.command("seed-demo")
@click.option("--json", "as_json", is_flag=True, help="Print it for programs.")
def seed_demo(as_json: bool) -> None:
    """Make the demo data; again changes nothing and prints the same."""
    settings = _connected()
    seeded = db.write(demo_operations.seed, clock.now(), public_url=settings.public_url)
    if as_json:
        click.echo(json.dumps(seeded.for_json(), indent=2))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("Site", "E-mail", "Password", "Role")
    for name, of_site in (("Demo shop", seeded), ("Other shop", seeded.other)):
        for person in of_site.operators:
            table.add_row(name, person.email, person.password, person.role)
    screen = Console(soft_wrap=True, highlight=False)
    screen.print(table)
    screen.print("Forms: " + ", ".join(f"{kind} at /f/{seeded.site_key}/{slug}" for kind, slug in seeded.forms.items()))
    screen.print(f"Site keys: {seeded.site_key}, {seeded.other.site_key}")
    screen.print(f"API token: {seeded.api_token}")


# ---- the database ---------------------------------------------------------------------------------------------------


@leadcapture.group("db")
def database() -> None:
    """The database."""


@database.command()
def upgrade() -> None:
    """Bring the database up to this version."""
    settings = settings_module.load()
    lock.use(settings)
    signing.configure(settings.secret_keys)  # the ledger's head is sealed when it is made of older consents
    tables.upgrade(db.connect(settings.database_url).engine)
    click.echo("The database is up to date.")


# ---- sites, operators, contacts -------------------------------------------------------------------------------------


@leadcapture.group()
def site() -> None:
    """Websites that embed us."""


@site.command("add")
@click.option("--name", required=True, help="What visitors know the site as.")
@click.option(
    "--origin",
    "origins",
    multiple=True,
    required=True,
    help="https://shop.example.org; repeat for more.",
)
def site_add(name: str, origins: tuple[str, ...]) -> None:
    """Add a site; prints its key and the line to paste into its pages."""
    settings = _connected()
    added = db.write(site_operations.create, clock.now(), name=name, allowed_origins=list(origins))
    click.echo(added.key)
    click.echo(snippet_line(settings.public_url, added.key))


@leadcapture.group()
def operator() -> None:
    """People who answer."""


@operator.command("add")
@click.option("--site", "site_key", required=True, help="The site's key.")
@click.option("--email", required=True)
@click.option("--name", default="", help="What visitors see; without it the part of the address before the @.")
@click.option("--role", type=click.Choice(operator_rules.ROLES), default="operator", show_default=True)
def operator_add(site_key: str, email: str, name: str, role: str) -> None:
    """Put somebody on a site's team. Asks for a password on a terminal; else one is made, and printed this once."""
    _connected()
    address = addresses.parse(email)
    with db.read() as session:
        added_to = site_queries.by_key(session, site_key)
        known = operator_queries.by_email(session, address.key)
    if known is not None:
        db.write(operator_operations.add_membership, clock.now(), operator_id=known.id, site_id=added_to.id, role=role)
        click.echo(f"{known.email} has an account already and is now {role} of {added_to.name}.")
        return
    typed = _ask_password()
    password = typed or secrets.token_urlsafe(15)
    db.write(_new_member, clock.now(), address, name, password, added_to.id, role)
    click.echo(f"{address.typed} is now {role} of {added_to.name}.")
    if not typed:
        click.echo(f"Password: {password}")


def _ask_password() -> str:
    if not sys.stdin.isatty():
        return ""
    answer: str = click.prompt(
        "Password (nothing: one is made)",
        default="",
        show_default=False,
        hide_input=True,
        confirmation_prompt=True,
        err=True,
    )
    return answer


def _new_member(
    session: Session, now: datetime, address: Address, name: str, password: str, site_id: int, role: str
) -> None:
    added = operator_operations.create(session, now, email=address, name=name, password=password)
    operator_operations.add_membership(session, now, operator_id=added.id, site_id=site_id, role=role)


@leadcapture.group()
def contacts() -> None:
    """People known by a confirmed address."""


@contacts.command("export")
@click.option("--site", "site_key", required=True, help="The site's key.")
def contacts_export(site_key: str) -> None:
    """Write a site's contacts to standard output, as CSV in UTF-8."""
    _connected()
    with db.read() as session:
        of_site = site_queries.by_key(session, site_key)
        rows = contact_export.csv_rows(session, of_site.id)
        if sys.stderr.isatty() and not sys.stdout.isatty():
            from rich.console import Console
            from rich.progress import track

            total = contact_queries.count(session, of_site.id) // contact_export.AT_ONCE + 2
            rows = iter(track(rows, "Contacts", total=total, console=Console(stderr=True), transient=True))
        out = sys.stdout.buffer
        for row in rows:
            out.write(row.encode())
        out.flush()


contacts.add_command(import_contacts)


# ---- is everything well? --------------------------------------------------------------------------------------------


@leadcapture.command("doctor")
@click.option(
    "--backup",
    "file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Look at this backup instead: is all of it there, and can it be brought back?",
)
def run_doctor(file: Path | None) -> None:
    """Look at settings, data and neighbours; says what to do about what is wrong."""
    findings = doctor.examine() if file is None else doctor.examine_backup(file)
    for finding in findings:
        click.echo(f"{'ok   ' if finding.well else 'WRONG'}  {finding.part}: {finding.text}")
    if not all(finding.well for finding in findings):
        raise Invalid("Something is wrong: see the lines above.")


for brought in (
    consent,
    mail_commands.dkim,
    *backup_commands.commands,
    *kinds.commands(),
    *proof_commands.commands,
    *privacy_commands.commands,
):
    leadcapture.add_command(brought)
