"""`leadcapture proof`: the proof of what one contact agreed to, as files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from leadcapture import addresses, clock, db, i18n
from leadcapture.contacts import queries as contacts
from leadcapture.errors import NotFound
from leadcapture.privacy.proof import pack as packs
from leadcapture.privacy.proof import rendering
from leadcapture.sites import queries as sites

_file = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.argument("email")
@click.option("--site", "site_key", required=True, help="The site's key.")
@click.option("--json", "json_file", type=_file, help="Write the proof for programs to this file.")
@click.option("--pdf", "pdf_file", type=_file, help="Write the proof to print to this file; the other is attached.")
@click.option("--checker", type=_file, help="Write the program that checks proofs to this file.")
@click.option("--lang", type=click.Choice(i18n.LANGUAGES), default="en", show_default=True, help="Language of the PDF.")
@click.pass_obj
def proof(
    connect: Callable[[], Any],
    email: str,
    site_key: str,
    json_file: Path | None,
    pdf_file: Path | None,
    checker: Path | None,
    lang: str,
) -> None:
    """Write the proof of what the contact with the address EMAIL agreed to. Ask for at least one of the files."""
    files = [file for file in (json_file, pdf_file, checker) if file]
    if not files:
        raise click.UsageError("Say which file to write: --json, --pdf or --checker.")
    settings = connect()
    key = addresses.parse(email).key
    with db.read() as session:
        site = sites.by_key(session, site_key)
        contact = contacts.by_email(session, site.id, key)
    if contact is None:
        raise NotFound("The site has no contact with this address.")
    pack = db.write(packs.build, clock.now(), site=site, contact=contact, public_url=settings.public_url)
    if json_file:
        json_file.write_bytes(packs.written(pack))
    if pdf_file:
        with i18n.speaking(lang):
            pdf_file.write_bytes(rendering.pdf(pack))
    if checker:
        checker.write_bytes(rendering.CHECKER.read_bytes())
    click.echo(f"Written: {', '.join(map(str, files))}.")


commands: list[click.Command] = [proof]
