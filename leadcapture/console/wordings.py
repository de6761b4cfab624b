"""The versions of the site's statements as its owner reads them: the same words once, whatever named them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from leadcapture.consent import queries as consent
from leadcapture.forms import statements
from leadcapture.forms.statements import Said
from leadcapture.repermission import rules
from leadcapture.repermission.rules import Wording


@dataclass
class Words:
    """The same words for one purpose: all names of their version, who asks by them, how many agree to them now."""

    purpose: str
    statement: str
    since: datetime
    versions: list[str] = field(default_factory=list)
    languages: list[str] = field(default_factory=list)
    forms: dict[str, str] = field(default_factory=dict)  # title by public id
    count: int = 0
    holds: bool = False

    @property
    def name(self) -> str:
        """What names these words in an address: any of the versions' names does."""
        return self.versions[-1]


def of_site(session: Session, site: Any) -> list[Words]:
    """Every wording that the site's forms ask by or that somebody agrees to; by purpose, those that hold now first,
    then the newest."""
    found: dict[tuple[str, str], Words] = {}
    for said in statements.of_site(session, site):
        words = _words(found, said.purpose, said.version, said.statement, said.since)
        words.forms.setdefault(said.form, said.title)
        words.holds = words.holds or said.holds
        if said.language not in words.languages:
            words.languages.append(said.language)
    for version in consent.versions(session, site.id):
        words = _words(found, version.purpose, version.version, version.statement, version.first_at)
        words.count += version.count
    # First the second key, then the first: sorting keeps the order of equals.
    newest = sorted(found.values(), key=lambda words: words.since, reverse=True)
    return sorted(newest, key=lambda words: (words.purpose, not words.holds))


@dataclass(frozen=True)
class Purpose:
    """The words of one purpose; `older` people agree to words that nobody is asked by any more, and `forms` (title by
    public id) are those that said them once and now say others: by theirs they can be asked again."""

    name: str
    words: list[Words]
    agree: int
    older: int
    forms: dict[str, str]


def by_purpose(words: Sequence[Words]) -> list[Purpose]:
    """The words purpose by purpose: first those where somebody agrees to older ones."""
    found = []
    for name in dict.fromkeys(one.purpose for one in words):
        mine = [one for one in words if one.purpose == name]
        now = {form: title for one in mine if one.holds for form, title in one.forms.items()}
        old = [one for one in mine if one.count and not one.holds]
        said = {form for one in old for form in one.forms}
        changed = {form: title for form, title in now.items() if form in said} or now
        older = sum(one.count for one in old)
        found.append(Purpose(name, mine, sum(one.count for one in mine), older, changed if older else {}))
    return sorted(found, key=lambda purpose: not purpose.older)


def same(words: Sequence[Words], purpose: str, version: str) -> Words | None:
    """The words that a version of that purpose names; None when there are none (any more)."""
    key = rules.words_of(version)
    return next((one for one in words if one.purpose == purpose and rules.words_of(one.name) == key), None)


def concerned(session: Session, site: Any, form: Any) -> dict[str, int]:
    """How many agree, for each purpose of the form, to words that it asked by once and asks by no more; nobody: the
    purpose is left out."""
    said = statements.of_form(session, form, site)
    old: dict[str, list[str]] = {}
    for one in said:
        if not one.holds and not _says(said, one):
            old.setdefault(one.purpose, []).append(one.version)
    counts = {purpose: consent.count(session, site.id, purpose, versions) for purpose, versions in old.items()}
    return {purpose: number for purpose, number in counts.items() if number}


def new_words(session: Session, site: Any, form: str, purpose: str) -> dict[str, Wording]:
    """What the form (a public id) asks by now for that purpose, by language."""
    return {
        said.language: Wording(said.version, said.statement)
        for said in statements.of_site(session, site)
        if said.form == form and said.purpose == purpose and said.holds and said.statement
    }


def _says(said: Sequence[Said], old: Said) -> bool:
    """Whether the form still asks by the words of that older version."""
    key = rules.words_of(old.version)
    return any(one.holds and one.purpose == old.purpose and rules.words_of(one.version) == key for one in said)


def _words(found: dict[tuple[str, str], Words], purpose: str, version: str, statement: str, since: datetime) -> Words:
    words = found.setdefault((purpose, rules.words_of(version)), Words(purpose, statement, since))
    words.since = min(words.since, since)
    words.statement = words.statement or statement
    if version not in words.versions:
        words.versions.append(version)
    return words
