"""The keys of the ledger, made from the service's secret keys: the newest signs, every one is known when verifying."""

from __future__ import annotations

import hmac
from functools import cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from leadcapture import signing
from leadcapture.consent import rules

_HEAD = "leadcapture ledger head"


def sign(text: str) -> tuple[str, str]:
    """The public key that signs now and its signature over the text (Ed25519, RFC 8032), in hexadecimal digits."""
    key = _signer(signing.seeds("leadcapture ledger")[0])
    return _public(key), key.sign(text.encode()).hex()


def public_keys() -> list[str]:
    """The public keys whose signatures are ours, the one that signs now first."""
    return [_public(_signer(seed)) for seed in signing.seeds("leadcapture ledger")]


def signed(public_key: str, text: str, signature: str) -> bool:
    """Whether that public key is one of ours and the signature is its over the text, both written as we write them."""
    for seed in signing.seeds("leadcapture ledger"):
        key = _signer(seed)
        if _public(key) == public_key:
            try:
                raw = bytes.fromhex(signature)
                key.public_key().verify(raw, text.encode())
            except (ValueError, InvalidSignature):
                return False
            return raw.hex() == signature
    return False


def seal(*, site: str, seq: int, hash: str, checkpoints: int) -> str:
    """The keyed hash of a ledger's head (HMAC-SHA256, RFC 2104) under the newest key."""
    return _seal(signing.seeds(_HEAD)[0], site, seq, hash, checkpoints)


def sealed(stored: str, *, site: str, seq: int, hash: str, checkpoints: int) -> bool:
    """Whether it is the head's seal under any of our keys."""
    written = stored.encode(errors="replace")
    known = (_seal(seed, site, seq, hash, checkpoints) for seed in signing.seeds(_HEAD))
    return any(hmac.compare_digest(one.encode(), written) for one in known)


def _seal(seed: bytes, site: str, seq: int, hash: str, checkpoints: int) -> str:
    text = rules.canonical({"site": site, "seq": seq, "hash": hash, "checkpoints": checkpoints})
    return hmac.digest(seed, text.encode(), "sha256").hex()


@cache
def _signer(seed: bytes) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(seed)


def _public(key: Ed25519PrivateKey) -> str:
    return key.public_key().public_bytes_raw().hex()
