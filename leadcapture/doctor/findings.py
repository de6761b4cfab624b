"""What the doctor says of one part."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.exc import DBAPIError


@dataclass(frozen=True)
class Finding:
    """What was seen of one part: well or not, and a sentence, which says what to do where it is not."""

    part: str
    well: bool
    text: str


def database_trouble(error: DBAPIError) -> str:
    """One line on why the database cannot be used, without its password."""
    lines = str(error.orig or error).strip().splitlines()
    return f"The database cannot be used: {lines[0] if lines else type(error.orig).__name__}"
