"""JSON (RFC 8259) as strangers send it: no deeper, no more of it and nothing odder than what anybody here reads."""

from __future__ import annotations

import json
import math
import re
from typing import Any

DEEPEST = 20  # objects and lists within each other
MOST_VALUES = 10_000  # in one text, names of members not counted

# No database keeps a NUL in a text, and half a surrogate pair is no character at all.
_ODD = re.compile("[\0\ud800-\udfff]")


def loads(text: str | bytes, **_options: Any) -> Any:
    """What the text says, its texts without NULs and without halves of characters.

    Raises ValueError for what is no JSON, is deeper than DEEPEST, has more than MOST_VALUES values, or a number that
    is not finite.
    """
    try:
        found = json.loads(text, parse_constant=_refuse)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    return _Reading().read(found, 0)


def clean(text: str) -> str:
    """The text without NULs and halves of characters."""
    return _ODD.sub("", text)


class _Reading:
    """Goes through one parsed text and counts."""

    def __init__(self) -> None:
        self.values = 0

    def read(self, value: Any, depth: int) -> Any:
        self.values += 1
        if self.values > MOST_VALUES or depth > DEEPEST:
            raise ValueError("too many values, or nested too deeply")
        if isinstance(value, str):
            return clean(value)
        if isinstance(value, list):
            return [self.read(one, depth + 1) for one in value]
        if isinstance(value, dict):
            return {clean(name): self.read(one, depth + 1) for name, one in value.items()}
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError("a number out of reach")
        return value


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")
