"""The ledger itself: numbered without gaps, signed, erased where a person must go, and provable to a stranger."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gevent
import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from leadcapture import db, tables
from leadcapture.consent import checkpoints, ledger, operations, queries, rules, verifying
from leadcapture.consent.commands import consent as command
from leadcapture.consent.ledger import Row
from leadcapture.consent.models import Agreement, LedgerCheckpoint, LedgerEvent
from leadcapture.contacts import operations as contacts
from leadcapture.contacts.models import Contact
from tests.conftest import add_people

from .test_ledger import agree

DOCS = Path(__file__).parent.parent.parent / "docs" / "consent.md"


def rows(site_id: int) -> list[LedgerEvent]:
    with db.read() as session:
        return list(
            session.scalars(select(LedgerEvent).where(LedgerEvent.site_id == site_id).order_by(LedgerEvent.seq))
        )


def well(site_id: int) -> bool:
    with db.read() as session:
        assert verifying.verify(session, site_id) == []
    return True


def note(number: int) -> Row:
    return Row("changed", f"con_{number}", {"what": {"number": number}}, trace={"ip": "192.0.2.1", "user_agent": ""})


# ---- adding ---------------------------------------------------------------------------------------------------------


def test_each_site_counts_for_itself_without_gaps(people, now):
    for site in (people.site, people.other_site, people.site):
        db.write(ledger.append_many, now, site.id, [note(1), note(2)])
    assert [row.seq for row in rows(people.site.id)] == [1, 2, 3, 4]
    assert [row.seq for row in rows(people.other_site.id)] == [1, 2]
    assert rows(people.site.id)[0].hash != rows(people.other_site.id)[0].hash
    assert well(people.site.id)
    assert well(people.other_site.id)


def test_many_at_once_make_one_chain_without_gaps(either_database, now):
    site = db.write(add_people, now).site

    def add(number: int) -> int:
        return db.write(ledger.append, now, site_id=site.id, event="changed", subject=f"con_{number}", body={})

    if either_database.sqlite:
        adding = [gevent.spawn(add, number) for number in range(60)]
        gevent.joinall(adding, raise_error=True)
        numbers = [one.value for one in adding]
    else:
        with ThreadPoolExecutor(12) as pool:
            numbers = list(pool.map(add, range(60)))
    assert sorted(numbers) == list(range(1, 61))
    assert well(site.id)


def test_what_is_undone_leaves_no_gap(people, now):
    def fail(session) -> None:
        ledger.append_many(session, now, people.site.id, [note(1), note(2)])
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        db.write(fail)
    assert db.write(ledger.append_many, now, people.site.id, [note(3)]) == (1, 1)
    assert well(people.site.id)


def test_a_word_that_the_ledger_does_not_know_is_refused(people, now):
    with pytest.raises(ValueError, match="forgotten"):
        db.write(ledger.append, now, site_id=people.site.id, event="forgotten", subject="con_x", body={})


def test_the_database_refuses_every_change_but_erasing(people, now):
    db.write(ledger.append_many, now, people.site.id, [note(1)])
    db.write(checkpoints.make, now, people.site.id)
    for statement in (
        "DELETE FROM ledger WHERE seq = 1",
        *(f"UPDATE ledger SET {column.name} = '5' WHERE seq = 1" for column in LedgerEvent.__table__.columns),
        "UPDATE ledger SET body = NULL WHERE seq = 1",
        "UPDATE ledger SET body_salt = NULL WHERE seq = 1",
        "UPDATE ledger_checkpoints SET number = 5",
        "DELETE FROM ledger_checkpoints",
    ):
        with pytest.raises(DBAPIError, match="append-only"):
            db.write(lambda session, statement=statement: session.execute(text(statement)))
    assert well(people.site.id)


def test_postgresql_refuses_as_much(postgresql, now):
    site = db.write(add_people, now).site
    db.write(ledger.append_many, now, site.id, [note(1)])
    for statement in (
        "DELETE FROM ledger",
        "UPDATE ledger SET subject = 'x'",
        "UPDATE ledger SET body_salt = NULL",
        "UPDATE ledger SET trace = 'x'",
        "TRUNCATE ledger",
        "TRUNCATE ledger_checkpoints",
    ):
        with pytest.raises(DBAPIError, match="append-only"):
            db.write(lambda session, statement=statement: session.execute(text(statement)))
    db.write(lambda session: session.execute(text("UPDATE ledger SET body = NULL, body_salt = NULL")))


# ---- many rows at once, as an import adds them ----------------------------------------------------------------------


def test_many_rows_make_their_agreements_and_a_checkpoint_every_thousand(people, now, monkeypatch):
    assert ledger.CHECKPOINT_EVERY == 1000
    monkeypatch.setattr(ledger, "CHECKPOINT_EVERY", 100)  # as well, and sooner

    def bring(session) -> list[int]:
        made = [
            contacts.upsert_confirmed(
                session,
                now,
                site_id=people.site.id,
                address=SimpleNamespace(typed=f"p{number}@example.org", key=f"p{number}@example.org"),
            )
            for number in range(3)
        ]
        agreed = [
            Row("imported", one.public_id, {"statement": "I agree."}, purpose="news", version="1", contact_id=one.id)
            for one in made
        ]
        assert ledger.append_many(session, now, people.site.id, (note(number) for number in range(150))) == (1, 150)
        assert ledger.append_many(session, now, people.site.id, [*agreed, *map(note, range(100))]) == (151, 253)
        assert ledger.append_many(session, now, people.site.id, []) == (254, 253)
        return [one.id for one in made]

    ids = db.write(bring)
    with db.read() as session:
        assert session.scalars(select(LedgerCheckpoint.seq).order_by(LedgerCheckpoint.seq)).all() == [100, 200]
        assert all(queries.holds(session, one, "news") for one in ids)
        assert [entry.event for entry in queries.history(session, ids[0])] == ["imported"]
        (version,) = queries.versions(session, people.site.id)
    assert (version.purpose, version.version, version.statement, version.count) == ("news", "1", "I agree.", 3)
    assert well(people.site.id)


# ---- checkpoints and proof ------------------------------------------------------------------------------------------


def test_a_checkpoint_is_made_once_a_day_and_only_of_what_is_new(people, now):
    def numbers() -> list[int]:
        with db.read() as session:
            return list(session.scalars(select(LedgerCheckpoint.seq).order_by(LedgerCheckpoint.seq)))

    checkpoints.due(now)
    assert numbers() == [], "there is nothing to sign"
    db.write(ledger.append_many, now, people.site.id, [note(1)])
    checkpoints.due(now)
    db.write(ledger.append_many, now, people.site.id, [note(2)])
    checkpoints.due(now + timedelta(hours=23))
    assert numbers() == [1]
    checkpoints.due(now + timedelta(hours=24))
    checkpoints.due(now + timedelta(hours=72))
    assert numbers() == [1, 2]
    assert db.write(checkpoints.make, now, people.site.id).number == 2, "there is one of this already"
    assert well(people.site.id)


def test_a_path_of_leaves_proves_that_an_event_is_under_a_signature(people, now):
    db.write(ledger.append_many, now, people.site.id, map(note, range(5)))
    with db.read() as session:
        assert queries.path(session, people.site.id, 3)[1] is None
    made = db.write(checkpoints.make, now, people.site.id)
    db.write(ledger.append_many, now, people.site.id, [note(6)])
    with db.read() as session:
        third = queries.events_of(session, people.site.id, "con_2")[0]
        leaves, signed = queries.path(session, people.site.id, third.seq)
    assert signed == made
    assert leaves[0] == third.leaf
    reached = third.prev
    for leaf in leaves:
        reached = rules.digest(reached, leaf)
    assert reached == signed.hash
    said = rules.checkpoint_text(site=people.site.key, seq=signed.seq, hash=signed.hash, at=signed.at)
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(signed.public_key))
    key.verify(bytes.fromhex(signed.signature), said.encode())


def test_a_stranger_recomputes_every_hash_with_what_the_documentation_says(people, now):
    contact = db.write(agree, now, people.site, "newsletter")
    db.write(operations.changed, now, contact=contact, what={"name": ["", "Æsa \U0001f375\n"]}, method="preferences")
    (program,) = re.findall(r"```python\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    documented: dict[str, Any] = {}
    exec(program, documented)
    with db.read() as session:
        stored = [dict(row) for row in session.execute(text("SELECT * FROM ledger ORDER BY seq")).mappings()]
    assert documented["wrong"](people.site.key, stored) == []
    stored[1]["body"] = stored[1]["body"].replace("preferences", "operator")
    assert documented["wrong"](people.site.key, stored) == [2]


@hypothesis_settings(max_examples=40, deadline=None)
@given(st.dictionaries(st.text(), st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.text())))
def test_the_canonical_form_is_json_and_the_same_for_the_same_value(value):
    written = rules.canonical(value)
    assert rules.canonical(json.loads(written)) == written
    written.encode()


# ---- erasing --------------------------------------------------------------------------------------------------------


def test_an_erased_person_is_gone_from_every_byte_and_the_ledger_verifies(either_database, now):
    site = db.write(add_people, now).site

    def lived(session) -> Contact:
        operations.requested(
            session,
            now,
            site_id=site.id,
            submission="sub_1",
            email="alice@example.org",
            statements=[],
            form_slug="news",
            form_version=1,
            language="en",
            ip="192.0.2.77",
            user_agent="Browser/1",
        )
        contact = agree(session, now, site, "newsletter")
        operations.record(
            session,
            now,
            contact=contact,
            action="grant",
            purpose="reply",
            method="button",
            submission_public_id="sub_1",
        )
        operations.withdraw(session, now, contact=contact, method="operator", purpose="newsletter", ip="192.0.2.77")
        operations.requested(
            session,
            now,
            site_id=site.id,
            submission="sub_2",
            email="erin@example.net",
            statements=[],
            form_slug="news",
            form_version=1,
            language="en",
        )
        return contact

    contact = db.write(lived)
    db.write(operations.erase_person, now, site_id=site.id, subjects=[contact.public_id], reason="person")
    left = rows(site.id)
    assert [(row.event, row.body is None) for row in left] == [
        ("requested", True),
        ("confirmed", True),
        ("confirmed", True),
        ("withdrawn", True),
        ("requested", False),
        ("erased", False),
    ]
    stored = repr([vars(row) for row in left])
    assert "alice" not in stored
    assert "192.0.2.77" not in stored
    assert "I agree to newsletter." not in stored
    assert json.loads(left[-1].body) == {"scope": "person", "rows": [1, 2, 3, 4], "reason": "person"}
    with db.read() as session:
        assert session.scalars(select(Agreement)).all() == []
    db.write(operations.erase_person, now, site_id=site.id, subjects=[contact.public_id], reason="person")
    assert len(rows(site.id)) == 6, "there was nothing left to erase"
    assert well(site.id)


def test_traces_go_after_their_days_and_only_the_new_ones_each_time(people, now):
    for day in range(4):
        db.write(ledger.append_many, now + timedelta(days=day), people.site.id, [note(day)])

    def erase(days: int) -> int:
        return db.write(
            operations.erase_traces, now + timedelta(days=9), site_id=people.site.id, before=now + timedelta(days=days)
        )

    def erase_one(number: int) -> int:
        return db.write(
            operations.erase_traces, now, site_id=people.site.id, before=now + timedelta(days=9), until=number
        )

    assert [erase(0), erase(2), erase(2), erase(3), erase_one(3), erase_one(4), erase(30)] == [0, 2, 0, 1, 0, 1, 0]
    assert [row.trace is None for row in rows(people.site.id)] == [True] * 7
    assert [row.seq for row in rows(people.site.id) if row.event == "erased"] == [5, 6, 7]
    assert all(row.body for row in rows(people.site.id))
    assert well(people.site.id)


# ---- the command, and what was there before the ledger --------------------------------------------------------------


def test_the_command_says_how_long_each_ledger_is_and_names_what_is_wrong(people, now):
    db.write(ledger.append_many, now, people.site.id, map(note, range(3)))

    def run(*arguments: str) -> Any:
        return CliRunner().invoke(command, ["verify", *arguments], obj=lambda: None)

    done = run()
    assert done.exit_code == 0
    assert done.stdout.splitlines() == [
        f"{people.site.key}: 3 events, head {rows(people.site.id)[-1].hash}",
        f"{people.other_site.key}: 0 events, head {'0' * 64}",
    ]

    def tamper(session) -> None:
        session.execute(text("DROP TRIGGER ledger_refuse_update"))
        session.execute(text("UPDATE ledger SET subject = 'con_9' WHERE seq = 2"))

    db.write(tamper)
    failed = run("--site", people.site.key)
    assert failed.exit_code == 1
    assert f"{people.site.key}: ledger, row 2:" in failed.stderr
    assert run("--site", people.other_site.key).exit_code == 0


def test_consents_from_before_the_ledger_become_its_events(either_database, settings):
    engine = either_database.engine
    tables.metadata.drop_all(engine)
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE alembic_version"))
        if engine.dialect.name == "postgresql":
            connection.execute(text("DROP FUNCTION IF EXISTS consents_refuse"))
    tables.upgrade(engine, "20261122_14")
    at = "2026-03-04 10:30:00.123456"
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO sites (id, key, name, allowed_origins, timezone, language, accent, position, reply_time, "
                "sender_name, created_at, updated_at) VALUES (1, 'site_a', 'A', '[]', 'UTC', 'en', '#000000', 'end', "
                f"'day', 'A', '{at}', '{at}')"
            )
        )
        connection.execute(
            text(
                "INSERT INTO contacts (id, public_id, site_id, email, email_key, name, phone, language, status, "
                "source, attributes, confirmed_at, active_at, created_at, updated_at) VALUES (7, 'con_a', 1, "
                f"'alice@example.org', 'alice@example.org', '', '', 'en', 'confirmed', '', '{{}}', '{at}', '{at}', "
                f"'{at}', '{at}')"
            )
        )
        for number, action, purpose in ((1, "grant", "news"), (2, "grant", "reply"), (3, "withdraw", "reply")):
            asked = f"'{at}'" if action == "grant" else "NULL"
            connection.execute(
                text(
                    "INSERT INTO consents (id, public_id, site_id, contact_id, action, purpose, statement, "
                    "statement_version, method, form_slug, form_version, page_url, ip, user_agent, email_subject, "
                    f"email_text, requested_at, at) VALUES ({number}, 'cst_{number}', 1, 7, '{action}', '{purpose}', "
                    f"'I agree.', '1-a', 'button', 'news', 1, '', '192.0.2.1', '', 'Confirm', 'Press it', {asked}, "
                    f"'{at}')"
                )
            )
    tables.upgrade(engine)
    assert well(1)
    with db.read() as session:
        history = queries.history(session, 7)
        assert queries.granted_purposes(session, 7) == {"news"}
    assert [(entry.action, entry.purpose) for entry in history] == [
        ("withdraw", "reply"),
        ("grant", "reply"),
        ("grant", "news"),
    ]
    oldest = history[-1]
    assert (oldest.statement, oldest.email_text, oldest.ip) == ("I agree.", "Press it", "192.0.2.1")
    assert oldest.requested_at == oldest.at
    assert rules.moment(oldest.at) == "2026-03-04T10:30:00.123456Z"
    db.write(ledger.append_many, oldest.at, 1, [note(1)])
    assert well(1)
