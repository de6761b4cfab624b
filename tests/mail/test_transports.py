"""How we get to the mail server: encryption, certificates, passwords, and a URL that says it all."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from leadcapture.errors import BadSetting
from leadcapture.mail import delivery, transports
from leadcapture.mail.transports import Server
from tests.mail.conftest import Queue, stored
from tests.mail.post_office import PostOffice, password_check, server_context

PASSWORD = "p@ss/wörd: 100%"
IN_A_URL = "p%40ss%2Fw%C3%B6rd%3A%20100%25"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A PEM file with a key and a certificate for 127.0.0.1 that nobody but these tests trusts."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "post office of the tests")])
    today = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + signed.public_bytes(serialization.Encoding.PEM))
    return file


@pytest.fixture
def trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    return str(certificate)


@pytest.fixture(autouse=True)
def _no_server_after() -> Iterator[None]:
    yield
    transports.configure(smtp_url=None, public_url="http://127.0.0.1:8000")


def deliver(url: str, now: datetime) -> None:
    transports.configure(smtp_url=url, public_url="https://chat.example.org")
    delivery.deliver_due(now)


def test_starttls_with_a_password_delivers(people: SimpleNamespace, queue: Queue, now: datetime, trusted: str) -> None:
    email = queue()
    check = password_check("shop@example.org", PASSWORD)
    office = PostOffice(
        tls_context=server_context(trusted), require_starttls=True, authenticator=check, auth_required=True
    )
    with office:
        deliver(f"smtp://shop%40example.org:{IN_A_URL}@127.0.0.1:{office.port}?tls=starttls", now)
        assert stored(email).status == "sent"
        assert len(office.taken) == 1


def test_tls_from_the_first_byte_delivers(people: SimpleNamespace, queue: Queue, now: datetime, trusted: str) -> None:
    email = queue()
    with PostOffice(ssl_context=server_context(trusted)) as office:
        deliver(f"smtps://127.0.0.1:{office.port}", now)
        assert stored(email).status == "sent"


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_a_certificate_nobody_vouches_for_gets_neither_password_nor_mail(
    people: SimpleNamespace, queue: Queue, now: datetime, certificate: Path, scheme: str
) -> None:
    email = queue()
    context = server_context(str(certificate))
    how = {"ssl_context": context} if scheme == "smtps" else {"tls_context": context}
    with PostOffice(**how) as office:
        deliver(f"{scheme}://shop:secret@127.0.0.1:{office.port}", now)
        assert not office.taken
    row = stored(email)
    assert row.status == "deferred"
    assert "certificate is not trusted" in str(row.last_answer)


def test_a_server_without_starttls_gets_no_password(people: SimpleNamespace, queue: Queue, now: datetime) -> None:
    email = queue()
    tried: list[object] = []

    def remember(*arguments: object) -> object:
        tried.append(arguments)
        raise AssertionError("a password came over an open line")

    with PostOffice(authenticator=remember, auth_require_tls=False) as office:
        deliver(f"smtp://shop:secret@127.0.0.1:{office.port}", now)
    assert not tried
    assert "does not offer what the settings ask for" in str(stored(email).last_answer)


def test_a_wrong_password_leaves_the_mails_waiting_and_says_why(
    people: SimpleNamespace, queue: Queue, now: datetime
) -> None:
    email = queue()
    how = {"authenticator": password_check("shop", "right"), "auth_required": True, "auth_require_tls": False}
    with PostOffice(**how) as office:
        deliver(f"smtp://shop:wrong@127.0.0.1:{office.port}?tls=none", now)
        row = stored(email)
        assert (row.status, row.attempts) == ("deferred", 0)
        assert row.last_answer == "The mail server refused the user name or password (535)."
        deliver(f"smtp://shop:right@127.0.0.1:{office.port}?tls=none", now + timedelta(minutes=1))
        assert stored(email).status == "sent"


def test_a_url_says_where_and_how() -> None:
    assert Server.parse("smtp://localhost") == Server("localhost", 25, "none", "", "")
    assert Server.parse("smtp://u:p%3A@mail.example.org") == Server("mail.example.org", 587, "starttls", "u", "p:")
    assert Server.parse("smtps://u:p@mail.example.org") == Server("mail.example.org", 465, "implicit", "u", "p")
    assert Server.parse("smtp://[::1]:2525?tls=none") == Server("::1", 2525, "none", "", "")
    assert Server.parse("smtps://mail.example.org?connections=2").connections == 2


@pytest.mark.parametrize(
    "url", ["smtp://", "smtp://h?tls=maybe", "smtp://h:port", "smtp:mail.example.org", "smtp://h?connections=0"]
)
def test_a_url_that_says_nothing_useful_stops_the_start(url: str) -> None:
    with pytest.raises(BadSetting) as refusal:
        Server.parse(url)
    assert "LEADCAPTURE_SMTP_URL" in refusal.value.message
