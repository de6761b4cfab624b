"""What we sign, another's program verifies; what was changed on the way it does not."""

from __future__ import annotations

import base64
import re
import stat
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import dkim as dkimpy
import pytest
from click.testing import CliRunner
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from dkim.canonicalization import Relaxed
from hypothesis import given, settings
from hypothesis import strategies as st

from leadcapture.errors import Conflict, Invalid
from leadcapture.mail import commands, composing, delivery, dkim
from leadcapture.settings import Settings
from tests.mail.conftest import Queue, stored
from tests.mail.post_office import PostOffice
from tests.mail.test_composing import Mail


class _VerifyKey:
    """For dkimpy, which asks PyNaCl: the same by `cryptography`."""

    def __init__(self, key: bytes, encoder: object) -> None:
        self._key = Ed25519PublicKey.from_public_bytes(base64.b64decode(key))

    def verify(self, text: bytes, signature: bytes) -> None:
        self._key.verify(signature, text)


dkimpy.nacl = SimpleNamespace(
    signing=SimpleNamespace(VerifyKey=_VerifyKey),
    encoding=SimpleNamespace(Base64Encoder=None),
    exceptions=SimpleNamespace(BadSignatureError=InvalidSignature, ValueError=ValueError),
)

AT = datetime(2026, 3, 4, 10, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the keys of shop.example.org; making an RSA key takes its time."""
    folder = tmp_path_factory.mktemp("instance") / "dkim"
    dkim.add(folder, "shop.example.org", "leadcapture")
    return folder


@pytest.fixture(scope="module")
def keys(folder: Path) -> tuple[dkim.Key, ...]:
    return dkim.load(folder)["shop.example.org"]


@pytest.fixture
def _configured(folder: Path) -> Iterator[None]:
    dkim.configure(SimpleNamespace(instance=folder.parent))  # type: ignore[arg-type]
    yield
    dkim.configure(SimpleNamespace(instance=Path("/nowhere")))  # type: ignore[arg-type]


def dns(keys: tuple[dkim.Key, ...]) -> Callable[..., bytes | None]:
    """What the DNS says once the records are published."""
    records = {f"{key.record_name}.".encode(): key.record_value.encode() for key in keys}
    return lambda name, timeout=5: records.get(name)


def verdicts(content: bytes, keys: tuple[dkim.Key, ...]) -> list[bool]:
    """Of each signature in the mail, from the top, whether dkimpy finds it good."""
    count = len(re.findall(rb"^DKIM-Signature:", content, re.MULTILINE))
    found = []
    for number in range(count):
        try:
            found.append(dkimpy.DKIM(content).verify(idx=number, dnsfunc=dns(keys)))
        except dkimpy.ValidationError:
            found.append(False)
    return found


def signed(keys: tuple[dkim.Key, ...], **fields: object) -> bytes:
    unsubscribe = {
        "List-Unsubscribe": f"<https://chat.example.org/unsubscribe/{'x' * 150}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    return dkim.sign(composing.compose(Mail(headers=unsubscribe, **fields), AT), keys, AT)  # type: ignore[arg-type]


def test_both_signatures_verify(keys: tuple[dkim.Key, ...]) -> None:
    content = signed(keys, subject="Bestätigung – أكّد عنوانك " * 6, reply_to="alice@example.org")
    assert verdicts(content, keys) == [True, True]
    assert {key.algorithm for key in keys} == {"ed25519", "rsa"}
    assert max(map(len, content.split(b"\r\n"))) <= 998


@settings(max_examples=30, deadline=None)
@given(
    text=st.text(st.sampled_from(" \t\nab=.–م"), max_size=200),
    subject=st.text(st.sampled_from("  abé"), max_size=90).map(lambda text: " ".join(text.split())),
)
def test_whatever_the_mail_says_its_signature_verifies(keys: tuple[dkim.Key, ...], text: str, subject: str) -> None:
    short = tuple(key for key in keys if key.algorithm == "ed25519")
    assert verdicts(signed(short, text=text, html=text, subject=subject), keys) == [True]


@settings(max_examples=60, deadline=None)
@given(body=st.lists(st.sampled_from([b" ", b"\t", b"\r\n", b"a", b"bc", b"."]), max_size=30).map(b"".join))
def test_bodies_are_canonical_as_others_have_them(body: bytes) -> None:
    # dkimpy takes an empty body for one empty line where a blank was in it; RFC 6376, 3.4.4, has it empty.
    theirs = Relaxed.canonicalize_body(body + b"\r\n")
    assert dkim.relaxed_body(body + b"\r\n") == (theirs if theirs.strip() else b"")


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        (b"<p>Hello</p>", b"<p>Hullo</p>"),
        (b"Subject: Please confirm", b"Subject: Please pay"),
        (b"From: Demo shop", b"From: Another shop"),
        (b"\r\nTo: ", b"\r\nFrom: charlie@example.net\r\nTo: "),
        (b"\r\nTo: ", b"\r\nReply-To: charlie@example.net\r\nTo: "),
        (b"List-Unsubscribe=One-Click", b"List-Unsubscribe=Two-Clicks"),
    ],
)
def test_a_mail_that_was_changed_on_the_way_does_not_verify(
    keys: tuple[dkim.Key, ...], was: bytes, becomes: bytes
) -> None:
    content = signed(keys)
    assert verdicts(content, keys) == [True, True]
    changed = content.replace(was, becomes, 1)
    assert changed != content
    assert verdicts(changed, keys) == [False, False]


def test_blanks_that_servers_add_do_no_harm(keys: tuple[dkim.Key, ...]) -> None:
    content = signed(keys).replace(b"Hello\r\n", b"Hello  \t\r\n", 1).replace(b"Subject: Please", b"Subject:  Please")
    assert verdicts(content + b"\r\n\r\n", keys) == [True, True]


def test_the_key_of_rfc_8463_signs_as_it_says() -> None:
    """RFC 8463, appendix A: the private key, the public record, and the example's own signature of its headers."""
    private = base64.b64decode("nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=")
    key = dkim.Key("football.example.com", "brisbane", Ed25519PrivateKey.from_private_bytes(private))
    assert key.record_name == "brisbane._domainkey.football.example.com"
    assert key.record_value == "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
    body = b"Hi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n"
    content = (
        b"From: Joe SixPack <joe@football.example.com>\r\nTo: Suzie Q <suzie@shopping.example.net>\r\n"
        b"Subject: Is dinner ready?\r\nDate: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n"
        b"Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n\r\n"
    ) + body
    result = dkim.sign(content, [key], AT)
    assert b"bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=" in result  # the RFC's
    assert verdicts(result, (key,)) == [True]


@pytest.mark.usefixtures("_configured")
def test_a_mail_leaves_signed_when_its_senders_domain_has_keys_and_unsigned_when_not(
    people: SimpleNamespace, office: PostOffice, queue: Queue, keys: tuple[dkim.Key, ...], now: datetime
) -> None:
    ours, other = queue(), queue("erin@example.org", site=people.other_site)
    delivery.deliver_due(now)
    assert {stored(email).status for email in (ours, other)} == {"sent"}
    by_receiver = {mail["X-Envelope-To"]: raw for mail, raw in zip(office.taken, office.raw, strict=True)}
    assert verdicts(by_receiver["bob@example.org"], keys) == [True, True]
    assert b"DKIM-Signature" not in by_receiver["erin@example.org"]


def test_keys_hold_as_soon_as_they_are_there(
    tmp_path: Path, settings: Settings, keys: tuple[dkim.Key, ...], folder: Path
) -> None:
    dkim.configure(settings)
    assert dkim.keys_of("shop.example.org") == ()
    there = settings.instance / "dkim"
    there.mkdir()
    assert dkim.keys_of("shop.example.org") == ()
    for file in folder.iterdir():
        (there / file.name).write_bytes(file.read_bytes())
    assert [key.selector for key in dkim.keys_of("Shop.example.org")] == [key.selector for key in keys]
    assert dkim.keys_of("example.org") == ()


def test_a_file_that_is_no_key_is_left_out_and_told(
    tmp_path: Path, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "shop.example.org.broken.pem").write_text("nothing")
    good = next(folder.glob("*ed25519.pem"))
    (tmp_path / good.name).write_bytes(good.read_bytes())
    assert len(dkim.load(tmp_path)["shop.example.org"]) == 1
    assert "shop.example.org.broken.pem" in caplog.text


def test_keys_are_for_us_alone_and_never_overwritten(folder: Path) -> None:
    files = {file: file.read_bytes() for file in folder.glob("*.pem")}
    assert len(files) == 2
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    with pytest.raises(Conflict, match="already"):
        dkim.add(folder, "SHOP.example.org.", "leadcapture")
    assert {file: file.read_bytes() for file in folder.iterdir()} == files


@pytest.mark.parametrize("domain", ["", "example", "../../etc.example.org", "a b.example.org", "-a.example.org"])
def test_what_is_no_domain_gets_no_key(folder: Path, domain: str) -> None:
    before = sorted(folder.iterdir())
    with pytest.raises(Invalid):
        dkim.add(folder, domain, "leadcapture")
    with pytest.raises(Invalid):
        dkim.add(folder, "example.org", "../x")
    assert sorted(folder.iterdir()) == before


def test_the_command_prints_records_that_put_together_are_the_public_keys(
    folder: Path, keys: tuple[dkim.Key, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEADCAPTURE_INSTANCE", str(folder.parent))
    shown = CliRunner().invoke(commands.dkim, ["show", "shop.example.org"]).stdout.splitlines()
    for line, key in zip(shown, keys, strict=True):
        name, _, strings = line.partition(" IN TXT ")
        assert name == f"{key.record_name}."
        pieces = re.findall('"([^"]*)"', strings)
        assert "".join(pieces) == key.record_value
        assert max(map(len, pieces)) <= 255
    assert isinstance(CliRunner().invoke(commands.dkim, ["add", "shop.example.org"]).exception, Conflict)
