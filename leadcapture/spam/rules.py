"""What looks like spam, and how sure we are: pure.

Plain signals and the words of the text each give points for or against; the points add up to how likely it is spam
(a logistic sum, as Bayes' rule puts independent evidence together). To hold a real customer back is worse than to let
spam through, so the weights are such that no signal about how something was sent (quickly, without a challenge, from a
passing address, in capitals) holds it by itself, nor all of these together.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from leadcapture.spam import classifier, start, words
from leadcapture.spam.classifier import Counts
from leadcapture.spam.words import Text

# Most of what is sent to a site is no spam.
BEFORE = -1.0
# What the words of a text may count: by the start set alone, and where a site's operators have taught all of them. The
# start set knows mails among friends from advertising; customers who ask for a price, a loan or a discount stand
# between. So a little suspicion by it is none, and much of it holds nothing, not even with a link and by a program.
BY_START, BY_TEACHING = 1.2, 4.0
NO_SUSPICION = 2.6
SUSPICION = 1.5  # by what was taught
SAID_BY_WORDS = 0.5  # points from which the words are named as a reason
SAME_FROM, SAME_WORDS = 6, 0.9  # a text of so many words is the same as another where they share so many of them
LONG_ENOUGH = 20  # letters in capitals that are shouting
REPEATED_FROM = 40  # characters of a text that two people do not write by chance

SHORTENERS = frozenset(
    {
        "bit.ly",
        "tinyurl.com",
        "t.co",
        "goo.gl",
        "is.gd",
        "ow.ly",
        "buff.ly",
        "cutt.ly",
        "rebrand.ly",
        "rb.gy",
        "shorturl.at",
        "t.ly",
        "tiny.cc",
        "v.gd",
        "s.id",
        "clck.ru",
        "vk.cc",
        "lnkd.in",
        "bl.ink",
        "soo.gd",
        "u.to",
        "qr.ae",
        "adf.ly",
        "shorte.st",
        "ouo.io",
        "short.gy",
    }
)
_MARKUP = re.compile(r"<a\s[^>]{0,200}href|\[url[=\]]|\[link[=\]]", re.IGNORECASE)
_BARE_HOST = re.compile(r"\b[\w-]{2,}\.(?:com|net|org|info|biz|ru|xyz|top|shop|site|online|club|icu|click)\b", re.I)


@dataclass(frozen=True)
class Given:
    """What is judged. `own` are hosts a link to which says nothing (the site's); `fast`: filled faster than anybody
    types; `unproven`: without the proof of work that a browser brings; `repeated`: how many others have sent the same
    text to the site lately."""

    text: str
    name: str = ""
    own: frozenset[str] = frozenset()
    fast: bool = False
    unproven: bool = False
    disposable: bool = False
    repeated: int = 0


@dataclass(frozen=True)
class Verdict:
    """How likely it is spam, from 0 to 1, and what speaks for it: codes, the weightiest first."""

    score: float
    reasons: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Seen:
    """What is judged, read once: the text, the name, and the links that lead away from the site."""

    given: Given
    text: Text
    name: Text
    foreign: list[str]
    hosts: list[str]

    @classmethod
    def of(cls, given: Given) -> _Seen:
        text = Text(given.text)
        foreign = [link for link in text.links if not _is_own(words.host(link), given.own)]
        return cls(given, text, Text(given.name), foreign, list(dict.fromkeys(map(words.host, foreign))))


def judge(given: Given, taught: Counts) -> Verdict:
    """How likely this is spam, by the site's teaching and the plain signals."""
    seen = _Seen.of(given)
    found = {code: points for code, signal in SIGNALS.items() if (points := signal(seen))}
    by_words = _by_words(seen.text.words, taught)
    points = BEFORE + by_words + sum(found.values())
    if by_words >= SAID_BY_WORDS:
        found["words"] = by_words
    return Verdict(1 / (1 + math.exp(-points)), sorted(found, key=lambda code: -found[code]))


def _by_words(found: Sequence[str], taught: Counts) -> float:
    """What the words count. How far they may go depends on how many of them the site was taught."""
    if not found:
        return 0.0
    at_first = log_odds(found, Counts())
    by_start = min(max(at_first - NO_SUSPICION, 0.0), BY_START) if at_first > 0 else max(at_first, -BY_START) / 4
    known = sum(word in taught.words for word in found) / len(found)
    if not known:
        return by_start
    by_teaching = min(max(log_odds(found, taught), -BY_TEACHING), BY_TEACHING)
    if by_teaching > SUSPICION and _is_the_same(found, taught):
        by_teaching = BY_TEACHING
    return (1 - known) * by_start + known * by_teaching


def _is_the_same(found: Sequence[str], taught: Counts) -> bool:
    """Whether nearly all words stood in what was called spam: one click is enough to know the same text again."""
    in_spam = sum(taught.words.get(word, (0, 0))[1] > 0 for word in found)
    return len(found) >= SAME_FROM and in_spam >= SAME_WORDS * len(found)


def log_odds(found: Sequence[str], taught: Counts) -> float:
    """What the words say, taught and begun with: the logarithm of the odds, kept within reason."""
    says = min(max(classifier.indicator(found, taught, start.counts()), 0.001), 0.999)
    return math.log(says / (1 - says))


# ---- the plain signals: points, 0 where there is nothing to say ------------------------------------------------------


def _name_link(seen: _Seen) -> float:
    if seen.name.links or _MARKUP.search(seen.name.plain):
        return 3.5
    return 1.8 if _BARE_HOST.search(seen.name.plain) else 0.0


def _links(seen: _Seen) -> float:
    if len(seen.foreign) >= 4 or len(seen.hosts) >= 3:
        return 2.6
    return 0.8 if len(seen.foreign) >= 2 else 0.0


def _link(seen: _Seen) -> float:
    return 0.6 if len(seen.foreign) == 1 else 0.0


def _markup(seen: _Seen) -> float:
    return 2.6 if _MARKUP.search(seen.text.plain) else 0.0


def _shortener(seen: _Seen) -> float:
    return 1.2 if SHORTENERS.intersection(seen.hosts) else 0.0


def _phrases(seen: _Seen) -> float:
    # Whatever stands between the words, and letters that only look like these.
    if not seen.text.spelled:
        return 0.0
    text = f" {seen.text.spelled} "
    said = sum(phrase in text for phrase in start.phrases())
    return min(1.8 + 0.8 * (said - 1), 3.4) if said else 0.0


def _disguised(seen: _Seen) -> float:
    mixed = len(seen.text.disguised) + len(seen.name.disguised)
    return 0.0 if not mixed else 2.0 if mixed == 1 else 3.4


def _capitals(seen: _Seen) -> float:
    if len(seen.text.plain) < LONG_ENOUGH:
        return 0.0
    large = sum(map(str.isupper, seen.text.plain))
    small = sum(map(str.islower, seen.text.plain))
    return 0.7 if large + small >= LONG_ENOUGH and large > 0.8 * (large + small) else 0.0


def _repeated(seen: _Seen) -> float:
    times = seen.given.repeated
    if times < 1 or len(seen.given.text) < REPEATED_FROM:
        return 0.0
    return 1.0 if times == 1 else 2.0 if times < 5 else 3.4


def _fast(seen: _Seen) -> float:
    return 0.8 if seen.given.fast else 0.0


def _unproven(seen: _Seen) -> float:
    return 0.5 if seen.given.unproven else 0.0


def _disposable(seen: _Seen) -> float:
    return 0.8 if seen.given.disposable else 0.0


def _is_own(host: str, own: frozenset[str]) -> bool:
    return any(host == mine or host.endswith(f".{mine}") for mine in own)


SIGNALS: dict[str, Callable[[_Seen], float]] = {
    "name_link": _name_link,
    "links": _links,
    "link": _link,
    "markup": _markup,
    "shortener": _shortener,
    "phrases": _phrases,
    "disguised": _disguised,
    "capitals": _capitals,
    "repeated": _repeated,
    "fast": _fast,
    "unproven": _unproven,
    "disposable": _disposable,
}
