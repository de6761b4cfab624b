"""Pure decisions about contacts: how two accounts of one person become one, how a cell of a CSV file is written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# What a spreadsheet takes for the beginning of a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def csv_cell(value: str) -> str:
    """The value as a cell that no spreadsheet runs as a formula: an apostrophe is put before what would begin one."""
    return f"'{value}" if value.startswith(FORMULA) else value


def spellings(word: str) -> set[str]:
    """The word in the cases it may have been written in, as a database's lower() leaves them.

    SQLite's lower() knows ASCII alone, so that "Ünal" stays "Ünal" there.
    """
    ascii_lower = str.maketrans({chr(c): chr(c + 32) for c in range(ord("A"), ord("Z") + 1)})
    return {word.lower(), *(spelt.translate(ascii_lower) for spelt in (word, word.title(), word.upper()))}


def merged(before: str, now: str) -> str:
    """The newer of two texts, unless it says nothing."""
    return now or before


def merged_attributes(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """All attributes known so far, the newer ones first."""
    return {**before, **{name: value for name, value in now.items() if value not in (None, "")}}
