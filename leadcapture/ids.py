"""Public ids: a prefix that names the kind, then 96 unguessable bits in lower-case base 32."""

from __future__ import annotations

import base64
import secrets

PREFIXES = {
    "site": "site",
    "operator": "opr",
    "visitor": "vis",
    "conversation": "cnv",
    "message": "msg",
    "form": "frm",
    "submission": "sub",
    "confirmation": "cnf",
    "contact": "con",
    "consent": "cst",
    "email": "eml",
    "token": "tok",
    "entry": "ent",
    "coupon": "cpn",
    "file": "fil",
    "review": "rev",
    "member": "mem",
    "order": "ord",
    "seat": "sea",
    "canned": "can",
    "view": "viw",
    "mention": "men",
    "import": "imp",
    "quarantined": "qua",
    "permission_campaign": "rpc",
    "permission_ask": "ask",
    "address_change": "chg",
}

_DIGITS = bytes(b"abcdefghijklmnopqrstuvwxyz234567"[number % 32] for number in range(256))


def new(kind: str) -> str:
    """A new public id of that kind, for example `con_4xk2…`: 20 characters after the prefix.

    Raises KeyError for a kind that is not in PREFIXES.
    """
    # 100 bits would be 20 characters of 5 bits; 12.5 bytes do not exist, so 13 bytes are drawn and cut.
    digits = base64.b32encode(secrets.token_bytes(13)).decode().lower().rstrip("=")
    return f"{PREFIXES[kind]}_{digits[:20]}"


def several(kind: str, number: int) -> list[str]:
    """So many new ids that begin alike, each with 80 unguessable bits of its own: an index keeps them side by side, and
    a thousand of them are a few pages to write instead of a thousand."""
    begin = new(kind)[: len(PREFIXES[kind]) + 5]
    # Each byte drawn gives one digit: eight of them the same one, so that all are as likely.
    digits = secrets.token_bytes(16 * number).translate(_DIGITS).decode()
    return [begin + digits[at : at + 16] for at in range(0, len(digits), 16)]


def short_code() -> str:
    """Eight characters that nobody mixes up when reading them aloud: the code of a short link."""
    return "".join(secrets.choice("23456789abcdefghjkmnpqrstuvwxyz") for _digit in range(8))
