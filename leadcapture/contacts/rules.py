"""Pure decisions about contacts: how two accounts of one person become one, how a cell of a CSV file is written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# What a spreadsheet takes for the beginning of a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def csv_cell(value: str) -> str:
    """The value as a cell that no spreadsheet runs as a formula: an apostrophe is put before what would begin one."""
    return f"'{value}" if value.startswith(FORMULA) else value


def merged_attributes(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """All attributes known so far, the newer ones first."""
    return {**before, **{name: value for name, value in now.items() if value not in (None, "")}}
