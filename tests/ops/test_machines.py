"""Two machines: folders of their own, one PostgreSQL, one Redis, and before them the nginx that deploy/ shows."""

from __future__ import annotations

import datetime
import http.client
import ipaddress
import json
import os
import re
import shutil
import ssl
import subprocess
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from sqlalchemy import select

from leadcapture import clock, db
from leadcapture.forms import operations
from leadcapture.forms.models import Submission
from tests.chat.talk import ORIGIN, ChatService, Client
from tests.servers import ROOT, PostgreSQL, Redis, free_port, wait_for

HOST = "chat.example.org"


@pytest.fixture(scope="module")
def machines(
    tmp_path_factory: pytest.TempPathFactory, redis_server: Redis, postgresql_server: PostgreSQL
) -> Iterator[SimpleNamespace]:
    """`machines.one` with two web processes and `machines.other` with one; both run jobs and mail to one mailbox."""
    shared = {
        "DATABASE_URL": postgresql_server.new_database(),
        "REDIS_URL": redis_server.url,
        "OPERATOR_GRACE": "1",
        "TRUSTED_PROXIES": "1",
        "RATE_FORM_PLAIN": "5/minute",
        "RATE_SIGN_IN": "3/minute",
    }
    folder = tmp_path_factory.mktemp("machines")
    with (
        ChatService(folder / "one", WORKERS="2", **shared) as one,
        ChatService(folder / "other", SMTP_URL=one.mailbox.url, **shared) as other,
    ):
        one.populate()
        other.people = one.people
        # A shared folder, as several machines need for uploads.
        (folder / "other" / "instance").mkdir()
        (folder / "one" / "instance" / "uploads").mkdir()
        (folder / "other" / "instance" / "uploads").symlink_to(folder / "one" / "instance" / "uploads")
        database = db.Database(shared["DATABASE_URL"])
        database.write(_publish, one.people.site.id)
        one.start()
        other.start()
        yield SimpleNamespace(one=one, other=other, people=one.people, database=database)
        database.close()


def _publish(session: Any, site_id: int) -> None:
    form = operations.create(
        session, clock.now(), site_id=site_id, kind="subscription", slug="subscription", settings={}
    )
    operations.publish(session, clock.now(), site_id=site_id, public_id=form.public_id)


def subscribe(service: ChatService, address: str, come_from: str) -> int:
    """The status of a submission that a proxy hands on."""
    body = {"email": address, "consent": ["newsletter"]}
    headers = {"Origin": ORIGIN, "X-Forwarded-For": come_from}
    return service.call(f"/v1/{service.people.site.key}/forms/subscription", body, headers=headers)[0]


def test_a_visitor_at_one_and_an_operator_at_the_other_see_and_hear_each_other(machines: SimpleNamespace) -> None:
    visitor = machines.one.visitor()
    visitor.hear_available(False)
    bob = machines.other.operator(machines.people.bob)
    visitor.hear_available(True)
    conversation = visitor.say("Hello?")["conversation"]
    bob.hear("message", lambda message: message["conversation"] == conversation)
    visitor.emit("typing", {"text": "I wo"})
    bob.hear("typing", lambda typing: typing["conversation"] == conversation)
    bob.emit("typing", {"conversation": conversation})
    assert visitor.hear("typing")["name"] == "Bob"
    assert bob.say("Yes?", conversation=conversation, kind="reply")["seq"] == 2
    assert visitor.hear("message", lambda message: message["seq"] == 2)["body"] == "Yes?"
    visitor.emit("seen", {"seq": 2})
    bob.hear("conversation", lambda told: told["id"] == conversation)
    # Who is there is the same for colleagues everywhere.
    alice = machines.one.operator(machines.people.alice)
    alice.hear("presence", lambda told: {p["name"] for p in told["operators"] if p["here"]} == {"Alice", "Bob"})
    bob.leave()
    alice.hear("presence", lambda told: {p["name"] for p in told["operators"] if p["here"]} == {"Alice"})
    alice.leave()
    visitor.hear_available(False)
    visitor.leave()


