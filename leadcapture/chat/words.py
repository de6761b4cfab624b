"""Words as search knows them: what somebody looks for taken apart, and where in a text it is found.

Capitals, accents and the marks above and below Arabic letters make no difference (leadcapture/folding.py). The same
folding is written in SQL by the migration that makes the search tables; a test holds the two equal.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from leadcapture.folding import folded, plain

LONGEST_SEARCH = 200  # characters
MOST_WORDS = 12
SHORTEST_BEGINNING = 2  # characters: fewer would stand at the beginning of half of all words
AROUND = 60  # characters shown before the first hit
SNIPPET = 200  # characters shown at most

_WORD = re.compile(r"[^\W_](?:[^\W_]|[\u0300-\u036f\u064b-\u0655\u0670\u0640])*")
_QUOTES = str.maketrans(dict.fromkeys("“”„‟«»", '"'))
_PART = re.compile(r'"([^"]*)"|([^\s"]+)')


@dataclass(frozen=True)
class Term:
    """Words that must follow each other; of the last one the beginning is enough where `open` says so."""

    words: tuple[str, ...]
    open: bool


def terms(text: str) -> list[Term]:
    """What is looked for: every term must be found. Quoted words are meant exactly as they stand, others as beginnings.

    An address or another chunk with signs in it counts as words that follow each other.
    """
    found: list[Term] = []
    left = MOST_WORDS
    for quoted, chunk in _PART.findall(text[:LONGEST_SEARCH].translate(_QUOTES)):
        words = tuple(word for word in (plain(match.group()) for match in _WORD.finditer(quoted or chunk)) if word)
        words = words[:left]
        left -= len(words)
        if words:
            found.append(Term(words, open=not quoted and len(words[-1]) >= SHORTEST_BEGINNING))
    return found


def snippet(text: str, looked_for: Sequence[Term]) -> list[tuple[str, bool]]:
    """The part of the text around the first hit, at most SNIPPET characters on one line, in pieces: what it says, and
    whether it was looked for."""
    text = " ".join(text.split())
    words = [(match.start(), match.end(), folded(match.group())) for match in _WORD.finditer(text)]
    hits = sorted({span for term in looked_for for span in _hits(words, term)})
    begin, end = _window(text, words, hits[0][0] if hits else 0)
    pieces: list[tuple[str, bool]] = []
    at = begin
    for start, stop in hits:
        if start < at or stop > end:
            continue
        pieces += [(text[at:start], False), (text[start:stop], True)]
        at = stop
    pieces.append((text[at:end] + ("…" if end < len(text) else ""), False))
    if begin:
        pieces.insert(0, ("…", False))
    return _joined(pieces)


def _hits(words: list[tuple[int, int, str]], term: Term) -> list[tuple[int, int]]:
    """Where the term stands: from its first word's beginning to its last word's end."""
    wanted = [folded(word) for word in term.words]
    found = []
    for index in range(len(words) - len(wanted) + 1):
        here = [word for _start, _end, word in words[index : index + len(wanted)]]
        last_fits = here[-1].startswith(wanted[-1]) if term.open else here[-1] == wanted[-1]
        if last_fits and here[:-1] == wanted[:-1]:
            found.append((words[index][0], words[index + len(wanted) - 1][1]))
    return found


def _window(text: str, words: list[tuple[int, int, str]], hit: int) -> tuple[int, int]:
    """From where to where the text is shown, so that the hit is in it and few words are cut."""
    if len(text) <= SNIPPET:
        return 0, len(text)
    begin = next((start for start, _end, _word in words if start >= hit - AROUND), 0) if hit > AROUND else 0
    begin = min(begin, hit)
    end = min(len(text), begin + SNIPPET)
    whole = [stop for _start, stop, _word in words if begin < stop <= end]
    return begin, end if end == len(text) or not whole or whole[-1] < end - AROUND else max(whole[-1], hit)


def _joined(pieces: list[tuple[str, bool]]) -> list[tuple[str, bool]]:
    joined: list[tuple[str, bool]] = []
    for text, hit in pieces:
        if joined and joined[-1][1] == hit:
            joined[-1] = (joined[-1][0] + text, hit)
        elif text:
            joined.append((text, hit))
    return joined
