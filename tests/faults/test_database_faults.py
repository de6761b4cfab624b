"""The database is locked by somebody else, its disk is full, it takes no writes, it restarts under load: whoever asks
is told so in words within seconds, nothing that was typed is lost, and all goes on by itself once it is back."""

from __future__ import annotations

import contextlib
import json
import os
import re
import sqlite3
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import gevent
import psycopg
import pytest
from sqlalchemy import make_url, text

from leadcapture import db
from leadcapture.errors import Unavailable
from leadcapture.forms import kinds
from tests.chat.talk import ORIGIN
from tests.faults import disk
from tests.faults.people import Acknowledged, Chatter, Reader, Shop
from tests.servers import PostgreSQL, wait_for

TOLD_WITHIN = 8.0  # seconds: a lock is waited for, and this machine may do other things too


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, migrated: Path) -> Iterator[Shop]:
    """The service on SQLite, on a disk of its own where one can be had."""
    folder = tmp_path_factory.mktemp("shop")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=20m", "leadcapture-test", str(folder)], capture_output=True, check=False
    )
    try:
        with Shop(folder) as shop:
            shop.populate(migrated)
            shop.start()
            yield shop
    finally:
        if mounted.returncode == 0:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def locked(shop: Shop) -> Iterator[None]:
    """Another process writes and does not come to an end."""
    with contextlib.closing(sqlite3.connect(shop.folder / "instance" / "leadcapture.db", timeout=20)) as other:
        other.isolation_level = None
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def full(shop: Shop) -> AbstractContextManager[None]:
    """Nothing more fits on the service's disk."""
    return disk.full(shop.folder, shop.worker())


FAULTS = {"locked": locked, "full": full}


def ask(
    shop: Shop, path: str, fields: dict[str, Any] | None = None, *, form: bool = False, **headers: str
) -> tuple[int, Any, Any, float]:
    """Status, answer (JSON where it is), headers and how many seconds that took."""
    content = None if fields is None else (urlencode(fields, doseq=True) if form else json.dumps(fields)).encode()
    kind = "application/x-www-form-urlencoded" if form else "application/json"
    request = urllib.request.Request(shop.url + path, content, {"Content-Type": kind, **headers})
    began = time.monotonic()
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            status, said, head = answer.status, answer.read(), answer.headers
    except urllib.error.HTTPError as error:
        status, said, head = error.code, error.read(), error.headers
    is_json = head["Content-Type"] == "application/json"
    return status, json.loads(said) if is_json else said.decode(), head, time.monotonic() - began


def form_path(shop: Shop) -> str:
    return f"/v1/{shop.people.site.key}/forms/newsletter"


def filled(address: str, once: str) -> dict[str, Any]:
    return {"email": address, "consent": ["newsletter"], "once": once}


