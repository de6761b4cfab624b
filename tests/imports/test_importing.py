"""From a file to contacts: with a proof people become contacts whose consent says so, and the report is right to the
row; without one they are kept apart."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from leadcapture import addresses, clock, db, uploads
from leadcapture.consent import operations as consent
from leadcapture.consent import queries as consents
from leadcapture.consent import rules as rules_of_consent
from leadcapture.consent import verifying
from leadcapture.consent.models import LedgerEvent
from leadcapture.contacts import operations as contacts
from leadcapture.contacts import queries as contact_queries
from leadcapture.contacts.models import Contact
from leadcapture.errors import Conflict, Invalid
from leadcapture.imports import operations, rules, running
from leadcapture.imports.models import Quarantined
from leadcapture.mail.models import Email
from tests.conftest import SEEDED_AT, add_people
from tests.imports.conftest import NO_PROOF, PROOF, STATEMENT, again, outcomes, report_of, started, told, uploaded

TABLE = """E-Mail;Vorname;Nachname;Telefon;Sprache;Interests;Consent date;Ort
Anna@Example.org;Anna;Adams;+49 30 1;de;shoes, hats;2024-05-31 10:00;Berlin
bert@example.org;=cmd();;;;;;
anna@example.org;Again;;;;;;
nonsense;N;;;;;;
;;;;;;;
late@example.org;L;;;;;2999-01-01;
many@example.org;M;;;;;;;too many
"""


def contact_of(site_id: int, address: str) -> Any:
    with db.read() as session:
        found = contact_queries.by_email(session, site_id, addresses.parse(address).key)
        return found and (found, consents.history(session, found.id))


def test_people_with_a_proof_become_contacts_and_nobody_is_mailed(brought, people: SimpleNamespace) -> None:
    found = brought(TABLE, mapping={0: "email", 1: "name", 2: "name", 3: "phone", 4: "language", 5: "topics",
                                    6: "consent_at", 7: "attribute:town"})  # fmt: skip
    assert found.state == "done"
    assert outcomes(found) == ["new", "new", "duplicate", "invalid", "invalid", "invalid", "invalid"]
    assert found.counts == found.dry_run
    assert found.counts["new"] == 2
    assert found.counts["invalid:not_an_address"] == 1
    anna, history = contact_of(people.site.id, "anna@example.org")
    assert (anna.email, anna.name, anna.phone, anna.language) == ("Anna@example.org", "Anna Adams", "+49 30 1", "de")
    assert (anna.topics, anna.attributes, anna.status) == (["shoes", "hats"], {"town": "Berlin"}, "confirmed")
    assert [(entry.event, entry.purpose, entry.statement) for entry in history] == [
        ("imported", "newsletter", STATEMENT)
    ]
    assert history[0].requested_at.isoformat() == "2024-05-31T10:00:00+00:00"
    with db.read() as session:
        assert consents.holds(session, anna.id, "newsletter")
        assert session.scalar(select(func.count()).select_from(Email)) == 0
        assert list(verifying.verify(session, people.site.id)) == []


def test_what_the_ledger_says_of_an_import_is_written_in_its_one_form(brought, people: SimpleNamespace) -> None:
    statement = 'I agree to "page_url":null and \\ to ü'
    table = "email,at,page\na@example.org,2024-05-31 10:00,https://shop.example.org/ü?a=\\\nb@example.org,,\n"
    brought(table, replace(PROOF, statement=statement), mapping={0: "email", 1: "consent_at", 2: "consent_page"})
    with db.read() as session:
        bodies = session.scalars(select(LedgerEvent.body).where(LedgerEvent.event == "imported")).all()
    said = [json.loads(body or "") for body in bodies]
    assert [rules_of_consent.canonical(one) for one in said] == bodies
    assert said[0]["page_url"] == "https://shop.example.org/ü?a=\\"
    assert said[0]["requested_at"] == "2024-05-31T10:00:00.000000Z"
    assert (said[1]["row"], said[1]["statement"], said[1].get("page_url")) == (2, statement, None)


def test_the_report_has_a_line_for_each_row_and_no_formula(brought) -> None:
    found = brought('email\n=1+1@example.org\n"=HYPERLINK(""x"")"\n<b>x</b>@example.org\n@x\n')
    lines = report_of(found)
    assert [line["row"] for line in lines] == ["1", "2", "3", "4"]
    assert lines[1]["address"] == '\'=HYPERLINK("x")'
    assert not any(cell.startswith(("=", "+", "-", "@")) for line in lines for cell in line.values())
    assert lines[3]["reason"] == "This is no e-mail address."


def test_people_without_a_proof_are_kept_apart(brought, people: SimpleNamespace) -> None:
    found = brought(["anna@example.org", "bert@example.org"], NO_PROOF)
    assert outcomes(found) == ["quarantined", "quarantined"]
    with db.read() as session:
        assert session.scalar(select(func.count()).select_from(Quarantined)) == 2
        assert contact_queries.count(session, people.site.id) == 0
    assert outcomes(brought(["anna@example.org"], NO_PROOF)) == ["unchanged"]
    # With a proof, a person leaves the quarantine.
    assert outcomes(brought(["anna@example.org"])) == ["new"]
    with db.read() as session:
        assert session.scalars(select(Quarantined.email)).all() == ["bert@example.org"]


def test_a_known_contact_gets_the_consent_and_only_what_was_empty(
    brought, people: SimpleNamespace, now: datetime
) -> None:
    known = db.write(
        contacts.upsert_confirmed,
        now,
        site_id=people.site.id,
        address=addresses.parse("anna@example.org"),
        name="Anna",
        attributes={"town": "Bonn"},
    )
    table = "email,name,phone,town,shoe\nanna@example.org,Other,+49 30 1,Berlin,42\n"
    mapping = {0: "email", 1: "name", 2: "phone", 3: "attribute:town", 4: "attribute:shoe"}
    assert outcomes(brought(table, mapping=mapping)) == ["updated"]
    anna, history = contact_of(people.site.id, "anna@example.org")
    assert (anna.id, anna.name, anna.phone) == (known.id, "Anna", "+49 30 1")
    assert anna.attributes == {"town": "Bonn", "shoe": "42"}
    assert [entry.event for entry in history] == ["imported"]
    # All of it is known now, and a consent that holds is not given again.
    assert outcomes(brought(table, mapping=mapping)) == ["unchanged"]
    assert len(contact_of(people.site.id, "anna@example.org")[1]) == 1
    # Without a proof nothing changes at all.
    assert outcomes(brought("email,phone\nanna@example.org,1\n", NO_PROOF)) == ["unchanged"]


def test_an_import_runs_the_same_on_both_databases(either_database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "BATCH", 100)
    people = db.write(add_people, SEEDED_AT)
    rows = "".join(f"person{n}@example.org,Name {n},Town {n}\n" for n in range(250))
    text = "email,name,town\n" + rows + "person3@example.org,Again,x\n"
    left = db.write(contacts.upsert_confirmed, SEEDED_AT, site_id=people.site.id,
                    address=addresses.parse("person7@example.org"))  # fmt: skip
    for act in (_agree, consent.withdraw):
        db.write(act, SEEDED_AT, contact=left, method="button")
    mapping = {0: "email", 1: "name", 2: "attribute:town"}
    found = told(uploaded(people.site.id, text, mapping), PROOF)
    assert (found.dry_run["new"], found.dry_run["withdrawn"], found.dry_run["duplicate"]) == (249, 1, 1)
    started(found)
    running.due(clock.now())
    found = again(found)
    assert (found.state, found.counts) == ("done", found.dry_run)
    assert [line["row"] for line in report_of(found)] == [str(n) for n in range(1, 252)]
    with db.read() as session:
        assert contact_queries.count(session, people.site.id) == 250
        assert list(verifying.verify(session, people.site.id)) == []
        counted = select(func.count()).select_from(Contact).where(Contact.import_id == found.id)
        assert session.scalar(counted) == 249


def _agree(session: Any, now: datetime, *, contact: Contact, method: str) -> None:
    consent.record(session, now, contact=contact, action="grant", purpose="newsletter", method=method)


def test_a_paused_import_goes_on_where_it_was_and_a_cancelled_one_does_not(
    people: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "BATCH", 2)
    rows = [f"person{n}@example.org" for n in (1, 2, 3, 2, 4, 5, 6)]
    found = started(told(uploaded(people.site.id, "email\n" + "\n".join(rows)), PROOF))
    whose = {"site_id": people.site.id, "public_id": found.public_id}

    def pause_after_four(done: int, _of: int) -> None:
        if again(found).row_no == 4:
            db.write(operations.change_state, clock.now(), **whose, act="pause")

    running.work(db.write(operations.claim, clock.now(), running.worker_name()), pause_after_four)
    assert (again(found).state, again(found).row_no) == ("paused", 4)
    running.due(clock.now())
    assert again(found).row_no == 4
    db.write(operations.change_state, clock.now(), **whose, act="resume")
    running.due(clock.now())
    assert outcomes(again(found)) == ["new", "new", "new", "duplicate", "new", "new", "new"]
    assert again(found).state == "done"
    with pytest.raises(Conflict):
        db.write(operations.change_state, clock.now(), **whose, act="cancel")


def test_a_worker_that_lost_its_import_writes_nothing(people: SimpleNamespace) -> None:
    found = started(told(uploaded(people.site.id, "email\na@example.org\n"), PROOF))
    mine = db.write(operations.claim, clock.now(), "one")
    assert db.write(operations.claim, clock.now(), "another") is None
    later = clock.now() + operations.STALE * 2
    assert db.write(operations.claim, later, "another").id == found.id
    assert not db.write(operations.heard, later, import_id=mine.id, worker="one")
    assert not db.write(operations.finish, later, import_id=mine.id, worker="one")
    assert again(found).state == "running"


def test_with_a_proof_words_purpose_and_evidence_are_asked(people: SimpleNamespace, now: datetime) -> None:
    found = uploaded(people.site.id, "email\na@example.org\n")
    whose = {"site_id": people.site.id, "public_id": found.public_id}
    bare = operations.Provenance(True, "", "2999-01-01")
    with pytest.raises(Invalid) as refused:
        db.write(operations.save_provenance, clock.now(), **whose, given=bare)
    assert refused.value.fields.keys() == {"source", "collected", "statement", "purpose", "evidence"}
    with pytest.raises(Conflict):
        db.write(operations.start, clock.now(), **whose, report="x")


def test_a_file_that_is_gone_ends_the_import_with_a_sentence(people: SimpleNamespace) -> None:
    found = uploaded(people.site.id, "email\na@example.org\n")
    uploads.drop(found.stored)
    ended = told(found, PROOF)
    assert (ended.state, ended.error) == ("failed", "The file is not there any more. Upload it again.")


DOMAINS = ("Example.org", "bücher.example", "a..b", "xn--bcher-kva.example", "-x.org", "x", "localhost", "EXAMPLE.ORG.")


@settings(max_examples=60)
@given(
    st.one_of(
        st.emails(),
        st.text(max_size=20),
        st.builds("{}@{}".format, st.text("aB.+-'!é", max_size=8), st.sampled_from(DOMAINS)),
        st.sampled_from(["Info@Example.org", "POSTMASTER@example.org", "a" * 65 + "@example.org"]),
    )
)
def test_an_address_is_checked_as_everywhere_else(text: str) -> None:
    quick = rules.Addresses()
    slow = rules.parsed(text)
    # Asked twice: once anew, once with its domain remembered.
    assert [quick.parse(text.strip()), quick.parse(text.strip())] == [slow, slow]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-05-31", "2024-05-31T00:00:00+00:00"),
        ("2024-05-31T10:20:30.123Z", "2024-05-31T10:20:30+00:00"),
        ("2024/05/31 10:20", "2024-05-31T10:20:00+00:00"),
        ("2024-05-31 10:20:30+0200", "2024-05-31T08:20:30+00:00"),
        ("31.05.2024 10:20", "2024-05-31T10:20:00+00:00"),
        ("1717150830", "2024-05-31T10:20:30+00:00"),
        ("05/06/2024", None),
        ("2024-13-01", None),
        ("31.05.2024x", None),
        ("yesterday", None),
    ],
)
def test_a_time_is_read_where_it_can_mean_only_one(text: str, expected: str | None) -> None:
    found = rules.moment(text)
    assert (found and found.isoformat()) == expected


def test_columns_are_known_by_their_names_in_english_and_arabic() -> None:
    english = ["E-mail address", "First name", "Last Name", "Phone", "Language", "Tags", "Opt-in date", "Shoe size"]
    expected = ["email", "name", "name", "phone", "language", "topics", "consent_at"]
    assert rules.guess(english, []) == dict(enumerate(expected))
    arabic = ["البريد الإلكتروني", "الاسم", "رقم الهاتف", "اللغة", "تاريخ الموافقة"]
    assert rules.guess(arabic, []) == dict(enumerate(["email", "name", "phone", "language", "consent_at"]))
    assert rules.guess([], [["x", "a@example.org"], ["y", "b@example.org"]]) == {1: "email"}
