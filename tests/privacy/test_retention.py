"""What is over its days goes: exactly what a dry run showed, and really."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, update

from leadcapture import addresses, clock, db, ids, uploads
from leadcapture import settings as settings_module
from leadcapture.chat import operations as chat
from leadcapture.chat.models import ChatFile, Conversation, Message, Visitor
from leadcapture.chat.protocol import Incoming
from leadcapture.consent import verifying
from leadcapture.contacts import operations as contacts
from leadcapture.contacts.models import Contact
from leadcapture.forms import operations as forms
from leadcapture.forms.models import Submission
from leadcapture.mail.models import Email
from leadcapture.optin.models import Confirmation
from leadcapture.privacy import orphans, retaining, retention
from leadcapture.privacy.commands import retention as command
from leadcapture.sites import operations as sites
from leadcapture.sites import queries as site_queries
from leadcapture.sites.models import Site
from leadcapture.sites.retention_settings import Retention
from tests.conftest import SEEDED_AT, add_people, configured, copied

# Each example erases a whole shop.
NO_SHRINKING = (Phase.explicit, Phase.generate)
NAMES = [one.name for one in fields(Retention)]
LATER = SEEDED_AT + timedelta(days=400)


@pytest.fixture
def shop(seeded: Path, tmp_path: Path) -> Iterator[Callable[[], SimpleNamespace]]:
    """Makes the demo shop anew, every conversation in it closed: `site`, and `file`, the database."""
    settings = settings_module.load(configured(tmp_path / "instance"))
    opened: list[Any] = []

    def make() -> SimpleNamespace:
        while opened:
            opened.pop().__exit__(None, None, None)
        opened.append(copied(seeded / "leadcapture.db", settings))
        opened[0].__enter__()
        db.write(lambda session: session.execute(update(Conversation).values(status="closed", closed_at=SEEDED_AT)))
        with db.read() as session:
            site = session.scalars(select(Site).order_by(Site.id)).first()
        return SimpleNamespace(site=site, file=settings.instance / "leadcapture.db")

    yield make
    while opened:
        opened.pop().__exit__(None, None, None)


def keep(site: Site, **days: int) -> None:
    """The site keeps these kinds so many days, and all others for ever."""
    db.write(sites.change_retention, LATER, site_id=site.id, **{**dict.fromkeys(NAMES, 0), **days})


def counted(now: datetime, site: Site) -> dict[tuple[str, str], int]:
    """What a dry run says, without what is nothing."""
    with db.read() as session:
        over = retaining.dry_run(session, now, site_queries.by_id(session, site.id))
    return {(one.kind.name, found.part.name): found.count for one in over for found in one.found if found.count}


# ---- the dry run is the truth ----------------------------------------------------------------------------------------


@given(days=st.fixed_dictionaries({name: st.sampled_from([0, 1, 30, 397, 399, 401]) for name in NAMES}))
@settings(
    max_examples=2, phases=NO_SHRINKING, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_run_removes_what_the_dry_run_counted_to_the_row(
    shop: Callable[[], SimpleNamespace], days: dict[str, int]
) -> None:
    site = shop().site
    keep(site, **days)
    would = counted(LATER, site)
    assert retaining.run(LATER, site.id) == would
    assert counted(LATER, site) == {}
    assert retaining.run(LATER, site.id) == {}


def test_every_setting_has_its_kind_and_the_demo_has_something_of_most(shop: Callable[[], SimpleNamespace]) -> None:
    assert sorted(kind.name for kind in retention.KINDS) == sorted(NAMES)
    site = shop().site
    keep(site, **dict.fromkeys(NAMES, 1))
    kinds = {kind for kind, _part in counted(LATER, site)}
    assert kinds >= {"ips", "emails", "messages", "pending", "conversations_closed", "contacts_inactive"}


def test_what_is_not_over_its_days_and_what_is_anothers_stays(shop: Callable[[], SimpleNamespace]) -> None:
    site = shop().site
    with db.read() as session:
        everybody = session.scalars(select(Contact.id).order_by(Contact.id)).all()
        mine = session.scalars(select(Contact.id).where(Contact.site_id == site.id).order_by(Contact.id)).all()
    keep(site, contacts_inactive=1)

    def active(at: datetime, which: Any) -> None:
        db.write(lambda session: session.execute(update(Contact).where(which).values(active_at=at)))

    active(LATER, Contact.site_id == site.id)
    active(LATER - timedelta(days=1), Contact.id.in_(mine[:2]))
    assert retaining.run(LATER, site.id) == {}
    gone = retaining.run(LATER + timedelta(microseconds=1), site.id)
    assert gone == {("contacts_inactive", "contacts"): 2}
    with db.read() as session:
        left = session.scalars(select(Contact.id).order_by(Contact.id)).all()
    assert left == [one for one in everybody if one not in mine[:2]]


# ---- deleting is real ------------------------------------------------------------------------------------------------


def test_nothing_of_a_person_stands_in_any_table_of_the_file_afterwards(shop: Callable[[], SimpleNamespace]) -> None:
    made = shop()
    with db.read() as session:
        site_ids = [site.id for site in site_queries.every(session)]
    personal = _personal(made.file)
    assert len(personal) > 40
    assert _found(made.file, personal).keys() == set(personal)
    for site_id in site_ids:
        keep(SimpleNamespace(id=site_id), **dict.fromkeys(NAMES, 1))  # type: ignore[arg-type]
    retaining.due(LATER)
    assert _found(made.file, personal) == {}
    with db.read() as session:
        for site_id in site_ids:
            assert not list(verifying.verify(session, site_id)), "what was erased is proven to have been"


def _personal(file: Path) -> list[str]:
    """Everything long enough to be somebody's own that people wrote or were known by."""
    wanted = """
        SELECT email FROM contacts UNION SELECT phone FROM contacts UNION SELECT email FROM submissions
        UNION SELECT ip FROM submissions UNION SELECT body FROM messages WHERE author_kind = 'visitor'
        UNION SELECT email FROM conversations UNION SELECT url FROM page_views
    """
    with sqlite3.connect(file) as connection:
        found = {row[0] for row in connection.execute(wanted) if row[0] and len(row[0]) > 8}
        # Accounts of operators are no data of visitors; what must never be mailed again is remembered for that.
        own = connection.execute(
            """SELECT email FROM operators UNION SELECT allowed_origins FROM sites
               UNION SELECT email_key FROM suppressions"""
        ).fetchall()
    return sorted(text for text in found if not any(text in said[0] or said[0] in text for said in own))