class Fields(HTMLParser):
    """What the form of a page would send, as a browser reads it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: dict[str, list[str]] = {}
        self._open: str | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "textarea":
            self._open = str(given["name"])
            self.found.setdefault(self._open, []).append("")
        elif tag == "input" and (given.get("type") != "checkbox" or "checked" in given):
            self.found.setdefault(str(given["name"]), []).append(given.get("value") or "")

    def handle_data(self, data: str) -> None:
        if self._open:
            self.found[self._open][-1] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self._open:
            # A browser drops the line break right after the tag.
            self.found[self._open][-1] = self.found[self._open][-1].removeprefix("\n")
            self._open = None


@pytest.mark.parametrize("fault", FAULTS)
def test_a_form_and_a_message_are_refused_in_words_and_taken_once_when_it_is_over(shop: Shop, fault: str) -> None:
    address, once = f"{fault}@example.org", f"the-filling-of-{fault}-0123456789"
    said = {"client_id": f"c-{fault}", "body": "Is it blue?", "visitor_key": f"the-secret-key-of-{fault}-visitor"}
    chat = f"/v1/{shop.people.site.key}/chat/messages"
    socket = shop.visitor()
    assert socket.welcome
    with FAULTS[fault](shop), ThreadPoolExecutor() as at_once:
        asked = [
            at_once.submit(ask, shop, path, fields, Origin=ORIGIN)
            for path, fields in ((form_path(shop), filled(address, once)), (chat, said))
        ]
        refused = socket.say("Is it green?", f"s-{fault}")
        assert (refused["ok"], refused["error"]["code"]) == (False, "unavailable")
        for status, answer, head, seconds in (one.result() for one in asked):
            assert (status, answer["error"]["code"]) == (503, "unavailable"), answer
            assert "Try again in a moment" in answer["error"]["message"]
            assert 0 < int(head["Retry-After"]) <= 60
            assert head["Access-Control-Allow-Origin"] == ORIGIN
            assert seconds < TOLD_WITHIN
        # What only reads goes on.
        assert ask(shop, f"/f/{shop.people.site.key}/newsletter")[0] == 200
        assert ask(shop, "/healthz")[0] == 200
    assert ask(shop, form_path(shop), filled(address, once), Origin=ORIGIN)[0] == 202
    assert ask(shop, form_path(shop), filled(address, once), Origin=ORIGIN)[0] == 202
    first, again = (ask(shop, chat, said, Origin=ORIGIN)[1] for _time in range(2))
    assert first["id"] == again["id"]
    assert socket.say("Is it green?", f"s-{fault}")["seq"] == 1
    socket.leave()
    assert shop.rows("SELECT count(*) FROM submissions WHERE email = :a", a=address) == [(1,)]
    assert shop.rows("SELECT count(*) FROM messages WHERE client_id IN (:a, :b)", a=f"c-{fault}", b=f"s-{fault}") == [
        (2,)
    ]


def test_without_scripts_what_was_typed_is_on_the_page_that_says_so(shop: Shop) -> None:
    page = f"/f/{shop.people.site.key}/newsletter"
    typed = Fields(ask(shop, page)[1]).found | {
        "email": ["erin@example.org"],
        "name": ["Erin"],
        "consent": ["newsletter"],
    }
    with full(shop):
        status, answer, head, _seconds = ask(shop, page, typed, form=True)
        assert (status, int(head["Retry-After"]) > 0) == (503, True)
        assert "Try again in a moment" in answer
    again = Fields(answer).found
    assert (again["email"], again["name"], again["consent"]) == (["erin@example.org"], ["Erin"], ["newsletter"])
    status, answer, *_ = ask(shop, page, again, form=True)
    assert (status, "erin@example.org" in answer) == (200, True)
    assert shop.rows("SELECT count(*) FROM submissions WHERE email = 'erin@example.org'") == [(1,)]


def test_who_presses_the_button_of_a_mail_can_press_again(shop: Shop) -> None:
    shop.start_jobs()
    assert (
        ask(shop, form_path(shop), filled("presser@example.org", "the-filling-of-presser-0123"), Origin=ORIGIN)[0]
        == 202
    )
    link = wait_for(lambda: shop.mailbox.links.get(("presser@example.org", "confirm")), "the mail")
    path = urlsplit(link).path
    with full(shop):
        # Looking needs no writing.
        assert ask(shop, path)[0] == 200
        status, answer, *_ = ask(shop, path, {}, form=True)
        assert (status, "Send it again" in answer) == (503, True)
    assert ask(shop, path, Fields(answer).found, form=True)[0] == 200
    assert shop.rows("SELECT status FROM contacts WHERE email = 'presser@example.org'") == [("confirmed",)]


def test_an_operator_gets_back_what_was_typed_into_a_form_of_the_console(shop: Shop) -> None:
    cookie = shop.cookie(shop.people.alice)
    page = f"/console/canned?site={shop.people.site.key}"
    shown, head = ask(shop, page, Cookie=cookie)[1:3]
    # The token of the forms belongs to the session, which is told to the browser anew.
    cookie = head["Set-Cookie"].partition(";")[0] if head["Set-Cookie"] else cookie
    token = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', shown)
    assert token
    body = 'Hello,\n\n"we" <are> open & glad.'
    typed = {"csrf_token": token[1], "site": shop.people.site.key, "shortcut": "hello", "title": "Hello", "body": body}
    with full(shop):
        status, answer, *_ = ask(shop, page, typed, form=True, Cookie=cookie, Referer=shop.url + page)
    assert status == 503
    assert "Everything you typed is kept on this page" in answer
    again = Fields(answer).found
    assert again["body"][0].replace("\r\n", "\n") == body
    status, answer, *_ = ask(shop, page, again, form=True, Cookie=cookie, Referer=shop.url + page)
    assert status == 200, answer
    assert shop.rows("SELECT count(*) FROM canned_replies WHERE shortcut = 'hello'") == [(1,)]


def test_who_waits_behind_a_lock_is_told_together_with_those_before(
    database: db.Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    patience = 1.0
    monkeypatch.setattr(db, "LOCK_PATIENCE", patience)

    def note(session: Any, number: int) -> None:
        session.execute(text("INSERT INTO sites (key, name) VALUES (:key, 'x')"), {"key": f"k{number}"})

    path = make_url(str(database.engine.url)).database
    other = sqlite3.connect(str(path), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    began = time.monotonic()
    waiting = [gevent.spawn(db.write, note, 0)]
    gevent.sleep(0.5)
    waiting += [gevent.spawn(db.write, note, number) for number in range(1, 5)]
    gevent.joinall(waiting)
    assert [type(one.exception) for one in waiting] == [Unavailable] * 5
    assert time.monotonic() - began < 1.4 * patience
    other.execute("ROLLBACK")
    other.close()
    assert db.write(lambda session: session.execute(text("SELECT 1")).scalar()) == 1


def test_a_read_only_database_is_told_as_away_and_not_as_our_mistake(database: db.Database) -> None:
    writer = database._writer
    assert writer is not None
    with writer._engine.connect() as connection:
        # The one connection of the writer, as it finds a file that it may not write to.
        connection.connection.cursor().execute("PRAGMA query_only = ON")
    insert = text("INSERT INTO sites (key, name) VALUES ('k', 'x')")
    with pytest.raises(Unavailable, match="Try again") as told:
        db.write(lambda session: session.execute(insert))
    assert "readonly" in told.value.reason


def test_a_mistake_of_ours_is_no_outage(either_database: db.Database) -> None:
    with pytest.raises(Exception, match="nowhere") as told, db.read() as session:
        session.execute(text("SELECT 1 FROM nowhere"))
    assert not isinstance(told.value, Unavailable)


# ---- PostgreSQL -----------------------------------------------------------------------------------------------------


def restart(server: PostgreSQL, *, away: float) -> None:
    """Ends every connection at once, as a restart by hand does, and comes back after so many seconds."""
    data = server._folder / "data"
    postmaster = int((data / "postmaster.pid").read_text().split()[0])
    os.kill(postmaster, 2)  # SIGINT: fast shutdown
    wait_for(lambda: not (data / "postmaster.pid").exists(), "PostgreSQL to end", 30)
    time.sleep(away)
    server._server.ensure_postgres_running()


@contextmanager
def read_only(url: str) -> Iterator[None]:
    """As a server that became another one's standby."""

    def say(*statements: str) -> None:
        with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as owner:
            for statement in ("SET default_transaction_read_only = off", *statements, "SELECT pg_reload_conf()"):
                owner.execute(statement)

    say("ALTER SYSTEM SET default_transaction_read_only = on")
    try:
        yield
    finally:
        say("ALTER SYSTEM RESET default_transaction_read_only")


