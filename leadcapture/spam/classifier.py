"""How much a text's words speak for spam: Bayes' rule word by word, put together by Fisher's method.

Gary Robinson, "A Statistical Approach to the Spam Problem", Linux Journal 107 (2003), with two changes. What a word is
worth before a site has counted it comes from the start set (see docs/spam.md), and spam that was taught without
anything to hold against it counts as little more than one text: else a language in which only spam was taught would
come to look like spam itself.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

# How many texts the value of a word before any teaching is worth: of one that the start set knows, of any other.
KNOWN, UNKNOWN = 2.0, 1.0
# What the start set says is said of other texts than a site gets: how much of it counts beside what a site has taught.
BELIEVED = 0.7
ENOUGH = 10  # texts of each kind
TELLING = 0.1  # how far from 0.5 a word tells something
LEAD = 1  # how many more texts of spam than of others may count


@dataclass(frozen=True)
class Counts:
    """How many texts of each kind were taught, and in how many of them each word stood: {word: (ham, spam)}."""

    ham: int = 0
    spam: int = 0
    words: Mapping[str, tuple[int, int]] = field(default_factory=dict)


def indicator(words: Iterable[str], taught: Counts, start: Counts) -> float:
    """From 0 (surely not) over 0.5 (cannot say) to 1 (surely spam).

    While little of each kind was taught every word counts, so that many unknown ones say "unknown"; later only those
    that tell something (as SpamBayes does it).
    """
    values = [worth(word, taught, start) for word in words]
    if min(taught.ham, taught.spam) >= ENOUGH:
        values = [value for value in values if abs(value - 0.5) >= TELLING]
    return combined(values)


def worth(word: str, taught: Counts, start: Counts) -> float:
    """How likely a text with that word is spam, where both kinds are equally common: Robinson's f(w), never 0 or 1."""
    if not taught.ham and not taught.spam:
        return _likely(word, start)
    before = 0.5 + BELIEVED * (_likely(word, start) - 0.5)
    ham, spam = taught.words.get(word, (0, 0))
    counted = spam * min(1.0, (taught.ham + LEAD) / taught.spam) if taught.spam else 0.0
    strength = KNOWN if word in start.words else UNKNOWN
    texts = ham + counted
    return (strength * before + texts * _ratio(ham, spam, taught)) / (strength + texts)


def combined(values: list[float]) -> float:
    """Fisher's method on both sides: (1 + S − H) / 2; 0.5 for no values."""
    if not values:
        return 0.5
    spam = 1 - _chi2_above(-2 * math.fsum(math.log(1 - value) for value in values), len(values))
    ham = 1 - _chi2_above(-2 * math.fsum(math.log(value) for value in values), len(values))
    return (1 + spam - ham) / 2


def _likely(word: str, counts: Counts) -> float:
    """Robinson's f(w) from these counts alone."""
    ham, spam = counts.words.get(word, (0, 0))
    return (0.5 + (ham + spam) * _ratio(ham, spam, counts)) / (1 + ham + spam)


def _ratio(ham: int, spam: int, counts: Counts) -> float:
    """Graham's p(w): how much more often, of all texts of each kind, the word stood in spam; 0.5 where it never did."""
    in_ham, in_spam = ham / max(1, counts.ham), spam / max(1, counts.spam)
    return in_spam / (in_spam + in_ham) if in_spam + in_ham else 0.5


def _chi2_above(value: float, pairs: int) -> float:
    """How likely chi-square with 2·pairs degrees of freedom is at least that value."""
    half = value / 2
    if half <= 0:
        return 1.0
    log = math.log(half)
    return min(1.0, math.fsum(math.exp(k * log - half - math.lgamma(k + 1)) for k in range(pairs)))
