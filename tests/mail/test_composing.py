"""A mail that we write is the mail that a standard parser reads, whatever is in it."""

from __future__ import annotations

import email
import email.policy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import parseaddr
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadcapture.mail import composing, rules

AT = datetime(2026, 3, 4, 10, 30, tzinfo=UTC)


@dataclass
class Mail:
    from_email: str = "hello@shop.example.org"
    from_name: str = "Demo shop"
    to_email: str = "bob@example.org"
    to_name: str = ""
    reply_to: str | None = None
    subject: str = "Please confirm"
    text: str = "Hello\n"
    html: str = "<p>Hello</p>\n"
    headers: dict[str, str] = field(default_factory=dict)
    message_id: str = "<abc@shop.example.org>"
    attachments: list[dict[str, str]] | None = None


def read(mail: Mail) -> EmailMessage:
    raw = composing.compose(mail, AT)
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    assert not message.defects
    for part in message.walk():
        assert not part.defects
    return message


def body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def mailbox(message: EmailMessage, header: str) -> tuple[str, str]:
    """Name and address in that header. Not by the newer parser, which puts blanks between the words of a long name."""
    (raw,) = (value for name, value in message.raw_items() if name == header)
    name, address = parseaddr(str(raw).replace("\r\n", ""))
    return str(make_header(decode_header(name))), address


words = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=120)
anything = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\x00"), max_size=400)


@settings(max_examples=40, deadline=None)
@given(name=words, subject=words, text=anything, html=anything)
def test_what_a_person_reads_is_what_was_written(name: str, subject: str, text: str, html: str) -> None:
    name, subject = rules.one_line(name, 120), rules.one_line(subject, 200)
    message = read(Mail(from_name=name, to_name=name, subject=subject, text=text, html=html))
    assert str(message["Subject"]) == subject
    assert mailbox(message, "From") == (name, "hello@shop.example.org")
    assert mailbox(message, "To") == (name, "bob@example.org")
    assert body(message, "plain").removesuffix("\n") == text.removesuffix("\n")
    assert body(message, "html").removesuffix("\n") == html.removesuffix("\n")


@pytest.mark.parametrize(
    "name",
    [
        "Shop, Inc. (new)",
        'The "best" \\ shop',
        "=?utf-8?q?no?=",
        "Größe & Söhne",
        "متجر العرض",
        "a@b.example",
        "x" * 120,
    ],
)
def test_no_name_breaks_out_of_its_header(name: str) -> None:
    assert mailbox(read(Mail(from_name=name)), "From") == (name, "hello@shop.example.org")


def test_a_subject_of_any_length_keeps_its_letters_whole() -> None:
    subject = "🎉 Bestätigung – أكّد عنوانك " * 7
    assert str(read(Mail(subject=subject.strip()))["Subject"]) == subject.strip()


@pytest.mark.parametrize("field_name", ["subject", "from_name", "to_name", "message_id"])
@pytest.mark.parametrize("evil", ["a\r\nBcc: charlie@example.net", "a\nb", "a\x00b"])
def test_a_line_end_in_a_header_is_refused_or_made_harmless(field_name: str, evil: str) -> None:
    try:
        message = read(Mail(**{field_name: evil}))
    except ValueError:
        return
    assert message["Bcc"] is None


@pytest.mark.parametrize("address", ["bob@example.org\r\nRCPT TO:<charlie@example.net>", "bob\x00@example.org"])
def test_a_line_end_in_an_address_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match=r"control characters|odepoint|not allowed"):
        composing.compose(Mail(to_email=address), AT)


def test_addresses_outside_ascii_are_written_as_servers_take_them() -> None:
    message = read(Mail(to_email="bob@exämple.org", reply_to="alice@exämple.org"))
    assert message["To"].addresses[0].domain == "xn--exmple-cua.org"
    assert message["Reply-To"] == "alice@xn--exmple-cua.org"
    raw = composing.compose(Mail(to_email="bób@example.org", reply_to="álice@example.org"), AT)
    assert "To: bób@example.org\r\n".encode() in raw
    assert b"Reply-To" not in raw


def test_the_links_of_unsubscribing_stand_as_they_are() -> None:
    link = f"<https://chat.example.org/unsubscribe/{'x' * 400}>"
    raw = composing.compose(Mail(headers={"List-Unsubscribe": link}), AT)
    assert f"List-Unsubscribe: {link}\r\n".encode() in raw


def test_an_attachment_with_any_name_arrives_byte_for_byte() -> None:
    calendar = "BEGIN:VCALENDAR\r\nSUMMARY:Café – ورشة\r\nEND:VCALENDAR\r\n" * 30
    given: list[dict[str, Any]] = [
        {"filename": name, "content_type": "text/calendar; method=REQUEST", "content": calendar}
        for name in ("invitation.ics", "Einladung für ورشة.ics")
    ]
    parts = list(read(Mail(attachments=given)).iter_attachments())
    assert [part.get_filename() for part in parts] == ["invitation.ics", "Einladung für ورشة.ics"]
    for part in parts:
        assert part.get_content_type() == "text/calendar"
        assert part["Content-Type"].params["method"] == "REQUEST"
        assert part.get_payload(decode=True) == calendar.encode()
