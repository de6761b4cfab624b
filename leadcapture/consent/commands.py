"""`leadcapture consent`: is the ledger what was written?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from leadcapture import db
from leadcapture.consent import queries, verifying
from leadcapture.errors import Invalid
from leadcapture.sites import queries as sites


@click.group()
def consent() -> None:
    """The ledger of consents."""


@consent.command()
@click.option("--site", "site_key", help="The site's key; without it every site is verified.")
@click.pass_obj
def verify(connect: Callable[[], Any], site_key: str | None) -> None:
    """Verify that nothing in the ledger was changed, removed or put in, and say where if something was."""
    connect()
    with db.read() as session:
        wanted = [sites.by_key(session, site_key)] if site_key else sites.every(session)
        troubles = [f"every site: {trouble}" for trouble in verifying.structure(session)]
    for site in wanted:
        with db.read() as session:
            of_site = verifying.verify(session, site.id)
            events, last = queries.end(session, site.id)
        troubles += [f"{site.key}: {trouble}" for trouble in of_site]
        if not of_site:
            click.echo(f"{site.key}: {events} events, head {last}")
    for trouble in troubles:
        click.echo(trouble, err=True)
    if troubles:
        raise Invalid(f"The ledger is not what was written: {len(troubles)} findings.")
