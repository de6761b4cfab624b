"""DKIM signatures (RFC 6376, ed25519 by RFC 8463), relaxed/relaxed.

The keys lie in `instance/dkim/DOMAIN.SELECTOR.pem`; a mail whose sender's domain has keys is signed with each of them:
with ed25519, which is short and quick, and with RSA, which every receiver can verify.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import logging
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import idna
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

from leadcapture.errors import Conflict, Invalid
from leadcapture.settings import Settings

log = logging.getLogger("leadcapture.mail")

RSA_BITS = 2048

# Each is signed once more than it stands there, so that nobody can add another (RFC 6376, 8.15). RFC 8058 asks for the
# two of unsubscribing.
SIGNED = (
    "from",
    "to",
    "reply-to",
    "subject",
    "date",
    "message-id",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
    "list-unsubscribe",
    "list-unsubscribe-post",
)

_DOMAIN = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_SELECTOR = re.compile(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?")


@dataclass(frozen=True)
class Key:
    """A private key of a domain, and where its public half is published."""

    domain: str
    selector: str
    private: Ed25519PrivateKey | RSAPrivateKey

    @property
    def algorithm(self) -> str:
        """As DNS records name it: ed25519 or rsa."""
        return "ed25519" if isinstance(self.private, Ed25519PrivateKey) else "rsa"

    @property
    def record_name(self) -> str:
        """The name of the TXT record."""
        return f"{self.selector}._domainkey.{self.domain}"

    @property
    def record_value(self) -> str:
        """What the TXT record says (RFC 6376, 3.6.1; RFC 8463, 4.2)."""
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        encoding = serialization.Encoding.DER
        if isinstance(self.private, Ed25519PrivateKey):
            form, encoding = serialization.PublicFormat.Raw, serialization.Encoding.Raw
        public = base64.b64encode(self.private.public_key().public_bytes(encoding, form)).decode()
        return f"v=DKIM1; k={self.algorithm}; p={public}"

    def sign(self, text: bytes) -> bytes:
        """The signature of these bytes."""
        if isinstance(self.private, Ed25519PrivateKey):
            return self.private.sign(hashlib.sha256(text).digest())  # RFC 8463, 3: of the hash
        return self.private.sign(text, padding.PKCS1v15(), hashes.SHA256())


_folder: Path | None = None
_known: tuple[int, dict[str, tuple[Key, ...]]] = (-1, {})


def configure(settings: Settings) -> None:
    """Take the keys of this instance folder."""
    global _folder, _known
    _folder, _known = settings.instance / "dkim", (-1, {})


def keys_of(domain: str) -> tuple[Key, ...]:
    """The keys of a domain in its ASCII form; none where it has none. Keys that came or went hold at once."""
    global _known
    if _folder is None:
        return ()
    try:
        changed = _folder.stat().st_mtime_ns
    except FileNotFoundError:
        return ()
    if _known[0] != changed:
        _known = (changed, load(_folder))
    return _known[1].get(domain.lower(), ())


def load(folder: Path) -> dict[str, tuple[Key, ...]]:
    """Every domain's keys, by selector. A file that holds no key of ours is told in the log and left out."""
    found: dict[str, tuple[Key, ...]] = {}
    for file in sorted(folder.glob("*.pem")):
        domain, _, selector = file.stem.rpartition(".")
        try:
            private = serialization.load_pem_private_key(file.read_bytes(), password=None)
        except (ValueError, TypeError, OSError, UnsupportedAlgorithm) as error:
            log.warning("the DKIM key %s cannot be read: %s", file.name, error)
            continue
        if not isinstance(private, Ed25519PrivateKey | RSAPrivateKey) or not domain:
            log.warning("%s is no DKIM key: neither ed25519 nor RSA, or not called DOMAIN.SELECTOR.pem", file.name)
            continue
        found[domain] = (*found.get(domain, ()), Key(domain, selector, private))
    return found


def add(folder: Path, domain: str, selector: str) -> list[Key]:
    """Make an ed25519 and an RSA key for the domain, readable by us alone; nothing that is there is overwritten.

    Raises Invalid for a domain or selector that is none, Conflict where the selector has a key already.
    """
    domain = domain_name(domain)
    if not _SELECTOR.fullmatch(selector):
        raise Invalid("A selector has letters from a to z, digits and hyphens.")
    made = [
        Key(domain, f"{selector}-ed25519", Ed25519PrivateKey.generate()),
        Key(domain, f"{selector}-rsa", generate_private_key(public_exponent=65537, key_size=RSA_BITS)),
    ]
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    there = [key.selector for key in made if _file(folder, key).exists()]
    if there:
        raise Conflict(
            f"{domain} has a key {there[0]} already: `leadcapture dkim show {domain}` prints its record, and "
            "--selector WORD makes other keys beside it."
        )
    for key in made:
        _write(_file(folder, key), key)
    return made


