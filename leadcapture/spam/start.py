"""What a new site begins with: in how many texts of a public corpus each word stood (docs/spam.md says which)."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources

from leadcapture.spam import words
from leadcapture.spam.classifier import Counts
from leadcapture.spam.words import Text


@cache
def counts() -> Counts:
    """The start set: read once."""
    found = json.loads(resources.files("leadcapture.spam").joinpath("start.json").read_text("utf-8"))
    return Counts(found["ham"], found["spam"], {word: (ham, spam) for word, (ham, spam) in found["words"].items()})


@cache
def phrases() -> tuple[str, ...]:
    """What spam says in so many words, in several languages: in lower case with one space between the words and around
    them (scripts without spaces have none)."""
    lines = resources.files("leadcapture.spam").joinpath("phrases.txt").read_text("utf-8").splitlines()
    said = (Text(line).spelled for line in lines if not line.startswith("#"))
    return tuple(one if words.is_without_spaces(one) else f" {one} " for one in said if one)
