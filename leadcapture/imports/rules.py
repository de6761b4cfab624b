"""Pure decisions about imports: what a column holds, who a row is about, and what becomes of that person.

Monotone: an import only ever adds. Who withdrew, bounced, complained, was erased or said no stays as they are.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from operator import itemgetter
from types import MappingProxyType
from typing import Any, NamedTuple

from email_validator.rfc_constants import CASE_INSENSITIVE_MAILBOX_NAMES

from leadcapture import addresses
from leadcapture.addresses import Address
from leadcapture.errors import Invalid
from leadcapture.i18n import gettext as _

# What a column may hold; `name` may be said of several columns (first and last name), and anything else is an
# attribute of the person: `attribute:CITY`.
FIELDS = ("email", "name", "phone", "language", "topics", "consent_at", "consent_page")
ATTRIBUTE = "attribute:"
# What becomes of a row, in the order in which it is told.
OUTCOMES = (
    "new",
    "quarantined",
    "updated",
    "unchanged",
    "duplicate",
    "withdrawn",
    "suppressed",
    "erased",
    "refused",
    "invalid",
)
MODES = ("proof", "quarantine")
# The states, in the order of an import's life; a running one may be paused and go on.
UNFINISHED = ("uploaded", "mapped", "checking", "checked", "running", "paused")
WORKING = ("checking", "running")

BLANK = " \t\r\n\0\ufeff"  # around what stands in a cell
MOST_COLUMNS = 200
MOST_TOPICS = 20
LONGEST = {"name": 120, "phone": 40, "topic": 60, "attribute": 1000, "attribute_name": 60, "page": 2000}
LONGEST_STATEMENT = 5000


class Person(NamedTuple):
    """Whom a row is about. `notes` are codes of what was left out or cut short."""

    row: int
    typed: str
    key: str
    name: str = ""
    phone: str = ""
    language: str = ""
    topics: tuple[str, ...] = ()
    consent_at: datetime | None = None
    consent_page: str = ""
    attributes: Mapping[str, str] = MappingProxyType({})
    notes: tuple[str, ...] = ()


class Refused(NamedTuple):
    """A row about nobody: what stands in it for an address, and the code of why."""

    row: int
    typed: str
    reason: str
    key: str = ""


class Known(NamedTuple):
    """A contact as an import finds it. `agrees` is to the import's purpose; `left` is whether they withdrew it."""

    id: int
    public_id: str
    status: str
    name: str = ""
    phone: str = ""
    language: str = ""
    topics: Sequence[str] | None = None
    attributes: Mapping[str, Any] = MappingProxyType({})
    agrees: bool = False
    left: bool = False


class Verdict(NamedTuple):
    """What becomes of a row: one of OUTCOMES, the codes of the reasons, and for a known contact what is filled in and
    whether the consent is added."""

    row: Person | Refused
    outcome: str
    reasons: tuple[str, ...] = ()
    known: Known | None = None
    changes: Mapping[str, Any] = MappingProxyType({})
    consents: bool = False


# ---- columns ---------------------------------------------------------------------------------------------------------

_NAMES = {
    "email": "email mail emailaddress emailadresse mailaddress correo correoelectronico البريد بريد "
    "البريدالالكتروني البريدالإلكتروني بريدالكتروني بريدإلكتروني الإيميل ايميل إيميل",
    "name": "name fullname firstname lastname surname givenname familyname forename vorname nachname nombre "
    "apellido prenom nom contactname customername الاسم اسم الاسمالكامل الاسمالاول الاسمالأول الاسمالاخير "
    "الاسمالأخير اللقب",
    "phone": "phone phonenumber telephone tel telefon mobile mobilephone cell handy telefono الهاتف هاتف رقمالهاتف "
    "الجوال جوال رقمالجوال الموبايل",
    "language": "language lang locale sprache idioma اللغة لغة",
    "topics": "topics topic interests interest tags groups lists list themen المواضيع مواضيع الاهتمامات اهتمامات",
    "consent_at": "consentat consenttime consentdate consenttimestamp optintime optindate optinat confirmtime "
    "confirmedat confirmationtime confirmationdate signupdate subscribedat subscribed subscriptiondate datesubscribed "
    "تاريخالموافقة وقتالموافقة تاريخالاشتراك",
    "consent_page": "consentpage consenturl optinurl optinpage signuppage signupurl sourceurl page landingpage "
    "صفحةالموافقة صفحةالاشتراك الصفحة",
}
_FIELD_OF = {name: of for of, names in _NAMES.items() for name in names.split()}


def guess(header: Sequence[str], sample: Sequence[Sequence[str]]) -> dict[int, str]:
    """What the columns hold, by their names (English, Arabic and a few more) and, for the address, by what is in
    them. A column that is not recognised is left out."""
    found: dict[int, str] = {}
    for column, name in enumerate(header):
        of = _FIELD_OF.get("".join(c for c in name.casefold() if c.isalnum()))
        if of and (of == "name" or of not in found.values()):
            found[column] = of
    if "email" not in found.values():
        width = max(map(len, sample), default=0)
        having = [sum(column < len(row) and "@" in row[column] for row in sample) for column in range(width)]
        if any(having):
            found[having.index(max(having))] = "email"
    return found


