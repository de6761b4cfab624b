"""Slips of the finger in e-mail addresses: a suggestion for the person to take or leave, never a refusal.

`widget/src/forms/typos.ts` does the same in the browser. Both read typos.json and agree on
tests/forms/typo_vectors.json.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any


def suggestion(typed: str) -> str | None:
    """The address that was probably meant, or None where nothing looks wrong.

    Suggested is a well-known provider's domain one slip away (a letter left out, added, mistaken, or two that swapped
    places; the first letter must be right or swapped, for most people get it right and other companies' names differ
    there), and the right ending for one that no domain has (`.con`).
    """
    local, at, domain = typed.strip().rpartition("@")
    if not local or not at:
        return None
    meant = _meant(domain.lower().rstrip("."))
    return f"{local}@{meant}" if meant else None


def _meant(domain: str) -> str | None:
    known = _known()
    if domain in known["near"] or domain in known["exact"]:
        return None
    for provider in (*known["near"], *known["exact"]):
        if domain == provider.replace(".", ""):
            return str(provider)
    ended = _well_ended(domain)
    return _near(ended) or (ended if ended != domain else None)


def _well_ended(domain: str) -> str:
    """The domain with an ending that exists. `.co` and its like do exist, but not at a provider that has `.com`."""
    known = _known()
    name, dot, ending = domain.rpartition(".")
    if not dot:
        return domain
    if ending in known["endings"]:
        return f"{name}.{known['endings'][ending]}"
    ended = f"{name}.{known['short_endings'].get(ending, ending)}"
    providers = ended in known["near"] or ended in known["exact"] or _near(ended)
    return ended if providers else domain


def _near(domain: str) -> str | None:
    name, _dot, ending = domain.partition(".")
    for provider in _known()["near"]:
        right, _dot, its_ending = provider.partition(".")
        if ending == its_ending and _one_slip(name, right):
            return str(provider)
    return None


def _one_slip(typed: str, right: str) -> bool:
    """Whether one slip leads from `right` to `typed`."""
    if typed == right:
        return False
    if _swapped(typed) == right:
        return True
    if typed[:1] != right[:1]:
        return False
    start = 0
    while start < min(len(typed), len(right)) and typed[start] == right[start]:
        start += 1
    rest, its = typed[start:], right[start:]
    return (
        rest[1:] == its[1:]  # mistaken
        or rest[1:] == its  # added
        or rest == its[1:]  # left out
        or _swapped(rest) == its
    )


def _swapped(text: str) -> str:
    return text[1:2] + text[:1] + text[2:]


@cache
def _known() -> dict[str, Any]:
    known: dict[str, Any] = json.loads(Path(__file__).with_name("typos.json").read_text(encoding="utf-8"))
    return known