def test_what_one_machine_counted_the_other_refuses(machines: SimpleNamespace) -> None:
    answers = [
        subscribe(service, f"erin{number}@example.net", "198.51.100.7")
        for number in range(4)
        for service in (machines.one, machines.other)
    ]
    assert answers == [202] * 5 + [429] * 3
    assert subscribe(machines.other, "erin9@example.net", "198.51.100.8") == 202


def test_each_mail_is_sent_once_though_both_machines_look_for_what_is_due(machines: SimpleNamespace) -> None:
    wanted = [f"subscriber{number}@example.net" for number in range(40)]
    for number, address in enumerate(wanted):
        service = (machines.one, machines.other)[number % 2]
        assert subscribe(service, address, f"203.0.113.{number}") == 202

    def arrived() -> Counter[str]:
        return Counter(str(mail["X-Envelope-To"]) for mail in machines.one.emails("subscriber"))

    wait_for(lambda: len(arrived()) == len(wanted), "every mail to arrive", 30)
    time.sleep(1)  # twice as long as a job waits between two looks
    assert set(arrived().values()) == {1}


def test_a_file_sent_to_one_machine_is_read_from_the_other(machines: SimpleNamespace) -> None:
    headers, body = _form_with_file(b"What we found\n" * 100)
    request = urllib.request.Request(f"{machines.one.url}/v1/{machines.people.site.key}/chat/files", body, headers)
    with urllib.request.urlopen(request, timeout=20) as answer:
        url = json.load(answer)["file"]["url"]
    with urllib.request.urlopen(machines.other.url + url[url.index("/files/") :], timeout=20) as answer:
        assert answer.read() == b"What we found\n" * 100


def _form_with_file(content: bytes) -> tuple[dict[str, str], bytes]:
    boundary = "a-line-that-is-nowhere-else"
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="notes.txt"\r\n\r\n'
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}", "Origin": ORIGIN}
    return headers, head.encode() + content + f"\r\n--{boundary}--\r\n".encode()


def test_both_say_that_they_are_well(machines: SimpleNamespace) -> None:
    for service in (machines.one, machines.other):
        status, answer, _ = service.call("/readyz")
        assert (status, set(answer["parts"].values())) == (200, {"ok"})
        assert set(answer["parts"]) == {"database", "queue", "redis", "disk", "uploads", "keys"}


# ---- behind nginx ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def nginx(machines: SimpleNamespace, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    """The nginx of deploy/nginx.conf before both machines, with another certificate and on other ports."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if program is None:
        if os.environ.get("CI"):
            pytest.fail("no nginx was found: in CI its example must be tested")
        pytest.skip("NO NGINX WAS FOUND: deploy/nginx.conf is not tested")
    folder = tmp_path_factory.mktemp("nginx")
    http_port, https_port = free_port(), free_port()
    certificate, key = _certificate(folder)
    example = (ROOT / "deploy" / "nginx.conf").read_text()
    changed = {
        r"listen \[::\].*\n": "",
        r"listen 80;": f"listen 127.0.0.1:{http_port};",
        r"listen 443 ": f"listen 127.0.0.1:{https_port} ",
        r"/etc/letsencrypt/\S+fullchain\.pem": str(certificate),
        r"/etc/letsencrypt/\S+privkey\.pem": str(key),
        r"192\.0\.2\.11:8000": f"127.0.0.1:{machines.one.port}",
        r"192\.0\.2\.12:8000": f"127.0.0.1:{machines.other.port}",
    }
    for pattern, text in changed.items():
        example, number = re.subn(pattern, text, example)
        assert number, f"the example says no {pattern} any more"
    temporary = "".join(
        f"{name}_temp_path {folder}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root;" if os.getuid() == 0 else ""
    whole = f"{user} pid {folder}/pid; worker_processes 1; error_log {folder}/error.log; events {{}}\n"
    (folder / "nginx.conf").write_text(f"{whole}http {{ access_log off; {temporary}\n{example}\n}}")
    process = subprocess.Popen(
        [program, "-c", str(folder / "nginx.conf"), "-e", f"{folder}/error.log", "-g", "daemon off;"]
    )
    context = ssl.create_default_context(cafile=str(certificate))
    context.check_hostname = False
    made = SimpleNamespace(https_port=https_port, http_port=http_port, context=context, certificate=certificate)
    try:
        wait_for(lambda: _through(made, "GET", "/healthz")[0] == 200, "nginx to answer")
        yield made
    finally:
        process.terminate()
        process.wait(10)


def _certificate(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(HOST), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .sign(key, hashes.SHA256())
    )
    paths = folder / "certificate.pem", folder / "key.pem"
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return paths


def _through(
    nginx: SimpleNamespace,
    method: str,
    path: str,
    body: bytes | None = None,
    *,
    source: str = "127.0.0.1",
    **headers: str,
) -> tuple[int, bytes, http.client.HTTPMessage]:
    """One call from that loopback address: status, content, headers."""
    connection = http.client.HTTPSConnection(
        "127.0.0.1", nginx.https_port, timeout=20, context=nginx.context, source_address=(source, 0)
    )
    try:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, {"Host": HOST} | given)
        answer = connection.getresponse()
        return answer.status, answer.read(), answer.headers
    except (ConnectionError, ssl.SSLError):
        return 0, b"", http.client.HTTPMessage()
    finally:
        connection.close()


