"""The reference names every setting and every command, with the defaults that hold."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from leadcapture.cli import leadcapture
from leadcapture.settings import PREFIX, TABLE, Setting

REFERENCE = (Path(__file__).parent.parent / "docs" / "reference.md").read_text(encoding="utf-8")


def commands(group: click.Group, prefix: str) -> list[str]:
    names = []
    for name, command in group.commands.items():
        path = f"{prefix} {name}"
        names += commands(command, path) if isinstance(command, click.Group) else [path]
    return names


@pytest.mark.parametrize("setting", TABLE, ids=lambda setting: setting.name)
def test_every_setting_is_in_the_reference_with_its_default(setting: Setting) -> None:
    row = next((line for line in REFERENCE.splitlines() if line.startswith(f"| {PREFIX}{setting.name} |")), None)
    assert row is not None, f"{PREFIX}{setting.name} is not in docs/reference.md"
    if setting.default:
        assert row.split("|")[2].strip() == setting.default


@pytest.mark.parametrize("command", commands(leadcapture, "leadcapture"))
def test_every_command_is_in_the_reference(command: str) -> None:
    assert f"`{command}" in REFERENCE
