"""People known by a confirmed address: one row each, found, listed and exported."""

from __future__ import annotations

import csv
import io
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from types import SimpleNamespace

import gevent
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from leadcapture import addresses, db, jobs  # noqa: F401 the table of jobs connects the slices
from leadcapture.contacts import export, finding, operations, queries
from leadcapture.contacts.models import Contact
from leadcapture.contacts.operations import suppress as contacts_know_of_bounces
from leadcapture.contacts.rules import FORMULA, csv_cell
from leadcapture.errors import NotFound
from leadcapture.mail import operations as mail
from tests.conftest import add_people


def confirm(site, now, email: str = "alice@example.org", **values) -> Contact:
    address = addresses.parse(email)
    return db.write(operations.upsert_confirmed, now, site_id=site.id, address=address, **values)


def emails(page) -> list[str]:
    return [contact.email for contact in page[0]]


def test_two_spellings_of_an_address_are_one_contact_that_keeps_its_first_day(people, now):
    first = confirm(people.site, now, "Alice@Bücher.example", name="Alice", source="news", attributes={"size": "M"})
    again = confirm(
        people.site,
        now + timedelta(days=3),
        "alice@xn--bcher-kva.example",
        phone="+43 1 234",
        source="offline",
        attributes={"size": "", "colour": "red"},
    )
    assert again.public_id == first.public_id
    assert (again.name, again.phone, again.source) == ("Alice", "+43 1 234", "news")
    assert again.attributes == {"size": "M", "colour": "red"}
    assert again.confirmed_at == now
    assert again.updated_at == now + timedelta(days=3)


def test_a_contact_whose_address_bounced_is_shown_as_suppressed_on_that_site_alone(people, now):
    assert contacts_know_of_bounces in mail.on_suppressed
    ours, theirs = confirm(people.site, now), confirm(people.other_site, now)
    db.write(mail.suppress, now, site_id=people.site.id, email_key="alice@example.org", reason="bounce")
    with db.read() as session:
        assert queries.by_public_id(session, people.site.id, ours.public_id).status == "suppressed"
        assert queries.by_public_id(session, people.other_site.id, theirs.public_id).status == "confirmed"


def test_one_address_on_two_sites_is_two_contacts(people, now):
    assert confirm(people.site, now).public_id != confirm(people.other_site, now).public_id


def test_fifty_confirmations_at_once_make_one_contact(either_database, now):
    people = db.write(add_people, now)

    def once(number: int) -> str:
        return confirm(people.site, now, "ALICE@example.org" if number % 2 else "alice@example.org").public_id

    if either_database.sqlite:
        runs = [gevent.spawn(once, number) for number in range(50)]
        gevent.joinall(runs, raise_error=True)
        ids = {run.value for run in runs}
    else:
        with ThreadPoolExecutor(16) as pool:
            ids = set(pool.map(once, range(50)))
    assert len(ids) == 1
    with db.read() as session:
        assert session.scalar(select(func.count()).select_from(Contact)) == 1


@given(local=st.from_regex(r"[a-z][a-z0-9]{0,8}", fullmatch=True), ups=st.lists(st.booleans(), min_size=9, max_size=9))
def test_the_case_of_an_address_never_makes_another_person(local, ups):
    shouted = "".join(c.upper() if up else c for c, up in zip(local, ups, strict=False)) + local[len(ups) :]
    one, other = addresses.parse(f"{local}@example.org"), addresses.parse(f"{shouted}@EXAMPLE.org")
    assert one.key == other.key
    assert other.typed.split("@")[0] == shouted


@pytest.fixture
def known(people, now) -> SimpleNamespace:
    confirm(people.site, now, "alice@example.org", name="Alice 100% _real_")
    confirm(people.site, now, "bob@shop.example", name="Bob", phone="+43 1 555")
    confirm(people.site, now, "unal@example.org", name="Ünal")
    confirm(people.other_site, now, "charlie@example.org", name="Charlie")
    return people


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("alice", ["alice@example.org"]),
        ("ALICE", ["alice@example.org"]),
        ("shop.ex", ["bob@shop.example"]),
        ("1 555", ["bob@shop.example"]),
        ("bob shop", ["bob@shop.example"]),
        ("%", ["alice@example.org"]),
        ("_", ["alice@example.org"]),
        ("\\", []),
        ("ünal", ["unal@example.org"]),
        ("ÜNAL", ["unal@example.org"]),
        ("charlie", []),
        ("", ["unal@example.org", "bob@shop.example", "alice@example.org"]),
    ],
)
def test_search_finds_any_part_and_takes_signs_as_they_are(known, search, found):
    with db.read() as session:
        assert emails(finding.page(session, known.site.id, search=search)) == found


def test_pages_follow_one_another_without_gap_or_repeat(people, now):
    for number in range(7):
        confirm(people.site, now, f"p{number}@example.org")
    seen, before = [], None
    with db.read() as session:
        while True:
            page = finding.page(session, people.site.id, before_id=before, limit=3)
            seen += emails(page)
            before = page[1]
            if before is None:
                break
    assert seen == [f"p{number}@example.org" for number in range(6, -1, -1)]


def test_charlie_cannot_open_a_contact_of_the_site(known):
    with db.read() as session:
        alice = queries.by_email(session, known.site.id, "alice@example.org")
        assert alice is not None
        assert queries.by_public_id(session, known.site.id, alice.public_id) is alice
        with pytest.raises(NotFound):
            queries.by_public_id(session, known.other_site.id, alice.public_id)


def test_the_export_has_the_sites_contacts_and_no_others(known):
    with db.read() as session:
        rows = list(csv.DictReader(io.StringIO("".join(export.csv_rows(session, known.site.id)))))
    assert list(rows[0]) == ["email", "name", "phone", "status", "language", "confirmed_at", "source"]
    assert [row["email"] for row in rows] == ["alice@example.org", "bob@shop.example", "unal@example.org"]
    assert rows[0]["confirmed_at"] == "2026-03-04T10:30:00.000Z"
    assert rows[1]["phone"] == "'+43 1 555"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(value=st.text(max_size=40) | st.sampled_from(FORMULA).flatmap(lambda c: st.text(max_size=9).map(c.__add__)))
def test_no_cell_begins_a_formula_and_none_loses_a_character(value):
    cell = csv_cell(value)
    assert not cell.startswith(FORMULA)
    assert cell in (value, f"'{value}")
    written = io.StringIO(newline="")
    csv.writer(written).writerow([cell, "end"])
    assert next(csv.reader(io.StringIO(written.getvalue(), newline=""))) == [cell, "end"]


def test_hostile_names_are_exported_inert(people, now):
    confirm(people.site, now, "alice@example.org", name='=HYPERLINK("http://evil.example.org","x")')
    with db.read() as session:
        rows = list(csv.DictReader(io.StringIO("".join(export.csv_rows(session, people.site.id)))))
    assert rows[0]["name"] == '\'=HYPERLINK("http://evil.example.org","x")'