def test_postgresql_restarts_under_load_and_turns_read_only(
    postgresql: db.Database, migrated_postgresql: str, postgresql_server: PostgreSQL, tmp_path: Path
) -> None:
    url = migrated_postgresql
    db.close()  # emptied
    with Shop(tmp_path, DATABASE_URL=url) as shop:
        shop.populate()
        shop.start()
        shop.start_jobs()
        told = Acknowledged()
        people = [Chatter(shop, told, 1), Chatter(shop, told, 2), Reader(shop, told, 3)]
        for person in people:
            person.start()
        wait_for(lambda: told.total() > 10 and told.confirmed, "people to be served", 30)

        restart(postgresql_server, away=1.0)
        before, repeated = told.total(), told.repeated
        wait_for(lambda: told.total() > before + 10, "people to be served again", 30)
        assert repeated

        def status() -> int:
            return ask(shop, form_path(shop), filled("o@example.org", "the-filling-of-nobody-0123456"), Origin=ORIGIN)[
                0
            ]

        with read_only(url):
            wait_for(lambda: status() == 503, "the database to be read-only")
            assert ask(shop, f"/f/{shop.people.site.key}/newsletter")[0] == 200
        before = told.total()
        wait_for(lambda: told.total() > before + 5, "people to be served after that", 30)

        for person in people:
            person.enough.set()
            person.join(30)
        assert [person.broken for person in people] == [None] * 3
        stored = dict(map(tuple, shop.rows("SELECT client_id, count(*) FROM messages GROUP BY client_id")))
        assert {client_id: stored.get(client_id) for client_id in told.messages} == dict.fromkeys(told.messages, 1)
        sent = dict(map(tuple, shop.rows("SELECT email, count(*) FROM submissions GROUP BY email")))
        assert {address: sent.get(address) for address in told.submissions} == dict.fromkeys(told.submissions, 1)


def test_a_kind_of_form_whose_work_finds_the_database_locked_is_no_fault_of_the_kind(
    database: db.Database,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(db, "LOCK_PATIENCE", 0.05)
    with sqlite3.connect(str(database.engine.url.database), isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable):
            kinds.run_due(now)
        other.execute("ROLLBACK")
    assert "Traceback" not in caplog.text
    kinds.run_due(now)
