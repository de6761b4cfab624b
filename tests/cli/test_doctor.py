"""What the doctor sees beyond this machine's own files, and what it says to do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest
from sqlalchemy import update

from leadcapture import db
from leadcapture import settings as settings_module
from leadcapture.doctor import data, mail, reach
from leadcapture.mail import dkim
from leadcapture.settings import Settings
from leadcapture.sites.models import Site
from tests.conftest import configured
from tests.guard.nameserver import NameServer
from tests.mail.conftest import Queue, queue
from tests.servers import Service

__all__ = ["queue"]

DOMAIN = "demo-shop.arpa"


class Zone(NameServer):
    """Answers with these records, each by its name and type; every other name does not exist."""

    def __init__(self, records: dict[tuple[str, str], list[str]]) -> None:
        super().__init__()
        self.records = records

    def _answer(self, query: dns.message.Message, domain: str) -> dns.message.Message:
        answer = dns.message.make_response(query, recursion_available=True)
        kind = dns.rdatatype.to_text(query.question[0].rdtype)
        if (domain, kind) in self.records:
            answer.answer.append(
                dns.rrset.from_text(query.question[0].name, 60, "IN", kind, *self.records[domain, kind])
            )
        elif not any(name == domain for name, _kind in self.records):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        return answer


def seen_of(settings: Settings) -> dict[str, str]:
    """What is wrong with the names, by part, and what is well."""
    return {finding.part: "" if finding.well else finding.text for finding in mail.names(settings)}


@pytest.fixture
def ask(people: SimpleNamespace, tmp_path: Path) -> Callable[..., dict[str, str]]:
    """Asks a zone about the sender of a site."""
    db.write(lambda session: session.execute(update(Site).values(sender_email=f"hello@{DOMAIN}")) and None)

    def ask(records: dict[tuple[str, str], list[str]], **more: str) -> dict[str, str]:
        with Zone(records) as zone:
            environ = configured(tmp_path / "instance") | {
                "LEADCAPTURE_SMTP_URL": "smtp://127.0.0.1:25",
                "LEADCAPTURE_CHECK_MX": "yes",
                "LEADCAPTURE_NAMESERVERS": zone.address,
                **more,
            }
            return seen_of(settings_module.load(environ))

    return ask


def test_a_sender_whom_the_dns_knows_nothing_of_is_told_what_to_publish(ask: Callable[..., dict[str, str]]) -> None:
    said = ask({})
    assert "v=spf1" in said[f"SPF of {DOMAIN}"]
    assert f"_dmarc.{DOMAIN}" in said[f"DMARC of {DOMAIN}"]
    assert "lost" in said[f"MX of {DOMAIN}"]


def test_a_sender_that_is_published_is_well(ask: Callable[..., dict[str, str]], tmp_path: Path) -> None:
    keys = dkim.add(tmp_path / "instance" / "dkim", DOMAIN, "ours")
    published = {
        (key.record_name, "TXT"): [" ".join(f'"{part}"' for part in (key.record_value[:200], key.record_value[200:]))]
        for key in keys
    }
    records = {
        (DOMAIN, "TXT"): ['"some-site-verification=1"', '"v=spf1 ip4:192.0.2.1 -all"'],
        (DOMAIN, "MX"): ["10 mail.demo-shop.arpa."],
        (f"_dmarc.{DOMAIN}", "TXT"): ['"v=DMARC1; p=none"'],
        **published,
    }
    said = ask(records)
    assert len(said) == 5
    assert set(said.values()) == {""}
    changed = {**records, (keys[1].record_name, "TXT"): ['"v=DKIM1; k=rsa; p=AAAA"']}
    wrong = {part: text for part, text in ask(changed).items() if text}
    assert list(wrong) == [f"DKIM key ours-rsa of {DOMAIN}"]
    assert "another key" in next(iter(wrong.values()))


@pytest.mark.parametrize(
    ("record", "word"),
    [(['"v=spf1 +all"'], "everybody"), (['"v=spf1 -all"', '"v=spf1 mx -all"'], "join")],
)
def test_a_record_that_helps_nobody_is_said(ask: Callable[..., dict[str, str]], record: list[str], word: str) -> None:
    assert word in ask({(DOMAIN, "TXT"): record})[f"SPF of {DOMAIN}"]


def test_nobody_is_asked_where_nobody_shall_be(ask: Callable[..., dict[str, str]]) -> None:
    assert ask({}, LEADCAPTURE_CHECK_MX="no") == {"DNS": ""}


PUBLIC = "https://chat.example.net"
TRUE = {"scheme": "https", "host": "chat.example.net", "address": "192.0.2.8"}


@pytest.mark.parametrize(
    ("trusted", "seen", "word"),
    [
        ("1", TRUE, ""),
        ("0", TRUE | {"scheme": "http", "address": "127.0.0.1"}, "LEADCAPTURE_TRUSTED_PROXIES=1"),
        ("1", TRUE | {"scheme": "http"}, "X-Forwarded-Proto"),
        ("1", TRUE | {"host": "127.0.0.1:8000"}, "pass on Host"),
        ("2", TRUE | {"address": reach.PRETENDED_ADDRESS}, "pretend"),
        ("1", TRUE | {"host": reach.PRETENDED_HOST}, "pretend"),
    ],
)
def test_what_a_proxy_does_wrong_is_told_by_what_arrives(
    tmp_path: Path, trusted: str, seen: dict[str, str], word: str
) -> None:
    environ = configured(tmp_path) | {"LEADCAPTURE_PUBLIC_URL": PUBLIC, "LEADCAPTURE_TRUSTED_PROXIES": trusted}
    found = reach._headers(settings_module.load(environ), seen)
    assert found.well is not bool(word)
    assert word in found.text


def test_a_service_that_runs_is_reached_by_its_address_and_by_websocket(make_service: Callable[..., Service]) -> None:
    service = make_service()
    service.seed_demo()
    service.start()
    lines = service.run("doctor").stdout.splitlines()
    assert [line[7:].split(":")[0] for line in lines][-4:] == [
        "Public address",
        "Reachable",
        "Proxy headers",
        "WebSocket",
    ]
    service.settings["PUBLIC_URL"] = service.url.replace(str(service.port), "1")
    done = service.run("doctor", check=False)
    assert done.returncode == 1
    assert "does not lead here" in done.stdout

    # A backup is looked at as well: whole, and with one byte of it changed.
    archive = service.folder / "backup.tar.gz"
    service.run("backup", str(archive))
    assert "is what was written" in service.run("doctor", "--backup", str(archive)).stdout
    content = bytearray(archive.read_bytes())
    content[len(content) // 2] ^= 1
    archive.write_bytes(content)
    done = service.run("doctor", "--backup", str(archive), check=False)
    assert done.returncode == 1
    assert "damaged" in done.stdout
    assert "Traceback" not in done.stderr


def test_the_moment_it_asked_at_is_all_that_opens_what_arrives(client: Any) -> None:
    assert client.get("/healthz/seen/anything").status_code == 404


def test_a_disk_that_is_full_and_data_that_others_can_read(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    assert all(finding.well for finding in data.disk(settings))
    monkeypatch.setattr(data, "LEAST_FREE", 1 << 62)
    [finding] = data.disk(settings)
    assert not finding.well
    assert "make room" in finding.text


def test_a_clock_that_was_ahead_is_seen_in_what_was_written(
    settings: Settings, database: db.Database, queue: Queue, monkeypatch: pytest.MonkeyPatch, now: datetime
) -> None:
    queue("erin@example.org")
    monkeypatch.setattr(data.clock, "now", lambda: now)
    assert all(finding.well for finding in data.database(settings))
    monkeypatch.setattr(data.clock, "now", lambda: now - timedelta(hours=3))
    [wrong] = [finding for finding in data.database(settings) if not finding.well]
    assert "timedatectl" in wrong.text
