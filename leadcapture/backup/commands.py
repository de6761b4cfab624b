"""`leadcapture backup` and `leadcapture restore`."""

from __future__ import annotations

import click

commands: list[click.Command] = []
