"""Finding contacts: by any part of name, address or phone number, whatever its capitals, accents and Arabic marks; as
quickly among a million as among ten, and never who was erased."""

from __future__ import annotations

import csv
import io
import itertools
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, text, update

from leadcapture import addresses, db
from leadcapture.chat import forgetting
from leadcapture.consent import queries as consent
from leadcapture.consent.models import Agreement
from leadcapture.contacts import export, finding, operations
from leadcapture.contacts.models import Contact
from leadcapture.folding import folded
from leadcapture.privacy import erasing
from tests.conftest import add_people

numbers = itertools.count(1)
NAMES = (
    "Zoë Weiß",
    "ÜNAL Öztürk",
    "مُحَمَّد الأحمد",
    "Мария Иванова",
    "李明",
    "O'Hara",
    "100% _real_",
    "",
    "e\u0301va",
    "Søren",
)


def add(site: Any, now: datetime, name: str, email: str = "", phone: str = "") -> int:
    address = addresses.parse(email or f"person{next(numbers)}@example.org")
    made = db.write(operations.upsert_confirmed, now, site_id=site.id, address=address, name=name, phone=phone)
    return int(made.id)


@pytest.fixture
def somebody(either_database: db.Database, now: datetime) -> SimpleNamespace:
    return db.write(add_people, now)


