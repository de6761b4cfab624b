"""What a text is made of, in any script: the words that a filter counts, the links in it, and letters that pass for
others.

Words of scripts that are written without spaces are taken as pairs of neighbouring characters. Figures, addresses and
what is longer than a word are not counted, so that little of a person ends up among the counts.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from urllib.parse import urlsplit

LONGEST_TEXT = 8000  # characters that are looked at
MOST_WORDS = 400  # different ones that are counted of one text
SHORTEST, LONGEST = 3, 24  # letters of a word; of other scripts than Latin, two will do

_LINK = re.compile(r"(?:https?://|\bwww\.)[^\s<>\"'\[\]()]+", re.IGNORECASE)
_ADDRESS = re.compile(r"[^\s@<>]+@[^\s@<>]+\.[^\s@<>]+")
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


def words(text: str) -> list[str]:
    """The different words of the text in the order they come, at most MOST_WORDS; a link counts as its host."""
    text = plain(text)
    found = dict.fromkeys(f"link:{name}"[:40] for name in hosts(text))
    for word in _runs(_ADDRESS.sub(" ", _LINK.sub(" ", text))):
        for token in _counted(word.casefold()):
            found[token] = None
        if len(found) >= MOST_WORDS:
            break
    return list(found)[:MOST_WORDS]


def plain(text: str) -> str:
    """The text in one form of Unicode (NFKC), without invisible characters, cut to LONGEST_TEXT."""
    normal = unicodedata.normalize("NFKC", text[:LONGEST_TEXT])
    return "".join(char for char in normal if unicodedata.category(char) != "Cf")


def links(text: str) -> list[str]:
    """The links in the text as they are written, oldest first."""
    return _LINK.findall(text)


def hosts(text: str) -> list[str]:
    """The hosts of the links in the text in lower case without `www.`, each once."""
    return list(dict.fromkeys(name for link in links(text) if (name := host(link))))


def host(link: str) -> str:
    """The host of a link in lower case without `www.`; nothing where it has none."""
    try:
        found = urlsplit(link if "://" in link else f"http://{link}").hostname or ""
    except ValueError:  # brackets that are no address
        return ""
    return found.removeprefix("www.").rstrip(".")


def spelled(text: str) -> list[str]:
    """Every word of the text as it stands in order, in lower case, disguised ones as what they pass for; of scripts
    without spaces a whole run is one."""
    return [_undisguised(word.casefold()) for word in _runs(plain(text))]


def disguised(text: str) -> list[str]:
    """The words that mix look-alike letters of two scripts, as nobody's keyboard writes them: "pаypal" with а of
    Cyrillic. A word with an honest ending of another script ("SMSки") is none of them."""
    return [word for word in _runs(plain(text)) if _is_disguised(word.casefold())]


def is_without_spaces(word: str) -> bool:
    """Whether letters of a script that puts no spaces between words stand in it."""
    return any(_script(char) in _NO_SPACES for char in word)


def _runs(text: str) -> Iterator[str]:
    """The runs of letters, marks and figures."""
    run: list[str] = []
    for char in text:
        if _part_of_word(char):
            run.append(char)
        elif run:
            yield "".join(run)
            run = []
    if run:
        yield "".join(run)


def _counted(word: str) -> Iterator[str]:
    word = _undisguised(word)
    if is_without_spaces(word):
        yield from (pair for pair in (word[at : at + 2] for at in range(len(word) - 1)) if not pair.isdigit())
        return
    shortest = SHORTEST if word.isascii() else 2
    if shortest <= len(word) <= LONGEST and not any(char.isdigit() for char in word):
        yield word


def _is_disguised(word: str) -> bool:
    if len(word) < 4 or not word.isalpha():  # units and formulas mix scripts for good reasons
        return False
    scripts = {_script(char) for char in word}
    if "LATIN" not in scripts or not scripts & {"CYRILLIC", "GREEK"}:
        return False
    latin = {char for char in word if _script(char) == "LATIN"}
    others = {char for char in word if _script(char) in ("CYRILLIC", "GREEK")}
    return others <= _PASSES or (latin <= _LATIN_PASSES and len(latin) < len(others))


def _undisguised(word: str) -> str:
    return word.translate(_LOOKS_LIKE) if _is_disguised(word) else word


@cache
def _part_of_word(char: str) -> bool:
    return unicodedata.category(char)[0] in "LMN"


@cache
def _script(char: str) -> str:
    return unicodedata.name(char, "").partition(" ")[0]
