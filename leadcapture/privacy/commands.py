"""`leadcapture retention`: what is over its days, and away with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from leadcapture import clock, db
from leadcapture.privacy import retaining
from leadcapture.privacy.retaining import Over
from leadcapture.sites import queries as sites


@click.command()
@click.option("--site", "site_key", help="The site's key; without it, every site.")
@click.option("--dry-run", is_flag=True, help="Say what would go, and change nothing.")
@click.option("--run-now", is_flag=True, help="Remove it now; the jobs do the same every ten minutes.")
@click.pass_obj
def retention(connect: Callable[[], Any], site_key: str | None, dry_run: bool, run_now: bool) -> None:
    """Remove what a site has kept longer than it says, or show it."""
    if dry_run == run_now:
        raise click.UsageError("Say either --dry-run or --run-now.")
    connect()
    now = clock.now()
    with db.read() as session:
        chosen = [sites.by_key(session, site_key)] if site_key else list(sites.every(session))
        would = {site.id: retaining.dry_run(session, now, site) for site in chosen} if dry_run else {}
    for site in chosen:
        click.echo(f"{site.key}  {site.name}")
        if dry_run:
            for over in would[site.id]:
                _show(over)
        else:
            gone = retaining.run(now, site.id)
            for (kind, part), number in gone.items():
                click.echo(f"  {kind}: {number} {part} removed")
            if not gone:
                click.echo("  nothing is over its days")


def _show(over: Over) -> None:
    if not over.days:
        click.echo(f"  {over.kind.name}: kept for ever")
        return
    click.echo(f"  {over.kind.name}: over {over.days} days: {over.count}")
    for found in over.found:
        if found.count and found.oldest:
            first = ", ".join(found.first) + (", …" if found.count > len(found.first) else "")
            click.echo(f"    {found.count} {found.part.name}, the oldest of {found.oldest:%Y-%m-%d}: {first}")


commands: list[click.Command] = [retention]
