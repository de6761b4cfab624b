"""Pure decisions about forms: what text is kept, which slugs there may be, how a statement's version is named."""

from __future__ import annotations

import hashlib
import re
import unicodedata

SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")
ONCE = re.compile(r"[A-Za-z0-9_-]{16,64}")


def clean(text: str) -> str:
    """The text without what no database and no terminal should meet: control characters but line breaks and tabs, lone
    surrogates."""
    if text.isprintable():  # as nearly every line is; and then nothing of the kind is in it
        return text
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(c for c in text if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cs"))


def clean_text(text: str | None) -> str:
    """Several lines of text as they are kept."""
    return clean(text or "").strip()


def clean_line(text: str | None) -> str:
    """One line of text as it is kept: no line breaks (a name ends up in the head of a mail), single spaces."""
    return " ".join(clean(text or "").split())


def lines(text: str | None) -> list[str]:
    """The lines of a text that have something in them."""
    return [line.strip() for line in (text or "").splitlines() if line.strip()]


def western_digits(text: str) -> str:
    """The text with every digit, however a keyboard writes it (Arabic, Persian, full-width), as 0 to 9."""
    return "".join(str(unicodedata.digit(c)) if unicodedata.category(c) == "Nd" else c for c in text)


def clean_url(text: str | None) -> str:
    """A page's address as it is kept as evidence; nothing when it is no web address, for it is shown as a link."""
    url = clean_line(text)[:2000]
    return url if url.startswith(("https://", "http://")) else ""


def slug_of(text: str) -> str:
    """A slug made of a name; `form` when nothing of the name can stand in one."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60].strip("-") or "form"


def valid_slug(slug: str) -> bool:
    """Whether a form may have this slug: it stands in addresses and in the page's HTML."""
    return SLUG.fullmatch(slug) is not None


def valid_once(once: str) -> bool:
    """Whether a page's random mark of one filling is long enough that nobody guesses another's."""
    return ONCE.fullmatch(once) is not None


def statement_version(form_version: int, statement: str) -> str:
    """Names the exact words: the form's version, then a hash, for a statement also changes with the language it was
    shown in."""
    return f"{form_version}-{hashlib.sha256(statement.encode()).hexdigest()[:10]}"
