"""Pure decisions about asking again: which words are the same, what changed between two, how many may be asked now."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from difflib import SequenceMatcher

STATES = ("draft", "running", "paused", "done", "cancelled")
# What may follow on what: the buttons of a campaign.
FOLLOWS = {
    "start": (("draft",), "running"),
    "pause": (("running",), "paused"),
    "resume": (("paused",), "running"),
    "cancel": (("draft", "running", "paused"), "cancelled"),
}

PER_HOUR = (1, 10_000)
ENDS_AFTER_DAYS = (7, 365)
AN_HOUR = timedelta(hours=1)

_NAMED_BY_WORDS = re.compile(r"\d+-[0-9a-f]{10}")
# Below this two texts have so little in common that a list of differences would say nothing.
_ALIKE = 0.4


@dataclass(frozen=True)
class Wording:
    """A statement in one language, and the name of its version."""

    version: str
    statement: str

    def as_json(self) -> dict[str, str]:
        """As a campaign keeps it."""
        return {"version": self.version, "statement": self.statement}


@dataclass(frozen=True)
class Change:
    """What is new in a text and what it says no more, as phrases in its order; `whole` where all of it is new."""

    added: list[str]
    removed: list[str]
    whole: bool = False


NOTHING_TO_COMPARE = Change([], [], whole=True)


def words_of(version: str) -> str:
    """What the names of two versions share whose words are the same.

    A form names a version by its own version and a hash of the words (`7-3f9a0c12de`): another setting makes another
    name of the same words, which concerns nobody who agreed to them. Any other name stands for itself.
    """
    return version.partition("-")[2] if _NAMED_BY_WORDS.fullmatch(version) else version


def same_words(one: str, other: str) -> bool:
    """Whether two versions of a statement say the same."""
    return words_of(one) == words_of(other)


def digest(statement: str) -> str:
    """A name for words that no form made: stable, so that the same words are the same version."""
    return hashlib.sha256(statement.encode()).hexdigest()[:10]


def older(versions: Iterable[str], new: Iterable[str]) -> list[str]:
    """Those of the versions whose words are none of the new ones'."""
    now = {words_of(version) for version in new}
    return [version for version in versions if words_of(version) not in now]


def held_otherwise(held: Mapping[str, str], new: str) -> set[str]:
    """The purposes held (versions by purpose) in other words than those of the new version."""
    return {purpose for purpose, version in held.items() if not same_words(version, new)}


def answer_now(given: str | None, *, of_contact: bool, held: str | None, new: str) -> str | None:
    """What a question comes to: yes, no, `over`, or None while it waits for an answer. `held` is the version of the
    purpose that a contact agrees to now."""
    if given in ("yes", "no"):
        return given
    if of_contact and held is None:
        return "over"
    if held is not None and same_words(held, new):
        return "yes"
    return "over" if given == "silent" else None


def code_of(digest: str) -> str:
    """The six digits of a question, out of a keyed digest of it (hex)."""
    return f"{int(digest, 16) % 10**6:06d}"


def wordings(kept: Mapping[str, Mapping[str, str]]) -> dict[str, Wording]:
    """The statements of a campaign by language, as it keeps them."""
    return {language: Wording(**said) for language, said in kept.items()}


def language_for(wanted: str, offered: Iterable[str], site_language: str) -> str:
    """In which of the offered languages a person is asked who speaks `wanted`: that one, the site's, or the first."""
    known = sorted(offered)
    spoken = wanted.replace("_", "-").partition("-")[0].lower()
    return next((language for language in (spoken, site_language) if language in known), known[0])


def room(per_hour: int, asked_in_the_last_hour: int, most: int) -> int:
    """How many may be asked now, at most `most`."""
    return max(0, min(per_hour - asked_in_the_last_hour, most))


def silent_before(now: datetime, days: int | None) -> datetime:
    """Whose question was handed over before then has been silent for so many days; without days nobody has."""
    return now - timedelta(days=days) if days else datetime.min.replace(tzinfo=now.tzinfo)


def change(old: str, new: str) -> Change:
    """What changed from one statement to the other, word by word, for a person to read."""
    before, after = old.split(), new.split()
    compared = SequenceMatcher(None, before, after, autojunk=False)
    if compared.ratio() < _ALIKE:
        return Change([], [], whole=True)
    added, removed = [], []
    for kind, first, last, new_first, new_last in compared.get_opcodes():
        if kind in ("insert", "replace"):
            added.append(" ".join(after[new_first:new_last]))
        if kind in ("delete", "replace"):
            removed.append(" ".join(before[first:last]))
    return Change(added, removed)
