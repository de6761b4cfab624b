"""`leadcapture dkim`: keys that sign mails, and what to publish of them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import click

from leadcapture import settings as settings_module
from leadcapture.errors import NotFound
from leadcapture.mail import dkim as keys


@click.group()
def dkim() -> None:
    """Keys that sign the mails of a domain (DKIM)."""


@dkim.command()
@click.argument("domain")
@click.option("--selector", default="leadcapture", show_default=True, help="What the names of the keys begin with.")
def add(domain: str, selector: str) -> None:
    """Make keys for DOMAIN and print the DNS records to publish. Nothing that is there is overwritten."""
    folder = _folder()
    made = keys.add(folder, domain, selector)
    click.echo(f"Keys of {made[0].domain} lie in {folder}. Publish these records in its DNS:\n", err=True)
    _print(made)
    click.echo(
        f"\nMails from addresses at {made[0].domain} are signed from now on; receivers heed that once they find the "
        "records.",
        err=True,
    )


@dkim.command()
@click.argument("domain", required=False)
def show(domain: str | None) -> None:
    """Print the DNS records of the keys of DOMAIN, or of every domain."""
    found = keys.load(_folder())
    if domain is not None:
        name = keys.domain_name(domain)
        if name not in found:
            raise NotFound(f"{name} has no keys: `leadcapture dkim add {name}` makes them.")
        found = {name: found[name]}
    for of_domain in found.values():
        _print(of_domain)


def _folder() -> Path:
    return settings_module.load().instance / "dkim"


def _print(found: Iterable[keys.Key]) -> None:
    for key in found:
        # A TXT record is made of strings of at most 255 bytes, which readers put together (RFC 6376, 3.6.2.2).
        value = key.record_value
        strings = " ".join(f'"{value[at : at + 255]}"' for at in range(0, len(value), 255))
        click.echo(f"{key.record_name}. IN TXT {strings}")