def test_people_come_by_https_to_any_machine_and_their_request_keeps_its_id(
    machines: SimpleNamespace, nginx: SimpleNamespace
) -> None:
    plain = http.client.HTTPConnection("127.0.0.1", nginx.http_port, timeout=10)
    plain.request("GET", "/console/", headers={"Host": HOST})
    redirected = plain.getresponse()
    assert (redirected.status, redirected.headers["Location"]) == (301, f"https://{HOST}/console/")
    status, _page, headers = _through(nginx, "GET", "/console/sign-in")
    assert status == 200
    assert re.fullmatch("[0-9a-f]{32}", headers["X-Request-ID"]), "the id that nginx gave"
    assert _through(nginx, "GET", "/metrics")[0] == 403


def test_nobody_hides_behind_an_address_they_made_up(machines: SimpleNamespace, nginx: SimpleNamespace) -> None:
    path = f"/v1/{machines.people.site.key}/forms/subscription"

    def send(number: int, source: str) -> int:
        body = json.dumps({"email": f"frank{number}@example.net", "consent": ["newsletter"]}).encode()
        return _through(
            nginx, "POST", path, body, source=source,
            Origin=ORIGIN, Content_Type="application/json", X_Forwarded_For=f"198.51.100.{number}",
        )[0]  # fmt: skip

    assert [send(number, "127.0.0.7") for number in range(7)] == [202] * 5 + [429] * 2
    assert send(9, "127.0.0.8") == 202
    with machines.database.read() as session:
        kept = session.scalars(select(Submission.ip).where(Submission.email.like("frank%")))
        assert set(kept) == {"127.0.0.7", "127.0.0.8"}


def test_sockets_go_through_and_a_large_file_too(
    machines: SimpleNamespace, nginx: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEBSOCKET_CLIENT_CA_BUNDLE", str(nginx.certificate))
    alice = machines.other.operator(machines.people.alice)
    visitor = Client(f"https://127.0.0.1:{nginx.https_port}", "/visitor", {"site": machines.people.site.key})
    conversation = visitor.say("Hello through nginx?")["conversation"]
    alice.hear("message", lambda message: message["conversation"] == conversation)
    alice.say("I hear you", conversation=conversation, kind="reply")
    assert visitor.hear("message", lambda message: message["seq"] == 2)["body"] == "I hear you"
    alice.leave()
    visitor.leave()
    headers, body = _form_with_file(b"A line of a long file.\n" * 100_000)
    path = f"/v1/{machines.people.site.key}/chat/files"
    status, told, _ = _through(nginx, "POST", path, body, **{n.replace("-", "_"): v for n, v in headers.items()})
    assert status == 201, told