def found(site: Any, search: str, **more: Any) -> list[int]:
    with db.read() as session:
        return [contact.id for contact in finding.page(session, site.id, search=search, **more)[0]]


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where many come into question, so that the index has to lead to them."""
    monkeypatch.setattr(finding, "FEW", 0)


# What is typed, and which of NAMES it finds.
SEARCHES = {
    "zoe": 0, "WEIß": 0, "weiss": None, "oë we": 0, "unal": 1, "OZTURK": 1, "محمد": 2, "الاحمد محمد": 2, "МАРИЯ": 3,
    "明": 4, "李明": 4, "'h": 5, "%": 6, "_re": 6, "0%": 6, "éva": 8, "eva": 8, "søren": 9, "\\": None, '"': None,
    "zq": None, "q": None, "nobody": None, "a\0b": None, "* OR -": None,
}  # fmt: skip


def test_whatever_is_typed_finds_who_is_meant(
    somebody: SimpleNamespace, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [add(somebody.site, now, name) for name in NAMES]
    add(somebody.other_site, now, "Zoë 李明")
    for few in (0, finding.FEW):
        monkeypatch.setattr(finding, "FEW", few)
        got = {search: found(somebody.site, search) for search in SEARCHES}
        assert got == {search: [] if whose is None else [people[whose]] for search, whose in SEARCHES.items()}


ALPHABET = st.sampled_from("abzABZ019 .@%_'\"*+-éÉüÜñßøØłçأاإآةهىيمحدًُّАбЖяΩωΣς明李")
TEXTS = st.text(ALPHABET, max_size=12)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=6), search=st.text(ALPHABET, max_size=6))
def test_the_index_finds_whom_a_plain_scan_finds(
    somebody: SimpleNamespace, now: datetime, names: list[tuple[str, str]], search: str
) -> None:
    db.write(lambda session: session.execute(delete(Contact)))
    said = {}
    for name, phone in names:
        email = f"person{next(numbers)}@example.org"
        said[add(somebody.site, now, name, email, phone)] = f"{name} {email} {phone}"
    meant = [one for one, text in said.items() if all(word in folded(text) for word in folded(search).split())]
    few = finding.FEW
    for finding.FEW in (0, few):
        assert found(somebody.site, search) == sorted(meant, reverse=True)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(TEXTS)
def test_the_database_folds_as_we_do(somebody: SimpleNamespace, text_given: str) -> None:
    with db.read() as session:
        assert session.scalar(text("SELECT search_fold(:given)"), {"given": text_given}) == folded(text_given)


def test_who_is_renamed_or_erased_is_found_as_they_are_now(
    somebody: SimpleNamespace, now: datetime, many: None
) -> None:
    one, other = add(somebody.site, now, "Erin Hedgehog"), add(somebody.site, now, "Bob Hedgehog")
    change = update(Contact).where(Contact.id == one).values(name="Erin Kettle", email="kettle@example.org")
    db.write(lambda session: session.execute(change))
    assert (found(somebody.site, "hedgehog"), found(somebody.site, "kettle@")) == ([other], [one])
    db.write(lambda session: session.execute(delete(Contact).where(Contact.id == one)))
    assert found(somebody.site, "kettle") == []
    with db.read() as session:
        assert session.scalar(text("SELECT count(*) FROM contact_words WHERE words LIKE '%kettle%'")) == 0


def test_pages_of_a_search_follow_each_other(somebody: SimpleNamespace, now: datetime, many: None) -> None:
    people = [add(somebody.site, now, f"Erin {number}") for number in range(5)][::-1]
    add(somebody.other_site, now, "Erin elsewhere")
    with db.read() as session:
        first, before = finding.page(session, somebody.site.id, search="erin", limit=3)
        rest, end = finding.page(session, somebody.site.id, search="erin", limit=3, before_id=before)
    assert [contact.id for contact in [*first, *rest]] == people
    assert end is None


def test_status_consent_and_search_narrow_together(somebody: SimpleNamespace, now: datetime, many: None) -> None:
    people = [add(somebody.site, now, "Erin" if number % 2 else "Bob") for number in range(8)]
    left = update(Contact).where(Contact.id.in_(people[4:])).values(status="unsubscribed")
    agreed = [
        Agreement(contact_id=one, purpose="news", site_id=somebody.site.id, version=f"{one % 2}-x", seq=one, at=now)
        for one in people[2:6]
    ]
    db.write(lambda session: (session.execute(left), session.add_all(agreed)))
    versions = ["0-x", "1-x"]
    for status, search, before in itertools.product(
        (None, "confirmed", "unsubscribed"), ("", "erin"), (None, people[5])
    ):
        with db.read() as session:
            among = consent.newest_who_agree(
                session, somebody.site.id, "news", versions, before_id=before, limit=finding.FEW + 1
            )
            where = consent.who_agrees("news", versions)
            got = found(somebody.site, search, status=status, where=where, among=among, before_id=before)
        meant = [
            one
            for number, one in enumerate(people)
            if 2 <= number < 6
            and (not search or number % 2)
            and (status is None or (status == "unsubscribed") == (number >= 4))
            and (before is None or one < before)
        ]
        assert got == meant[::-1], (status, search, before)


def test_both_databases_export_the_same_bytes(somebody: SimpleNamespace, now: datetime) -> None:
    hostile = ("=1+1", "@SUM(A1)", "＝1", 'say "hi", Bob', "two\nlines", "a,b", "", "\\.", "ليلى", "+49 30 1")
    for number, name in enumerate(hostile):
        add(somebody.site, now + timedelta(milliseconds=number * 7), name, f"p{number}@example.org", phone="+43 1")
    with db.read() as session:
        file = "".join(export.csv_rows(session, somebody.site.id))
    rows = list(csv.reader(io.StringIO(file, newline="")))
    assert rows[0] == list(export.COLUMNS)
    assert [row[1] for row in rows[1:]] == [f"'{one}" if one[:1] in ("=", "@", "＝", "+") else one for one in hostile]
    assert {row[2] for row in rows[1:]} == {"'+43 1"}
    assert rows[2][5] == "2026-03-04T10:30:00.007Z"
    written = io.StringIO()
    csv.writer(written, lineterminator="\r\n").writerows(rows)
    assert [line for line in file.split("\r\n") if "\\." not in line] == [
        line for line in written.getvalue().split("\r\n") if "\\." not in line
    ]


def test_of_who_is_erased_nothing_stays_in_the_index_not_even_three_letters(
    database: db.Database, people: SimpleNamespace, now: datetime
) -> None:
    add(people.site, now, "Somebody Else")
    erased = add(people.site, now, "Qxjqxj")
    assert b"qxj" in _index_bytes()
    with db.read() as session:
        contact = session.get_one(Contact, erased)
    db.write(erasing.erase, now, contact=contact, reason="person")
    forgetting.purge_index(now)
    assert b"qxj" not in _index_bytes()
    assert len(found(people.site, "somebody")) == 1


def _index_bytes() -> bytes:
    with db.read() as session:
        return b"".join(session.scalars(text("SELECT block FROM contact_search_data")))
