"""What a text is made of, in any script: the words that a filter counts, the links in it, and letters that pass for
others.

Words of scripts that are written without spaces are taken as pairs of neighbouring characters. Figures, addresses and
what is longer than a word are not counted, so that little of a person ends up among the counts.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache, cached_property
from urllib.parse import urlsplit

LONGEST_TEXT = 8000  # characters that are looked at
MOST_WORDS = 400  # different ones that are counted of one text
SHORTEST, LONGEST = 3, 24  # letters of a word; of other scripts than Latin, two will do
LONGEST_TOKEN = 40

_LINK = re.compile(r"(?:https?://|\bwww\.)[^\s<>\"'\[\]()]+", re.IGNORECASE)
_NO_WORDS = re.compile(rf"{_LINK.pattern}|[^\s@<>]+@[^\s@<>]+\.[^\s@<>]+", re.IGNORECASE)
# The marks of living scripts (Unicode's Mn and Mc), which Python's \\w does not know: without them half of the words of
# Hindi or Thai fall apart. The letters beside them in these blocks are \\w anyway.
_MARKS = (
    "\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc\u0900-\u0963\u0981-\u0dff"
    "\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ece\u0f71-\u0f84\u102b-\u103e\u17b4-\u17d3"
)
_RUN = re.compile(rf"(?:[^\W_]|[{_MARKS}])+")
# Characters that show nothing (Unicode's Cf), as they are put into words to hide them.
_INVISIBLE = re.compile(
    "[\u00ad\u0600-\u0605\u061c\u06dd\u070f\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\U000e0001-\U000e007f]"
)
_NO_SPACES = (
    "HIRAGANA", "KATAKANA", "CJK", "THAI", "LAO", "KHMER", "MYANMAR", "TIBETAN",
)  # fmt: skip
# Letters of other scripts that look like a Latin one, and nothing else (Unicode TR 39 knows many more).
_LOOKS_LIKE = str.maketrans(
    "аевікмнорстухѕјԛԝьһԁɡ" + "αεικνορυχ",
    "aebikmhopctyxsjqwbhdg" + "aeikvopux",
)
_PASSES = frozenset("аевікмнорстухѕјԛԝһԁ" + "αεικνορυχ")
_LATIN_PASSES = frozenset("aebikmhopctyxsjqwhdvu")


class Text:
    """A text as the filter reads it: in one form of Unicode (NFKC), without invisible characters, cut to
    LONGEST_TEXT."""

    def __init__(self, text: str) -> None:
        text = text[:LONGEST_TEXT]
        self.plain = text if text.isascii() else _INVISIBLE.sub("", unicodedata.normalize("NFKC", text))

    @cached_property
    def links(self) -> list[str]:
        """The links as they are written, each once."""
        return list(dict.fromkeys(_LINK.findall(self.plain)))

    @cached_property
    def words(self) -> list[str]:
        """The different words in the order they come, at most MOST_WORDS; a link counts as its host."""
        found = dict.fromkeys(f"link:{name}"[:LONGEST_TOKEN] for name in map(host, self.links) if name)
        for run in _RUN.findall(_NO_WORDS.sub(" ", self.plain).casefold()):
            for word in _counted(run):
                found[word] = None
            if len(found) >= MOST_WORDS:
                break
        return list(found)[:MOST_WORDS]

    @cached_property
    def spelled(self) -> str:
        """Everything in order, in lower case with one space between the words, disguised ones as what they pass for."""
        runs = _RUN.findall(self.plain.casefold())
        return " ".join(runs if self.plain.isascii() else map(_undisguised, runs))

    @cached_property
    def disguised(self) -> list[str]:
        """The words that mix look-alike letters of two scripts, as nobody's keyboard writes them: "pаypal" with а of
        Cyrillic. A word with an honest ending of another script ("SMSки") is none of them."""
        if self.plain.isascii():
            return []
        return [run for run in _RUN.findall(self.plain) if _is_disguised(run.casefold())]


def words(text: str) -> list[str]:
    """As Text.words."""
    return Text(text).words


def host(link: str) -> str:
    """The host of a link in lower case without `www.`; nothing where it has none."""
    try:
        found = urlsplit(link if "://" in link else f"http://{link}").hostname or ""
    except ValueError:  # brackets that are no address
        return ""
    return found.removeprefix("www.").rstrip(".")


def is_without_spaces(word: str) -> bool:
    """Whether letters of a script that puts no spaces between words stand in it."""
    return not word.isascii() and any(_script(char) in _NO_SPACES for char in word)


def _counted(word: str) -> Iterator[str]:
    if word.isascii():
        if SHORTEST <= len(word) <= LONGEST and word.isalpha():
            yield word
        return
    word = _undisguised(word)
    if is_without_spaces(word):
        yield from (pair for pair in (word[at : at + 2] for at in range(len(word) - 1)) if not pair.isdigit())
        return
    shortest = SHORTEST if word.isascii() else 2
    if shortest <= len(word) <= LONGEST and not any(char.isdigit() for char in word):
        yield word


def _undisguised(word: str) -> str:
    return word.translate(_LOOKS_LIKE) if _is_disguised(word) else word


def _is_disguised(word: str) -> bool:
    if len(word) < 4 or word.isascii() or not word.isalpha():  # units and formulas mix scripts for good reasons
        return False
    latin = {char for char in word if _script(char) == "LATIN"}
    others = {char for char in word if _script(char) in ("CYRILLIC", "GREEK")}
    if not latin or not others:
        return False
    return others <= _PASSES or (latin <= _LATIN_PASSES and len(latin) < len(others))


@cache
def _script(char: str) -> str:
    return unicodedata.name(char, "").partition(" ")[0]