def _found(file: Path, texts: list[str]) -> dict[str, str]:
    """Those of the texts that stand in some row of some table, shadow tables of the search too, and where."""
    where: dict[str, str] = {}
    with sqlite3.connect(file) as connection:
        connection.text_factory = bytes
        tables = [row[0].decode() for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            if table in ("message_search", "contact_search"):
                continue  # keep no rows; what they know of words stands in their shadow tables, which are walked too
            for row in connection.execute(f'SELECT * FROM "{table}"'):
                whole = b"\0".join(value for value in row if isinstance(value, bytes))
                for text in texts:
                    escaped = text.encode("ascii", "backslashreplace")
                    if text.encode() in whole or escaped in whole:
                        where[text] = table
    return where


def test_a_conversations_texts_and_files_go_and_its_numbers_stay(
    people: SimpleNamespace, now: datetime, database: db.Database
) -> None:
    stored = _upload(b"a photograph")
    conversation = db.write(_talk, now, people.site, stored)
    keep(people.site, messages=30)
    retaining.run(now + timedelta(days=31), people.site.id)
    with db.read() as session:
        kept = session.get_one(Conversation, conversation)
        said = session.scalars(select(Message).where(Message.conversation_id == conversation)).all()
        assert session.scalar(select(func.count()).select_from(ChatFile)) == 0
    assert (kept.last_seq, kept.stars, kept.email) == (2, 5, "erin@example.org")
    assert [(one.body, one.file_id, one.rev) for one in said] == [("", None, 1), ("", None, 1)]
    with pytest.raises(FileNotFoundError):
        uploads.path_of(stored)
    keep(people.site, conversations_closed=60)
    retaining.run(now + timedelta(days=61), people.site.id)
    with db.read() as session:
        kept = session.get_one(Conversation, conversation)
        assert session.scalars(select(Message)).all() == []
        assert session.get_one(Visitor, kept.visitor_id).name == ""
    assert (kept.last_seq, kept.stars, kept.email, kept.comment) == (2, 5, None, "")


def _upload(content: bytes) -> str:
    name = ids.new("file").removeprefix("fil_").ljust(32, "0")
    name = "".join(c if c in "0123456789abcdef" else "a" for c in name)
    (uploads._uploads() / name).write_bytes(content)
    return name


def _talk(session: Any, now: datetime, site: Site, stored: str) -> int:
    visitor = Visitor(public_id=ids.new("visitor"), site_id=site.id, name="Erin", created_at=now, seen_at=now)
    file = ChatFile(
        public_id=ids.new("file"),
        site_id=site.id,
        visitor=visitor.public_id,
        name="me.png",
        size=12,
        content_type="image/png",
        stored=stored,
        claimed=True,
        created_at=now,
    )
    session.add_all([visitor, file])
    session.flush()
    conversation = Conversation(
        public_id=ids.new("conversation"),
        site_id=site.id,
        visitor_id=visitor.id,
        status="closed",
        last_seq=2,
        stars=5,
        comment="Thanks, Erin",
        email="erin@example.org",
        created_at=now,
        active_at=now,
        closed_at=now,
    )
    session.add(conversation)
    session.flush()
    for seq, body in ((1, "My number is 0123"), (2, "")):
        session.add(
            Message(
                public_id=ids.new("message"),
                conversation_id=conversation.id,
                client_id=str(seq),
                seq=seq,
                after_seq=seq,
                kind="reply",
                author_kind="visitor",
                body=body,
                file_id=None if body else file.id,
                created_at=now,
            )
        )
    session.flush()
    return conversation.id


def test_who_never_confirmed_is_forgotten_by_the_ledger_too(
    people: SimpleNamespace, now: datetime, database: db.Database
) -> None:
    public_id = db.write(_pending, now, people.site)
    keep(people.site, pending=2)
    assert retaining.run(now + timedelta(days=2), people.site.id) == {}
    assert retaining.run(now + timedelta(days=3), people.site.id) == {("pending", "submissions"): 1}
    with db.read() as session:
        sent = session.scalars(select(Submission).where(Submission.public_id == public_id)).one()
        assert session.scalars(select(Confirmation.email)).all() == [""]
    assert (sent.status, sent.email, sent.ip, sent.data) == ("expired", "", None, {})


def _pending(session: Any, now: datetime, site: Site) -> str:
    form = forms.create(session, now, site_id=site.id, kind="subscription")
    confirmation = Confirmation(
        public_id=ids.new("confirmation"),
        site_id=site.id,
        email="erin@example.org",
        email_key="erin@example.org",
        code_digest="",
        requested_at=now,
        expires_at=now + timedelta(days=7),
        mailed_at=now,
    )
    session.add(confirmation)
    session.flush()
    sent = Submission(
        public_id=ids.new("submission"),
        site_id=site.id,
        form_id=form.id,
        form_version=1,
        confirmation_id=confirmation.id,
        email="erin@example.org",
        email_key="erin@example.org",
        language="en",
        data={"message": "Call me"},
        ip="192.0.2.7",
        created_at=now,
    )
    session.add(sent)
    session.flush()
    return sent.public_id


def test_who_writes_while_known_was_heard_of(people: SimpleNamespace, now: datetime, database: db.Database) -> None:
    conversation = db.write(_talk, now, people.site, "none")
    erin = db.write(contacts.upsert_confirmed, now, site_id=people.site.id, address=addresses.parse("erin@example.org"))
    db.write(lambda session: session.execute(update(Conversation).values(contact_id=erin.id, active_at=now)))
    with db.read() as session:
        visitor = session.scalars(select(Visitor.public_id)).one()
        assert session.scalars(select(Conversation.id)).one() == conversation
    later = now + timedelta(days=3)
    said = Incoming("a" * 20, "Here I am again")
    db.write(chat.post_by_visitor, later, site_id=people.site.id, visitor=visitor, incoming=said, available=True)
    with db.read() as session:
        assert session.get_one(Contact, erin.id).active_at == later


# ---- workers ---------------------------------------------------------------------------------------------------------


def test_what_a_killed_worker_left_the_next_removes(
    shop: Callable[[], SimpleNamespace], monkeypatch: pytest.MonkeyPatch
) -> None:
    site = shop().site
    keep(site, emails=1)
    monkeypatch.setattr(retaining, "AT_ONCE", 3)
    would = counted(LATER, site)[("emails", "emails")]
    kind = next(kind for kind in retention.KINDS if kind.name == "emails")
    first = db.write(retaining.remove_some, LATER, site_id=site.id, kind=kind, part=kind.parts[0], after=None)
    assert len(first) == 3
    assert retaining.run(LATER, site.id) == {("emails", "emails"): would - 3}


def test_two_workers_at_once_remove_each_row_once(
    postgresql: db.Database, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = db.write(add_people, now).site
    monkeypatch.setattr(retaining, "AT_ONCE", 4)
    db.write(_mails, now, site, 30)
    keep(site, emails=10)
    with ThreadPoolExecutor(2) as pool:
        gone = list(pool.map(lambda _worker: retaining.run(LATER, site.id), range(2)))
    gone.append(retaining.run(LATER, site.id))
    assert sum(sum(each.values()) for each in gone) == 30
    with db.read() as session:
        assert set(session.scalars(select(Email.text + Email.html + Email.to_email))) == {"erin@example.org"}


def _mails(session: Any, now: datetime, site: Site, number: int) -> None:
    for _mail in range(number):
        session.add(
            Email(
                public_id=ids.new("email"),
                site_id=site.id,
                name="chat_reply",
                language="en",
                to_email="erin@example.org",
                to_key="erin@example.org",
                from_email="hello@example.org",
                subject="Re: your question",
                text="Hello Erin",
                html="<p>Hello Erin</p>",
                headers={},
                message_id="<x@example.org>",
                status="sent",
                due_at=now,
                sent_at=now,
                created_at=now,
            )
        )


# ---- uploads of nobody -----------------------------------------------------------------------------------------------


def test_an_upload_goes_a_day_after_the_last_row_that_names_it(
    people: SimpleNamespace, now: datetime, database: db.Database
) -> None:
    named, in_json, of_nobody = _upload(b"1"), _upload(b"2"), _upload(b"3")
    db.write(_talk, now, people.site, named)
    db.write(lambda session: session.execute(update(Visitor).values(answers={"file": in_json})))
    orphans.sweep_due(clock.now())
    assert uploads.path_of(of_nobody), "its row may be about to come"
    orphans.sweep_due(clock.now() + timedelta(days=1, minutes=1))
    assert uploads.path_of(named)
    assert uploads.path_of(in_json)
    with pytest.raises(FileNotFoundError):
        uploads.path_of(of_nobody)


# ---- at a word of the owner ------------------------------------------------------------------------------------------


def test_the_command_shows_what_would_go_and_then_removes_it(shop: Callable[[], SimpleNamespace]) -> None:
    site = shop().site
    keep(site, contacts_inactive=1)

    def run(*arguments: str) -> Any:
        return CliRunner().invoke(command, ["--site", site.key, *arguments], obj=lambda: None)

    with db.read() as session:
        contacts = session.scalars(
            select(Contact.public_id).where(Contact.site_id == site.id).order_by(Contact.id).limit(2)
        ).all()
    recent = ~Contact.public_id.in_(contacts)
    db.write(lambda session: session.execute(update(Contact).where(recent).values(active_at=clock.now())))
    shown = run("--dry-run").output
    assert "contacts_inactive: over 1 days: 2" in shown
    assert contacts[0] in shown
    assert "ips: kept for ever" in shown
    assert counted(clock.now(), site), "a dry run removes nothing"
    assert "contacts_inactive: 2 contacts removed" in run("--run-now").output
    assert "nothing is over its days" in run("--run-now").output
    assert run().exit_code == 2


# ---- the console's page ----------------------------------------------------------------------------------------------


@pytest.fixture
def browser(app: Flask, people: SimpleNamespace) -> Callable[[str], Any]:
    def signed_in(name: str) -> Any:
        client = app.test_client()
        with client.session_transaction() as cookie:
            operator = getattr(people, name)
            cookie["operator"], cookie["epoch"] = operator.public_id, operator.session_epoch
        return client

    app.config["WTF_CSRF_ENABLED"] = False
    return signed_in


def days(**given: int) -> dict[str, str]:
    return {name: str(given.get(name, 0)) for name in NAMES}


def test_an_admin_sees_what_would_go_before_anything_is_saved(
    people: SimpleNamespace, now: datetime, browser: Callable[[str], Any]
) -> None:
    db.write(_mails, now, people.site, 7)
    alice = browser("alice")
    db.write(sites.change_retention, now, site_id=people.site.id, emails=0)
    tried = alice.post("/console/retention", data={**days(emails=10), "act": "look"}).text
    assert "<strong>7</strong> mails" in tried
    assert "not saved yet" in tried
    with db.read() as session:
        site = site_queries.by_id(session, people.site.id)
        assert site.retention["emails"] == 0
        assert session.scalar(select(func.count()).where(Email.html != "")) == 7
    assert alice.post("/console/retention", data=days(emails=10)).status_code == 302
    assert "<strong>7</strong> mails" in alice.get("/console/retention").text
    assert alice.post("/console/retention", data=days(emails=99_999)).status_code == 422
    assert alice.post("/console/retention", data={**days(), "ips": "soon"}).status_code == 422


def test_an_operator_may_not_change_how_long_is_kept(browser: Callable[[str], Any]) -> None:
    assert browser("bob").get("/console/retention").status_code == 403
    assert browser("bob").post("/console/retention", data=days()).status_code == 403


def test_a_mail_whose_text_is_gone_says_so_and_is_not_sent_again(
    people: SimpleNamespace, now: datetime, browser: Callable[[str], Any]
) -> None:
    db.write(_mails, now, people.site, 1)
    db.write(lambda session: session.execute(update(Email).values(status="failed")))
    keep(people.site, emails=1)
    retaining.run(LATER, people.site.id)
    with db.read() as session:
        public_id = session.scalars(select(Email.public_id)).one()
    page = browser("alice").get(f"/console/outbox/{public_id}").text
    assert "No longer kept" in page
    assert "Send again" not in page
    browser("alice").post(f"/console/outbox/{public_id}/retry")
    with db.read() as session:
        assert session.scalars(select(Email.status)).one() == "failed"