def checked_mapping(mapping: Mapping[int, str]) -> dict[int, str]:
    """The mapping, as it may be kept. Raises Invalid with a sentence that says what is wrong."""
    kept: dict[int, str] = {}
    for column, of in sorted(mapping.items()):
        if not 0 <= column < MOST_COLUMNS:
            raise Invalid(_("There is no such column."))
        attribute = of.startswith(ATTRIBUTE)
        if attribute:
            of = ATTRIBUTE + line(of.removeprefix(ATTRIBUTE))[: LONGEST["attribute_name"]]
        if not attribute and of not in FIELDS:
            raise Invalid(_("A column cannot hold “%(what)s”.", what=of[:40]))
        if of != "name" and of in kept.values():
            raise Invalid(_("Two columns cannot hold the same."))
        kept[column] = of
    if "email" not in kept.values():
        raise Invalid(_("Say which column holds the e-mail address."))
    return kept


# ---- rows ------------------------------------------------------------------------------------------------------------


def line(text: str) -> str:
    """One line of text as it is kept: no control characters, single spaces."""
    if not text:
        return ""
    if not text.isprintable():
        text = "".join(c if c.isprintable() or unicodedata.category(c) == "Cf" else " " for c in text)
    return " ".join(text.split())


class Reader:
    """Reads rows as people by a mapping. Keeps the domains it has met, so that a million addresses are checked as
    `addresses.parse` checks them, in a tenth of the time."""

    _SINGLE = ("email", "phone", "language", "topics", "consent_at", "consent_page")

    def __init__(self, mapping: Mapping[int, str], columns: int, now: datetime) -> None:
        """`columns` is how many the header names, 0 where there is none; no consent was given after `now`."""
        self._columns, self._now = columns, now
        self._width = max(columns, *mapping, 0) + 1
        # What no column holds stands in the empty cell that every row gets at its end.
        at = {of: column for column, of in mapping.items()}
        self._single = itemgetter(*(at.get(of, self._width) for of in self._SINGLE))
        self._names = [column for column, of in sorted(mapping.items()) if of == "name"]
        self._attributes = [
            (column, of.removeprefix(ATTRIBUTE)) for column, of in mapping.items() if of.startswith(ATTRIBUTE)
        ]
        self._addresses = Addresses()

    def read(self, number: int, cells: Sequence[str], too_long: bool = False) -> Person | Refused:
        """Whom that row is about, or why it is about nobody."""
        if too_long:
            return Refused(number, "", "too_long")
        whole = [*cells[: self._width], *[""] * (self._width + 1 - len(cells))]
        if len(cells) > self._width:
            whole.append("")
        written, phone, spoken, about, given, seen_at = self._single(whole)
        text = written.strip(BLANK)
        if not text:
            return Refused(number, "", "no_address")
        # More cells than columns: a delimiter in one of them, so that what follows stands one column too far.
        if self._columns and len(cells) > self._columns and any(cells[self._columns :]):
            return Refused(number, line(text)[:320], "too_many_cells")
        address = self._addresses.parse(text)
        if address is None:
            return Refused(number, line(text)[:320], "not_an_address")
        consent_at = None
        if given and (given := given.strip(BLANK)):
            consent_at = moment(given)
            if consent_at is None or consent_at > self._now:
                return Refused(number, address.typed, "consent_time", address.key)
        notes: list[str] = []
        attributes = {}
        for column, name in self._attributes:
            if value := line(whole[column]):
                attributes[name] = _cut(value, "attribute", notes)
        return Person(
            number,
            address.typed,
            address.key,
            _cut(line(" ".join([whole[column] for column in self._names])), "name", notes),
            _cut(line(phone), "phone", notes),
            language(spoken),
            topics(about),
            consent_at,
            page(seen_at),
            attributes,
            tuple(notes),
        )


class Addresses:
    """Reads addresses as `addresses.parse` does, quicker where they are plain ASCII: their domains are remembered."""

    _PLAIN = re.compile(r"([A-Za-z0-9_!#$%&'*+/=?^`{|}~-]+(?:\.[A-Za-z0-9_!#$%&'*+/=?^`{|}~-]+)*)@([A-Za-z0-9.-]+)")
    _MOST = 100_000  # domains that are remembered
    _ROLES = frozenset(CASE_INSENSITIVE_MAILBOX_NAMES)  # RFC 2142: the same in small letters, so they go the long way

    def __init__(self) -> None:
        self._domains: dict[str, Address | None] = {}

    def parse(self, text: str) -> Address | None:
        """The address in the text; None where there is none."""
        plain = self._PLAIN.fullmatch(text)
        if plain is None or len(text) > 150 or len(plain[1]) > 64 or plain[1].lower() in self._ROLES:
            return parsed(text)
        local, domain = plain[1], plain[2]
        if domain not in self._domains:
            if len(self._domains) >= self._MOST:
                self._domains.clear()
            self._domains[domain] = parsed(f"a@{domain}")
        of = self._domains[domain]
        return of and Address(typed=local + of.typed[1:], key=local.lower() + of.key[1:])


