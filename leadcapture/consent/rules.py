"""The arithmetic of the ledger: pure, and written down in docs/consent.md so that a stranger can do it again.

Everything that is hashed is text in UTF-8, and a hash is written as 64 lower-case hexadecimal digits; to put two of
them one after the other is to put their digits one after the other.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from json.encoder import encode_basestring as _quoted
from typing import Any

EVENTS = ("requested", "mailed", "confirmed", "changed", "withdrawn", "re-permission", "imported", "erased")
GIVEN = ("confirmed", "imported")  # the events that make an agreement
SPOKEN = (*GIVEN, "withdrawn")  # the events that say what a person agrees to; the newest of a purpose counts

NOTHING_BEFORE = "0" * 64  # stands for the hash before a site's first event

_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=True).encode


def canonical(value: Any) -> str:
    """The one way to write a value down as JSON (RFC 8785): keys sorted, no spaces, nothing escaped that need not be.

    For what the ledger holds: objects, lists, texts, whole numbers, true, false and null. Half a surrogate pair, which
    no text in UTF-8 can have, becomes a question mark. Raises TypeError or ValueError for anything else.
    """
    return _encode(value).encode("utf-8", "replace").decode()


def moment(at: datetime) -> str:
    """A moment as the ledger writes it: ISO 8601 in UTC with microseconds and a trailing Z."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")[:26] + "Z"


def moment_of(text: str) -> datetime:
    """The moment that `moment` wrote. Raises ValueError."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)


def digest(*texts: str) -> str:
    """SHA-256 (FIPS 180-4) over the texts one after the other, in hexadecimal digits."""
    return hashlib.sha256("".join(texts).encode()).hexdigest()


def leaf(
    *,
    site: str,
    seq: int,
    at: str,
    event: str,
    subject: str,
    submission: str,
    purpose: str,
    version: str,
    body_hash: str,
    trace_hash: str,
) -> str:
    """The hash of what one event says, by the hashes of its body and its trace: it stays the same when those are
    erased. Raises TypeError for what is no text."""
    # The canonical form, written out: this is done for every row there is.
    return digest(
        f'{{"at":{_quoted(at)},"body_hash":{_quoted(body_hash)},"event":{_quoted(event)},"purpose":{_quoted(purpose)},'
        f'"seq":{seq},"site":{_quoted(site)},"subject":{_quoted(subject)},"submission":{_quoted(submission)},'
        f'"trace_hash":{_quoted(trace_hash)},"version":{_quoted(version)}}}'
    )


def checkpoint_text(*, site: str, seq: int, hash: str, at: str) -> str:
    """What a checkpoint's signature is over."""
    return canonical({"site": site, "seq": seq, "hash": hash, "at": at})


def trace_of(ip: str | None, user_agent: str) -> Mapping[str, str | None] | None:
    """What an event keeps of who asked for it; None when nothing is known of them."""
    return {"ip": ip, "user_agent": user_agent} if ip or user_agent else None
