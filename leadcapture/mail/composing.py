"""A mail as it goes over the wire (RFC 5322, 2045 to 2047, 2231, 6532): written by hand, for the standard library takes
fifteen times as long, and the mails of this outbox are of one shape.
"""

from __future__ import annotations

import binascii
import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from email.utils import format_datetime
from typing import Protocol
from urllib.parse import quote

from leadcapture.mail import rules

LINE = 76  # where lines are folded
LONGEST = 900  # lines of a body that may stay as they are; RFC 5321 promises 998

_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*")  # what may stand in a name without quotes
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.\u0080-\U0010ffff-]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_LINE_ENDS = re.compile(r"\r\n|\r|\n")
_NOT_PLAIN = re.compile(r"[^\t\r\n\x20-\x7e]")


class Mail(Protocol):
    """What a mail is made of."""

    @property
    def from_email(self) -> str: ...
    @property
    def from_name(self) -> str: ...
    @property
    def to_email(self) -> str: ...
    @property
    def to_name(self) -> str: ...
    @property
    def reply_to(self) -> str | None: ...
    @property
    def subject(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def html(self) -> str: ...
    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def message_id(self) -> str: ...
    @property
    def attachments(self) -> Sequence[Mapping[str, str]] | None: ...


def compose(mail: Mail, at: datetime) -> bytes:
    """The mail with CRLF line ends, 7-bit but for addresses that ask for SMTPUTF8. Raises ValueError for headers that
    cannot be written.
    """
    headers = [f"{name}: {value}" for name, value in mail.headers.items()]
    headers += [f"From: {_mailbox(mail.from_name, mail.from_email)}", f"To: {_mailbox(mail.to_name, mail.to_email)}"]
    if mail.reply_to and not rules.needs_smtputf8(mail.reply_to):
        headers.append(f"Reply-To: {_mailbox('', mail.reply_to)}")
    headers += [
        f"Subject: {_words(mail.subject, len('Subject: '))}",
        f"Date: {format_datetime(at)}",
        f"Message-ID: {mail.message_id}",
        "MIME-Version: 1.0",
    ]
    for header in headers:
        if _CONTROL.search(header.replace("\r\n ", " ")):
            raise ValueError("a header has control characters")
    both = _multipart("alternative", [_text("plain", mail.text), _text("html", mail.html)])
    if mail.attachments:
        both = _multipart("mixed", [both, *map(_attached, mail.attachments)])
    wide = rules.needs_smtputf8(mail.from_email, mail.to_email)
    return "\r\n".join(headers).encode("utf-8" if wide else "ascii") + b"\r\n" + both


def _multipart(subtype: str, parts: Iterable[bytes]) -> bytes:
    # "=_" stands in no quoted-printable or base64 text; in what is neither, nobody can foresee the rest.
    boundary = f"=_{secrets.token_hex(12)}"
    between = f"--{boundary}\r\n".encode()
    head = f'Content-Type: multipart/{subtype}; boundary="{boundary}"\r\n\r\n'.encode()
    return head + b"".join(between + part + b"\r\n" for part in parts) + f"--{boundary}--\r\n".encode()


def _text(subtype: str, text: str) -> bytes:
    lines = _LINE_ENDS.split(text)
    whole = "\r\n".join(lines)
    if not _NOT_PLAIN.search(whole) and max(map(len, lines)) <= LONGEST:
        encoding, body = "7bit", whole.encode("ascii")
    else:
        raw = whole.encode()
        # Quoted-printable stays readable; of a text that has few Latin letters base64 is shorter.
        foreign = len(raw) - len(raw.translate(None, bytes(range(0x80, 0x100))))
        if foreign * 6 <= len(raw):
            encoding, body = "quoted-printable", _quoted_printable(raw)
        else:
            encoding, body = "base64", _base64(raw)
    charset = "us-ascii" if encoding == "7bit" else "utf-8"
    return (
        f"Content-Type: text/{subtype}; charset={charset}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n".encode()
        + body
    )


def _attached(attachment: Mapping[str, str]) -> bytes:
    kind, _separator, rest = attachment["content_type"].partition(";")
    given = dict(part.strip().split("=", 1) for part in rest.split(";") if "=" in part)
    parameters = "".join(f"; {name}={value}" for name, value in {"charset": "utf-8", **given}.items())
    # As bytes, so that the line ends stay as they are: a calendar's are CRLF everywhere.
    return (
        f"Content-Type: {kind.strip()}{parameters}\r\nContent-Transfer-Encoding: base64\r\n"
        f"Content-Disposition: attachment; {_filename(attachment['filename'])}\r\n\r\n"
    ).encode("ascii") + _base64(attachment["content"].encode())


def _filename(name: str) -> str:
    if name.isascii() and not _CONTROL.search(name):
        return f'filename="{_escaped(name)}"'
    return f"filename*=utf-8''{quote(name, safe='')}"  # RFC 2231


def _quoted_printable(raw: bytes) -> bytes:
    return binascii.b2a_qp(raw, istext=True)


def _base64(raw: bytes) -> bytes:
    encoded = binascii.b2a_base64(raw, newline=False)
    return b"\r\n".join(encoded[at : at + LINE] for at in range(0, len(encoded), LINE))


def _mailbox(name: str, address: str) -> str:
    local, _, domain = rules.ascii_address(address).rpartition("@")
    if not _LOCAL.fullmatch(local) or local.startswith(".") or local.endswith(".") or ".." in local:
        local = f'"{_escaped(local)}"'
    bare = f"{local}@{domain}"
    if not name:
        return bare
    if not name.isascii() or "=?" in name:
        shown = _encoded_words(name, len("Reply-To: "))
    elif _ATOMS.fullmatch(name) and name == " ".join(name.split()):
        shown = name
    else:
        shown = f'"{_escaped(name)}"'
    # A line of its own where both would not fit on one.
    return f"{shown}{' ' if len(shown) + len(bare) < LINE - 12 else _FOLD}<{bare}>"


_FOLD = "\r\n "


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _words(text: str, used: int) -> str:
    """Free text of a header whose line has so many characters already."""
    if not text.isascii() or "=?" in text or text != " ".join(text.split()) or _CONTROL.search(text):
        return _encoded_words(text, used)
    lines, line = [], " " * used
    for word in text.split(" "):
        if len(line) + 1 + len(word) > LINE and line.strip():
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line.strip() else f"{line}{word}"
    lines.append(line)
    return _FOLD.join(lines)[used:]


def _encoded_words(text: str, used: int) -> str:
    """RFC 2047: words of at most 75 characters, none of which ends in the middle of a letter."""
    words, piece, room = [], b"", 45 - used * 3 // 4
    for letter in text:
        encoded = letter.encode()
        if piece and len(piece) + len(encoded) > room:
            words.append(piece)
            piece, room = b"", 45
        piece += encoded
    words.append(piece)
    return _FOLD.join(f"=?utf-8?b?{binascii.b2a_base64(word, newline=False).decode()}?=" for word in words)