def domain_name(text: str) -> str:
    """A domain as keys and DNS know it: ASCII, lower case. Raises Invalid."""
    try:
        domain = idna.encode(text.strip().rstrip("."), uts46=True).decode().lower()
    except idna.IDNAError:
        domain = ""
    if not _DOMAIN.fullmatch(domain):
        raise Invalid(f"{text!r} is no domain: write it like shop.example.org.")
    return domain


def sign(content: bytes, keys: Sequence[Key], at: datetime) -> bytes:
    """The mail with a signature of each key above it; `content` has CRLF line ends."""
    if not keys:
        return content
    head, _, body = content.partition(b"\r\n\r\n")
    signed = _signed_headers(head)
    names = ":".join(name for name, _ in signed)
    covered = b"".join(line for _, line in signed)
    body_hash = base64.b64encode(hashlib.sha256(relaxed_body(body)).digest()).decode()
    signatures = [_signature(key, covered, names, body_hash, int(at.timestamp())) for key in keys]
    return b"".join(signatures) + content


def relaxed_body(body: bytes) -> bytes:
    """RFC 6376, 3.4.4: blanks within lines are one, those at their ends and the empty lines at the end are nothing."""
    body = _one_blank(body).replace(b" \r\n", b"\r\n").removesuffix(b" ").rstrip(b"\r\n")
    return body + b"\r\n" if body else b""


def relaxed_header(line: bytes) -> bytes:
    """RFC 6376, 3.4.2, of one header with or without its folds, ending in CRLF."""
    name, _, value = line.partition(b":")
    value = _one_blank(value.replace(b"\r\n", b"")).strip(b" ")
    return name.strip(b" \t").lower() + b":" + value + b"\r\n"


def _one_blank(text: bytes) -> bytes:
    """Every run of spaces and tabs as one space; several times as fast as by a pattern."""
    text = text.replace(b"\t", b" ")
    while b"  " in text:
        text = text.replace(b"  ", b" ")
    return text


def _signed_headers(head: bytes) -> list[tuple[str, bytes]]:
    """The headers to sign in their order: name, and the line as it is hashed, which is empty where there is no more."""
    there: dict[str, list[bytes]] = {}
    for line in re.split(rb"\r\n(?![ \t])", head):
        relaxed = relaxed_header(line)
        there.setdefault(relaxed.partition(b":")[0].decode("ascii", "replace"), []).append(relaxed)
    # Of several with one name, the last comes first.
    return [(name, line) for name in SIGNED for line in [*reversed(there.get(name, [])), b""]]


def _signature(key: Key, covered: bytes, names: str, body_hash: str, at: int) -> bytes:
    header = (
        f"DKIM-Signature: v=1; a={key.algorithm}-sha256; c=relaxed/relaxed;\r\n"
        f"\td={key.domain}; s={key.selector}; t={at};\r\n\th={_folded(names, ':')};\r\n\tbh={body_hash};\r\n\tb="
    )
    # The signature covers its own header with nothing after b=, and without the line's end.
    signature = key.sign(covered + relaxed_header(header.encode()).removesuffix(b"\r\n"))
    return f"{header}{_folded(base64.b64encode(signature).decode(), '')}\r\n".encode()


def _folded(text: str, after: str) -> str:
    """The text over several lines, broken at a separator where there is one."""
    lines, rest = [], text
    while len(rest) > 72:
        at = rest.rfind(after, 0, 72) + len(after) if after else 72
        lines.append(rest[:at])
        rest = rest[at:]
    return "\r\n\t".join([*lines, rest])


def _file(folder: Path, key: Key) -> Path:
    return folder / f"{key.domain}.{key.selector}.pem"


def _write(path: Path, key: Key) -> None:
    pem = key.private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    half = path.with_suffix(".new")
    with contextlib.suppress(FileNotFoundError):
        half.unlink()
    with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(pem)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(half, path)  # never over one that is there, and never half of one
    except FileExistsError as error:
        raise Conflict(f"{path.name} is there already.") from error
    finally:
        half.unlink()
