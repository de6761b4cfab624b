"""What is made unreadable in a text before it is stored: numbers of payment cards and obvious secrets.

Whoever may store card numbers is another business (PCI DSS 4.0, 3.3 and 3.5): here they end before the disk. A card
keeps its last four digits, by which people name it; of a key its first four characters stay, of a password nothing.

Masked: card numbers (ISO/IEC 7812: a known issuer, its lengths, the check digit), the code beside a card, what stands
after "password:", and keys and tokens that say by their shape what they are. Not masked: telephone numbers, numbers of
orders, dates, and IBANs, which are no secret and needed for a refund. Digits count in every script.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import lru_cache

DOT = "\N{BULLET}"
HIDDEN = DOT * 6

# What may stand between the digits of one number: a space or dash of any kind, a dot, marks of the reading direction.
_MARKS = "\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff"
_BETWEEN = rf"[{_MARKS}]*[ \t\u00a0\u2000-\u200a\u202f\u3000._\-\u2010-\u2015\u2212]?[{_MARKS}]*"
_GROUP = rf"[\d{DOT}]+"
_RUN = re.compile(rf"{_GROUP}(?:{_BETWEEN}{_GROUP})*")
_GROUPS = re.compile(_GROUP)
_DIGIT = re.compile(r"\d")

# First digits of the networks, each with the lengths of its numbers (ISO/IEC 7812; the networks' own tables).
_NETWORKS: tuple[tuple[int, int, frozenset[int]], ...] = (
    (4, 4, frozenset({13, 16, 19})),  # Visa
    (51, 55, frozenset({16})),  # Mastercard
    (2221, 2720, frozenset({16})),  # Mastercard
    (34, 34, frozenset({15})),  # American Express
    (37, 37, frozenset({15})),  # American Express
    (300, 305, frozenset(range(14, 20))),  # Diners Club
    (36, 36, frozenset(range(14, 20))),  # Diners Club
    (38, 39, frozenset(range(14, 20))),  # Diners Club, Discover
    (3528, 3589, frozenset(range(16, 20))),  # JCB
    (50, 50, frozenset(range(13, 20))),  # Maestro, Verve
    (56, 59, frozenset(range(13, 20))),  # Maestro
    (60, 69, frozenset(range(13, 20))),  # Discover, UnionPay, RuPay, Maestro, Elo
    (2200, 2205, frozenset(range(16, 20))),  # Mir
    (81, 82, frozenset({16})),  # UnionPay, RuPay
    (9792, 9792, frozenset({16})),  # Troy
)
_LENGTHS = range(13, 20)
_TWICE = str.maketrans("0123456789", "0246813579")

_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}(?:[ \u00a0]?[A-Za-z0-9]{4}){2,7}(?:[ \u00a0]?[A-Za-z0-9]{1,4})?")

_GAP = r"[ \t]{0,3}"
_CODE_WORD = (
    r"(?:cvv2?|cvc2?|cvn|csc|cav2?|(?:card )?(?:security|verification) (?:code|value|number)"
    r"|prüf(?:ziffer|nummer)|kartenprüfnummer|cryptogramme|رمز (?:الأمان|التحقق))"
)
_CODE_SAID = re.compile(rf"(?i)(?<!\w)({_CODE_WORD}(?: (?:is|ist|est|هو))?{_GAP}[:=#\-]?{_GAP})(\d{{3,4}})(?!\w)")
# After a card: perhaps when it expires, then the code.
_EXPIRES = r"(?:exp\w{0,6}\.?[ :]{0,2})?\d{1,2} ?[/\-] ?(?:20)?\d\d[ \t,;|]{1,3}"
_CODE_BESIDE = re.compile(rf"([{_MARKS}]{{0,4}}[ \t,;|]{{1,3}}(?:{_EXPIRES})?)(\d{{3,4}})(?![\d/])")

_WORD_OF_ACCESS = (
    r"(?:pass(?:word|wd|code|phrase)?|pwd|pw|pin|passwort|kennwort|mot de passe|contraseña|jelszó|пароль"
    r"|كلمة (?:المرور|السر))"
)
_ACCESS_HINTS = ("pass", "pw", "pin", "kennwort", "mot de", "contrase", "jelsz", "пароль", "كلمة")
_KEY = r"(?:(?:api|access|secret|private|auth|client|session|bearer)[ \t_\-]{0,2})?(?:key|secret|token)"
_IS = r"[ \t]{1,3}(?:is|ist|est|es|هي)[ \t]{1,3}"
_COLON = rf"{_GAP}[:=\uff1a]{_GAP}"
_VALUE = r"([\"'“”‘’«»]?)([^\s\"'“”‘’«»]+)"
_ALONE = r"(?<![\w?&/.\-])"  # no part of an address or of another word
_SAID = re.compile(rf"(?i){_ALONE}({_WORD_OF_ACCESS}{_COLON}){_VALUE}")
# Without a colon only what no word of a sentence looks like: "my password is wrong" stays. Keys are such words always.
_SAID_IN_WORDS = re.compile(rf"(?i){_ALONE}({_WORD_OF_ACCESS}{_IS}|{_KEY}(?:{_COLON}|{_IS})){_VALUE}")
_KEYS = re.compile(
    r"(?<![A-Za-z0-9_])(?:"
    r"(?:AKIA|ASIA)[A-Z0-9]{16}"  # Amazon
    r"|gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{22,}|glpat-[\w\-]{20,}"  # GitHub, GitLab
    r"|xox[abeoprs]-[A-Za-z0-9\-]{10,}"  # Slack
    r"|(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{10,}|whsec_[A-Za-z0-9+/=]{16,}"  # Stripe, Standard Webhooks
    r"|sk-[A-Za-z0-9_\-]{20,}"  # language models
    r"|AIza[\w\-]{35}|ya29\.[\w\-]{20,}"  # Google
    r"|SG\.[\w\-]{16,}\.[\w\-]{16,}|npm_[A-Za-z0-9]{30,}|pypi-[\w\-]{20,}|dop_v1_[0-9a-f]{40,}"
    r"|lc_[\w\-]{20,}"  # ours
    r"|eyJ[\w\-]{8,}\.[\w\-]{8,}\.[\w\-]{8,}"  # a JSON Web Token (RFC 7519)
    r")"
)
_BEARER = re.compile(r"(?i)(?<!\w)((?:bearer|basic)[ \t]{1,3})([A-Za-z0-9+/_\-.~]{16,}=*)")
_PRIVATE_KEY = re.compile(r"(-----BEGIN [A-Z ]*PRIVATE KEY-----)(.*?)(-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL)
_IN_ADDRESS = re.compile(r"(?i)(\b[a-z][a-z0-9+.\-]{1,20}://[^\s:/@]{1,100}:)([^\s/@]{1,200})(@)")


def masked(text: str) -> str:
    """The text with card numbers and obvious secrets made unreadable; doing it again changes nothing."""
    lowered = text.lower()
    for hints, pattern, replaced in _STEPS:
        if any(hint in lowered for hint in hints):
            text = pattern.sub(replaced, text)
    return _without_cards(text) if len(_DIGIT.findall(text)) >= _LENGTHS.start else text


def _hides(text: str) -> bool:
    return text.strip() != HIDDEN


def _without_secret(found: re.Match[str]) -> str:
    # What ends the sentence is no part of the secret, and an address of a page that follows is none at all.
    secret = found[3].rstrip(".,;!?)\u060c\u061b\u061f")
    if not secret or secret.startswith(("http://", "https://")):
        return found[0]
    kept = secret[:4] if secret.endswith(HIDDEN) else ""  # of a key, masked before
    return f"{found[1]}{found[2]}{kept if kept.strip(DOT) else ''}{HIDDEN}{found[3][len(secret) :]}"


def _no_word(text: str) -> bool:
    inside = text.strip(".,;!?()\u060c\u061b\u061f")
    return len(inside) >= 4 and any(not (char.isalpha() or char in "'’-") for char in inside)


# What is looked for, in this order, each with words of which one stands in every text that has it: most messages have
# none, and to see that is much quicker than to look for the thing itself.
_STEPS: tuple[tuple[tuple[str, ...], re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
    (
        ("-----begin",),
        _PRIVATE_KEY,
        lambda found: f"{found[1]}\n{HIDDEN}\n{found[3]}" if _hides(found[2]) else found[0],
    ),
    (
        ("akia", "asia", "gh", "glpat", "xox", "_live_", "_test_", "whsec", "sk-", "aiza", "ya29", "sg.", "npm_",
         "pypi-", "dop_v1", "lc_", "eyj"),
        _KEYS,
        lambda found: found[0][:4] + HIDDEN,
    ),
    (("bearer", "basic"), _BEARER, lambda found: found[1] + HIDDEN),
    (("://",), _IN_ADDRESS, lambda found: f"{found[1]}{HIDDEN}{found[3]}" if _hides(found[2]) else found[0]),
    (_ACCESS_HINTS, _SAID, _without_secret),
    (
        (*_ACCESS_HINTS, "key", "secret", "token"),
        _SAID_IN_WORDS,
        lambda found: _without_secret(found) if _no_word(found[3]) else found[0],
    ),
    (
        ("cv", "csc", "cav", "code", "verification", "security", "pr\u00fcf", "cryptogramme", "\u0631\u0645\u0632"),
        _CODE_SAID,
        lambda found: found[1] + DOT * len(found[2]),
    ),
)  # fmt: skip


# ---- cards -----------------------------------------------------------------------------------------------------------


def _without_cards(text: str) -> str:
    """With the digits of cards, but for the last four, and codes beside them as dots. The text stays as long."""
    letters, ibans = list(text), [found.span() for found in _IBAN.finditer(text) if _is_iban(found[0])]
    for run in _RUN.finditer(text):
        if any(begins < run.end() and run.start() < ends for begins, ends in ibans):
            continue
        for places, rest in _cards(text, run):
            for place in places[:-4] + rest:
                letters[place] = DOT
            code = _CODE_BESIDE.match(text, places[-1] + 1)
            if code:
                letters[slice(*code.span(2))] = DOT * len(code[2])
    return "".join(letters)


def _cards(text: str, run: re.Match[str]) -> Iterator[tuple[list[int], list[int]]]:
    """The places of the digits of each card in a run of digits with separators; and of those behind it that are the end
    of a longer card or the code of this one, nobody knows which."""
    groups = [found.span() for found in _GROUPS.finditer(text, *run.span())]
    places = [place for begins, ends in groups for place in range(begins, ends)]
    digits = "".join(DOT if text[place] == DOT else str(unicodedata.decimal(text[place])) for place in places)
    sizes = [ends - begins for begins, ends in groups]
    first = at = 0  # a group, and how many digits stand before it
    while first < len(groups):
        lengths = _lengths(digits[at : at + 4])
        phone = lengths and text[max(0, groups[first][0] - 3) : groups[first][0]].rstrip().endswith("+")
        taken = sizes[first : first + 1]
        fitting = [
            grouped
            for grouped in (_numbers(sizes, first, lengths) if lengths else ())
            # After a plus up to fifteen digits are a telephone number (ITU-T E.164).
            if not (phone and sum(grouped) <= 15) and _is_card(digits[at : at + sum(grouped)], grouped)
        ]
        if fitting:
            taken = max(fitting, key=sum)
            end = at + sum(fitting[0])
            yield places[at:end], places[end : at + sum(taken)]
        at += sum(taken)
        first += len(taken)


@lru_cache(maxsize=10_000)
def _lengths(start: str) -> frozenset[int]:
    """How long a card may be that begins with these four digits; nothing where no network issues such."""
    fitting = [
        lengths
        for least, most, lengths in _NETWORKS
        if DOT not in start and least <= int(start[: len(str(least))]) <= most
    ]
    return frozenset().union(*fitting)


def _numbers(sizes: list[int], first: int, lengths: frozenset[int]) -> list[list[int]]:
    """The groups, by their sizes, of which a number of such a length may consist that begins with the group `first`:
    the commonest length first, so that the code behind a card is not taken for its end, then the longest."""
    found, count = [], 0
    for last in range(first, len(sizes)):
        count += sizes[last]
        if count >= _LENGTHS.stop:
            break
        if count in lengths:
            found.append(sizes[first : last + 1])
    return sorted(found, key=lambda grouped: (sum(grouped) != 16, -sum(grouped)))


def _is_card(digits: str, sizes: list[int]) -> bool:
    return DOT not in digits and _grouped_like_a_card(sizes) and _luhn(digits)


def _grouped_like_a_card(sizes: list[int]) -> bool:
    """Cards are written in one, in groups of which the first has four digits or more, or evenly, digit by digit;
    dates and telephone numbers, also several in a row, are not."""
    return sizes[0] >= 4 or (len(set(sizes[:-1])) == 1 and sizes[-1] <= sizes[0])


def _luhn(digits: str) -> bool:
    """The check digit of ISO/IEC 7812-1, annex B: every second digit from the right counts twice, less 9 beyond 9."""
    return sum(map(int, digits[-1::-2] + digits[-2::-2].translate(_TWICE))) % 10 == 0


def _is_iban(text: str) -> bool:
    """Whether the check digits are right (ISO 13616-1: the number, turned, leaves 1 when divided by 97)."""
    plain = re.sub(r"\s", "", text).upper()
    if not plain.isascii():
        return False
    return int("".join(str(int(char, 36)) for char in plain[4:] + plain[:4])) % 97 == 1
