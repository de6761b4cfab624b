"""Where and when a form shows itself: what an owner sets, what is kept of it, and what the browser is told."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from leadcapture.forms import placement
from leadcapture.forms.placement import PlacementForm, matches, normal, patterns_of, placement_of, public

VECTORS = json.loads((Path(__file__).parent / "placement_vectors.json").read_text(encoding="utf-8"))
NOW = datetime(2026, 3, 4, 10, 30, tzinfo=UTC)
POPUP = {"where": "popup", "delay": "5"}

paths = st.text(alphabet="ab/.?=%2e", max_size=12).map(lambda text: "/" + text)
patterns = st.text(alphabet="ab/.?=*", max_size=10).map(lambda text: "/" + text)


def filled(**fields: str) -> PlacementForm:
    form = PlacementForm(MultiDict(fields))
    form.validate()
    return form


# ---- patterns of pages ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: f"{vector['pattern']} {vector['page']}")
def test_patterns_mean_here_what_they_mean_in_the_browser(vector: dict[str, Any]) -> None:
    assert normal(vector["pattern"]) == vector["told"]
    assert matches(vector["pattern"], vector["page"]) is vector["matches"]
    assert matches(vector["told"], vector["page"]) is vector["matches"], "told twice is told once"


@settings(max_examples=60, deadline=None)
@given(patterns, paths)
def test_a_star_stands_for_anything_and_all_else_for_itself(pattern: str, page: str) -> None:
    def spelled(text: str) -> str:
        return re.sub("%[0-9a-fA-F]{2}", lambda escape: escape[0].upper(), text)

    meant = ".*".join(re.escape(piece) for piece in spelled(pattern).split("*"))
    subject = spelled(page if "?" in pattern else page.split("?")[0])
    assert matches(pattern, page) == bool(re.fullmatch(meant, subject))


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=40))
def test_any_text_is_a_pattern_in_plain_ascii_that_means_itself(text: str) -> None:
    try:
        told = normal(text)
    except UnicodeEncodeError:  # a lone surrogate, which the cleaning of the field takes away
        return
    assert told.isascii()
    assert normal(told) == told
    if "*" not in text:
        assert matches(text, told)


def test_a_hostile_pattern_is_answered_at_once() -> None:
    began = datetime.now(UTC)
    assert not matches("*a" * 400 + "b", "/" + "a" * 20_000)
    assert datetime.now(UTC) - began < timedelta(seconds=1)


def test_patterns_are_read_one_a_line_and_of_addresses_their_path() -> None:
    typed = " /shop/* \n\nhttps://shop.example.org/sale?x=1#top\nhttps://shop.example.org/\n/shop/*\n#top\n"
    assert patterns_of(typed) == ["/shop/*", "/sale?x=1", "/"]


# ---- what an owner sets ---------------------------------------------------------------------------------------------


def test_what_was_set_is_kept_and_shown_again() -> None:
    form = filled(
        menu="on",
        where="slide",
        delay="0",
        scroll="50",
        exit="on",
        after_chat="on",
        visits="2",
        urls="/shop/*\r\n/",
        not_urls="/checkout*",
        every_days="0",
        most="1",
        starts="2026-12-01T10:00",
        ends="2026-12-24T23:59",
    )
    assert form.errors == {}
    kept = placement_of(form)
    assert kept == {
        "menu": True,
        "where": "slide",
        "delay": 0,
        "scroll": 50,
        "exit": True,
        "after_chat": True,
        "visits": 2,
        "urls": ["/shop/*", "/"],
        "not_urls": ["/checkout*"],
        "every_days": 0,
        "most": 1,
        "starts": "2026-12-01T10:00",
        "ends": "2026-12-24T23:59",
    }
    json.dumps(kept)
    shown = PlacementForm(None, data=kept)
    assert placement_of(shown) == kept
    assert "/shop/*\n/" in str(shown.urls())
    assert 'value="2026-12-01T10:00' in str(shown.starts())


def test_who_sets_nothing_gets_a_form_that_shows_itself_nowhere() -> None:
    assert placement_of(PlacementForm(None, data=None)) == placement.NOTHING
    form = filled(where="none", delay="", every_days="", most="", urls="", starts="")
    assert form.errors == {}
    assert placement_of(form) == placement.NOTHING


@pytest.mark.parametrize(
    ("fields", "at"),
    [
        ({"where": "popup"}, "delay"),
        ({"where": "slide", "visits": "2"}, "delay"),
        ({"where": "everywhere"}, "where"),
        ({**POPUP, "delay": "-1"}, "delay"),
        ({**POPUP, "delay": "soon"}, "delay"),
        ({**POPUP, "scroll": "101"}, "scroll"),
        ({**POPUP, "visits": "0"}, "visits"),
        ({**POPUP, "most": "0"}, "most"),
        ({**POPUP, "every_days": "366"}, "every_days"),
        ({**POPUP, "urls": "shop/*"}, "urls"),
        ({**POPUP, "urls": "/x" * 1000}, "urls"),
        ({**POPUP, "urls": "/cart", "not_urls": "/ca*"}, "not_urls"),
        ({**POPUP, "starts": "tomorrow"}, "starts"),
        ({**POPUP, "starts": "2026-12-02T10:00", "ends": "2026-12-02T10:00"}, "ends"),
    ],
)
def test_what_cannot_be_meant_is_said_at_its_field(fields: dict[str, str], at: str) -> None:
    form = filled(**fields)
    assert list(form.errors) == [at]
    assert all(str(sentence).endswith(".") for sentence in form.errors[at])


def test_a_bar_may_stand_there_from_the_beginning() -> None:
    assert filled(where="bar").errors == {}


# ---- what the browser is told ---------------------------------------------------------------------------------------


def kept(**more: Any) -> dict[str, Any]:
    return {**placement.NOTHING, "where": "popup", "delay": 5, **more}


def test_the_browser_is_told_what_is_set_and_no_more() -> None:
    assert public(kept(), NOW, "Europe/Budapest") == {"where": "popup", "delay": 5}
    told = public(kept(delay=0, exit=True, visits=1, urls=["/über*"]), NOW, "UTC")
    assert told == {"where": "popup", "delay": 0, "exit": True, "urls": ["/%C3%BCber*"]}
    assert public(kept(every_days=0, most=1), NOW, "UTC") == {"where": "popup", "delay": 5, "every_days": 0, "most": 1}


def test_a_form_that_shows_itself_nowhere_is_not_told_of() -> None:
    assert public(None, NOW, "UTC") is None
    assert public({**placement.NOTHING, "menu": True}, NOW, "UTC") is None


@pytest.mark.parametrize(
    ("dates", "told"),
    [
        ({"ends": "2026-03-04T11:30"}, None),  # 10:30 in UTC: this very moment
        ({"ends": "2026-03-04T11:31"}, {"ends": "2026-03-04T10:31:00Z"}),
        ({"starts": "2026-03-04T11:30"}, {}),
        ({"starts": "2026-03-05T11:30"}, {"starts": "2026-03-05T10:30:00Z"}),
        ({"starts": "2026-03-05T11:31"}, None),
    ],
)
def test_dates_are_those_of_the_sites_clocks(dates: dict[str, str], told: dict[str, str] | None) -> None:
    found = public(kept(**dates), NOW, "Europe/Budapest")
    if told is None:
        assert found is None
    else:
        assert found == {"where": "popup", "delay": 5, **told}