def parsed(text: str) -> Address | None:
    """As `addresses.parse`; None where it raises."""
    try:
        return addresses.parse(text)
    except Invalid:
        return None


_ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|[+-]\d\d:\d\d)")
_DATE = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})|(\d{1,2})\.(\d{1,2})\.(\d{4})")
_TIME = re.compile(r"[T ]+(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?\s*(Z|UTC|[+-]\d{2}:?\d{2})?", re.IGNORECASE)


def moment(text: str) -> datetime | None:
    """A moment as people and programs write it: year first (2024-05-31, 2024/05/31 10:00, ISO 8601), or 31.05.2024, or
    seconds since 1970. UTC where no zone is said; None for what could mean two days, as 05/06/2024 does."""
    if _ISO.fullmatch(text):  # nearly all, read quickly
        try:
            return datetime.fromisoformat(text).astimezone(UTC)
        except ValueError:
            return None
    if re.fullmatch(r"\d{9,10}", text):
        return datetime.fromtimestamp(int(text), UTC)
    date = _DATE.match(text)
    if date is None:
        return None
    rest = text[date.end() :].strip(" ")
    time = _TIME.fullmatch(text[date.end() :].rstrip()) if rest else None
    if rest and time is None:
        return None
    year, month, day = (date[1], date[2], date[3]) if date[1] else (date[6], date[5], date[4])
    hour, minute, second, zone = time.groups() if time else (None, None, None, None)
    offset = "+00:00" if zone is None or zone.upper() in ("Z", "UTC") else f"{zone[:3]}:{zone[-2:]}"
    written = f"{year}-{int(month):02}-{int(day):02}T{int(hour or 0):02}:{minute or '00'}:{second or '00'}{offset}"
    try:
        return datetime.fromisoformat(written).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def language(text: str) -> str:
    """A language's code (de, pt-BR) as it is kept; nothing for anything else."""
    if not text:
        return ""
    code = text.strip().replace("_", "-")
    return code[:8] if re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z]{2,4})?", code) else ""


def topics(text: str) -> tuple[str, ...]:
    """The topics in a cell, which stand between commas, semicolons or bars."""
    if not text:
        return ()
    named = (line(topic)[: LONGEST["topic"]] for topic in re.split(r"[,;|]", text))
    return tuple(dict.fromkeys(topic for topic in named if topic))[:MOST_TOPICS]


def page(text: str) -> str:
    """A page's address; nothing where it is no web address, for it is shown as a link."""
    text = text.strip(BLANK)
    return line(text)[: LONGEST["page"]] if text.startswith(("https://", "http://")) else ""


def _cut(text: str, what: str, notes: list[str]) -> str:
    if len(text) <= LONGEST[what]:
        return text
    notes.append(f"cut_{what}")
    return text[: LONGEST[what]]


# ---- what becomes of a row -------------------------------------------------------------------------------------------


def judge(
    row: Person | Refused,
    *,
    repeated: bool,
    proof: bool,
    known: Known | None,
    barred: str | None,
    gone: str | None,
    quarantined: bool,
) -> Verdict:
    """What becomes of a row.

    `barred` is why the address must not be mailed (bounce, complaint), `gone` why nobody but the person may bring them
    back (erasure, refused).
    """
    if isinstance(row, Refused):
        return Verdict(row, "invalid", (row.reason,))
    if repeated:
        return Verdict(row, "duplicate", ("duplicate",))
    if barred:
        return Verdict(row, "suppressed", (barred,))
    if known is None:
        if gone:
            return Verdict(row, "erased" if gone == "erasure" else "refused", (gone,))
        if proof:
            return Verdict(row, "new", row.notes, consents=True)
        return Verdict(row, "unchanged", ("in_quarantine",)) if quarantined else Verdict(row, "quarantined", row.notes)
    if known.status == "suppressed":
        return Verdict(row, "suppressed", ("suppressed",))
    if known.status != "confirmed" or (known.left and not known.agrees):
        return Verdict(row, "withdrawn", ("withdrawn",))
    if not proof:
        return Verdict(row, "unchanged", ("is_contact",))
    changes = filled(known, row)
    if known.agrees and not changes:
        return Verdict(row, "unchanged", ("known",), known)
    return Verdict(row, "updated", row.notes, known, changes, consents=not known.agrees)


def filled(known: Known, row: Person) -> dict[str, Any]:
    """What an import adds to a known contact: only what was empty."""
    changes: dict[str, Any] = {
        name: getattr(row, name) for name in ("name", "phone") if getattr(row, name) and not getattr(known, name)
    }
    if row.topics and known.topics is None:
        changes["topics"] = list(row.topics)
    lacking = {name: value for name, value in row.attributes.items() if known.attributes.get(name) in (None, "")}
    if lacking:
        changes["attributes"] = {**known.attributes, **lacking}
    return changes


def version(statement: str) -> str:
    """Names the words that were agreed to; the same words as a form's have the same end."""
    return f"0-{hashlib.sha256(statement.encode()).hexdigest()[:10]}"
