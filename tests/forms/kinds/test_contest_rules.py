"""What counts as one address, how far a contest is, how its times and names read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadcapture import i18n
from leadcapture.forms.kinds.contest import rules

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("address", "counts_as"),
    [
        ("Anna@Example.org", "anna@example.org"),
        ("anna+win@example.org", "anna@example.org"),
        ("a.n.na@gmail.com", "anna@gmail.com"),
        ("a.nna+x@googlemail.com", "anna@gmail.com"),
        ("a.nna@example.org", "a.nna@example.org"),
        ("+anna@example.org", "+anna@example.org"),
        ("...@gmail.com", "...@gmail.com"),
    ],
)
def test_spellings_of_one_mailbox_count_once(address: str, counts_as: str) -> None:
    assert rules.entry_address(address, tags=True, dotless=rules.DOTLESS) == counts_as


def test_what_the_owner_does_not_fold_stays_apart() -> None:
    assert rules.entry_address("a.nna+win@gmail.com", tags=False, dotless=()) == "a.nna+win@gmail.com"
    assert rules.entry_address("a.nna+win@gmail.com", tags=True, dotless=()) == "a.nna@gmail.com"
    assert rules.domains("gmail.com,  @Mail.example\n\n") == ["gmail.com", "mail.example"]


local_parts = st.text("abcXYZ.+-_", min_size=1, max_size=12)


@settings(max_examples=60)
@given(local=local_parts, domain=st.sampled_from(["gmail.com", "googlemail.com", "example.org"]), tags=st.booleans())
def test_counting_again_changes_nothing(local: str, domain: str, tags: bool) -> None:
    once = rules.entry_address(f"{local}@{domain}", tags=tags, dotless=rules.DOTLESS)
    assert rules.entry_address(once, tags=tags, dotless=rules.DOTLESS) == once
    assert once.partition("@")[0], "nobody is folded into nothing"
    assert rules.entry_address(f"{local}@{domain}".upper(), tags=tags, dotless=rules.DOTLESS) == once


@pytest.mark.parametrize(
    ("facts", "phase"),
    [
        ({"published": False, "opened": False}, "draft"),
        ({"published": True, "opens": NOON + timedelta(hours=1)}, "committed"),
        ({"published": True, "opens": NOON}, "open"),
        ({"published": True, "opens": None}, "open"),
        ({"published": False, "opened": True}, "open"),
        ({"published": True, "closes": NOON}, "closing"),
        ({"published": False, "opened": False, "closes": NOON}, "draft"),
        ({"published": True, "state": "closed", "closes": NOON}, "closed"),
        ({"published": False, "state": "drawn", "closes": NOON}, "drawn"),
    ],
)
def test_a_contest_is_as_far_as_the_clock_and_its_owner_brought_it(facts: dict, phase: str) -> None:
    given_ = {"state": "open", "opened": False, "opens": None, "closes": NOON + timedelta(days=1), "now": NOON, **facts}
    assert rules.phase(**given_) == phase


def test_times_are_meant_on_the_clocks_of_the_site() -> None:
    settings_ = {"opens": "2026-12-01T10:00", "closes": "2026-12-24T18:00", "prizes": [{"name": {}, "count": None}]}
    terms = rules.terms_of("frm_1", settings_, "Europe/Berlin")
    assert (terms["opens"], terms["closes"]) == ("2026-12-01T09:00:00Z", "2026-12-24T17:00:00Z")
    assert rules.moment(terms["closes"]) == datetime(2026, 12, 24, 17, tzinfo=UTC)
    assert "6:00" in rules.when(rules.moment(terms["closes"]), "Europe/Berlin")
    with i18n.speaking("ar"):
        assert "ديسمبر" in rules.when(NOON, "Europe/Berlin")


@pytest.mark.parametrize(
    ("name", "shown"), [("Anna Berg", "Anna B."), ("Anna Maria Berg", "Anna B."), ("Anna", "A…"), ("", "")]
)
def test_a_winner_is_shown_by_first_name_and_initial(name: str, shown: str) -> None:
    assert rules.masked(name) == shown
