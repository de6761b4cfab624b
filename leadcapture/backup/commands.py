"""`leadcapture backup` and `leadcapture restore`."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from leadcapture import clock, signing
from leadcapture import settings as settings_module
from leadcapture.backup import lock, operations, restoring
from leadcapture.backup.archive import Manifest
from leadcapture.backup.operations import Progress
from leadcapture.errors import Invalid


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
def backup(file: Path) -> None:
    """Write everything there is into FILE (a .tar.gz), while people go on using it; in a folder, one with the moment as
    its name. It holds people's data and the secret key: keep it where nobody else reads it."""
    settings = settings_module.load()
    lock.use(settings)
    signing.configure(settings.secret_keys)
    now = clock.now()
    if file.is_dir():
        file /= f"leadcapture-{now:%Y%m%dT%H%M%SZ}.tar.gz"
    with _unhurried(), _bars() as progress:
        made = operations.back_up(settings, now, file.absolute(), progress)
    click.echo(f"{file}: {_size(file.stat().st_size)}, {_contents(made)}.")
    if "secret_key" not in made.files:
        click.echo("The secret key is not in it, for it is in no file of the instance folder: keep it yourself.")


@click.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--yes", is_flag=True, help="Do not ask.")
def restore(file: Path, yes: bool) -> None:
    """Replace everything there is by what the backup FILE holds. What is there now is kept beside it. Nothing that was
    sent since is sent again, and who has left since stays away."""
    settings = settings_module.load()
    signing.configure(settings.secret_keys)
    if not yes:
        if not sys.stdin.isatty():
            raise click.UsageError("Say --yes: nobody can be asked here.")
        click.confirm(f"Replace all data of {settings.instance} by that of {file}?", abort=True)
    with _bars() as progress:
        done = restoring.restore(settings, clock.now(), file.absolute(), progress)
    _tell(done)
    if done.ledger:
        for trouble in done.ledger:
            click.echo(trouble, err=True)
        raise Invalid(f"All is restored, but the ledger in this backup is not what was written: {_few(done.ledger)}.")


def _tell(done: restoring.Restored) -> None:
    click.echo(f"Restored as of {done.manifest.made_at:%Y-%m-%d %H:%M:%S} UTC: {_contents(done.manifest)}.")
    mails = done.mails
    click.echo(
        f"Mails that waited then: {mails.sent:,} were sent since, {mails.waiting:,} go on waiting, {mails.held:,} are "
        "held for you to decide on in the outbox (state: perhaps sent)."
    )
    if done.carried is not None:
        click.echo(
            f"Taken over from the data before: {done.carried.withdrawn:,} withdrawals, {done.carried.suppressed:,} "
            f"suppressed addresses, {done.carried.erased:,} erased people."
        )
    elif done.kept is not None:
        click.echo("The data before could not be read: who has left since then is not known here.")
    if done.kept is not None:
        click.echo(f"The data before is kept: {done.kept}. Delete it when nobody needs it any more.")


def _few(troubles: list[str]) -> str:
    return f"{len(troubles)} findings" if len(troubles) > 1 else "1 finding"


def _contents(manifest: Manifest) -> str:
    uploads = sum(name.startswith("uploads/") for name in manifest.files)
    counted = ", ".join(f"{number:,} {what}" for what, number in manifest.counts.items() if number)
    return f"{counted or 'nothing'}, {uploads:,} files"


def _size(number: float) -> str:
    for unit in ("bytes", "KB", "MB"):
        if number < 1000:
            return f"{number:.0f} {unit}"
        number /= 1000
    return f"{number:.1f} GB"


@contextmanager
def _unhurried() -> Iterator[None]:
    """People who write come first."""
    os.nice(10)
    yield


@contextmanager
def _bars() -> Iterator[Progress]:
    """A progress bar a step, on a terminal."""
    from rich.console import Console  # here, because it takes long and starting must not
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

    with Bars(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as bars:
        steps: dict[str, TaskID] = {}

        def progress(step: str, done: int, parts: int) -> None:
            if step not in steps:
                steps[step] = bars.add_task(step, total=parts)
            bars.update(steps[step], completed=done, total=parts)

        yield progress


commands: list[click.Command] = [backup, restore]
