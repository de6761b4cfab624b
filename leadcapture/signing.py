"""Signed tokens, one salt a purpose, so that a token of one kind is worthless as another.

A token carries the id of a row; whether it may still be used is decided by that row, never by the signature alone.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Sequence
from functools import cache

from itsdangerous import BadSignature, URLSafeSerializer
from itsdangerous.encoding import base64_encode

from leadcapture.errors import BadToken
from leadcapture.i18n import gettext as _

_keys: list[str] = []

PURPOSES = frozenset(
    {
        "confirm",
        "unsubscribe",
        "preferences",
        "mail",
        "visitor",
        "first",
        "submission",
        "setup",
        "invitation",
        "recipient",
        "sign-in",
        "form",
        "preview",
        "download",
        "file",
        "entry",
        "review",
        "member",
        "order",
        "seat",
        "permission",
        "address-change",
        "proof",
        "erase",
        "import-report",
        "opened",
        "doctor",
    }
)


def configure(keys: Sequence[str]) -> None:
    """Take the secret keys, newest first: the first signs, every one verifies."""
    _keys[:] = keys
    _serializer.cache_clear()
    seeds.cache_clear()


def sign(purpose: str, value: str) -> str:
    """A URL-safe token that carries `value` for one purpose (one of PURPOSES)."""
    _reads, key = _serializer(purpose)
    payload = base64_encode(json.dumps(value, ensure_ascii=False))
    return b".".join((payload, base64_encode(hmac.digest(key, payload, "sha256")))).decode()


def verify(purpose: str, token: str) -> str:
    """The value a token of that purpose carries. Raises BadToken for anything we did not sign."""
    try:
        value = _serializer(purpose)[0].loads(token)
    except BadSignature as error:
        raise BadToken(_("This link is not valid.")) from error
    if not isinstance(value, str):
        raise BadToken(_("This link is not valid."))
    return value


def digest(purpose: str, value: str) -> str:
    """A keyed hash (HMAC-SHA256, hex) under the newest key, to store what a person must type but nobody may read."""
    return hmac.new(_current().encode(), f"{purpose}\0{value}".encode(), hashlib.sha256).hexdigest()


def digests(purpose: str, value: str) -> list[str]:
    """The digest of `value` under each of the keys, the newest first: to look for one that was stored under any."""
    _current()
    return [hmac.new(key.encode(), f"{purpose}\0{value}".encode(), hashlib.sha256).hexdigest() for key in _keys]


def digest_matches(purpose: str, value: str, stored: str) -> bool:
    """Whether `stored` is the digest of `value` under any of the keys; in constant time for each."""
    return any(hmac.compare_digest(one, stored) for one in digests(purpose, value))


@cache
def seeds(label: str) -> Sequence[bytes]:
    """32 bytes for that use (HMAC-SHA256 over the label) of each secret key, the newest first."""
    _current()
    return tuple(hmac.digest(key.encode(), label.encode(), "sha256") for key in _keys)


def _current() -> str:
    if not _keys:
        raise RuntimeError("signing.configure was not called")
    return _keys[0]


@cache
def _serializer(purpose: str) -> tuple[URLSafeSerializer, bytes]:
    """What reads the tokens of a purpose, and the key by which it would sign them: made once, for that takes longer
    than a signature."""
    if purpose not in PURPOSES:
        raise ValueError(f"unknown purpose {purpose!r}")
    _current()
    # itsdangerous signs with the last of a list and verifies with all of them.
    serializer = URLSafeSerializer(
        list(reversed(_keys)), salt=f"leadcapture.{purpose}", signer_kwargs={"digest_method": hashlib.sha256}
    )
    return serializer, serializer.make_signer(serializer.salt).derive_key()
