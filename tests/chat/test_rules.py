from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadcapture.chat import protocol, rules
from leadcapture.errors import Invalid

NOW = datetime(2026, 3, 4, 10, 30, tzinfo=UTC)
TYPESCRIPT = (Path(__file__).parents[2] / "widget" / "src" / "protocol.ts").read_text(encoding="utf-8")


def words(name: str) -> tuple[str, ...]:
    found = re.search(rf"export const {name} = \[(.*?)\] as const", TYPESCRIPT, re.DOTALL)
    assert found is not None, f"{name} is not in protocol.ts"
    return tuple(re.findall(r'"([^"]+)"', found[1]))


@pytest.mark.parametrize(
    "name",
    [
        "VISITOR_EMITS",
        "VISITOR_HEARS",
        "OPERATOR_EMITS",
        "OPERATOR_HEARS",
        "AUTHOR_KINDS",
        "OPERATOR_MESSAGE_KINDS",
        "ERROR_CODES",
    ],
)
def test_browser_and_service_use_the_same_words(name: str) -> None:
    assert words(name) == getattr(protocol, name)


def test_browser_and_service_agree_on_statuses_and_the_longest_message() -> None:
    assert words("CONVERSATION_STATUSES") == rules.STATUSES
    limit = re.search(r"MESSAGE_LIMIT = (\d+)", TYPESCRIPT)
    assert limit is not None
    assert int(limit[1]) == rules.LONGEST_MESSAGE


def test_line_breaks_stay_and_control_characters_go() -> None:
    assert rules.clean_body(" \x00Hello\x07\r\nworld\x1b[31m\ttab\x85 ") == "Hello\nworld[31m\ttab"


def test_a_message_of_4000_characters_is_taken_and_one_more_is_not() -> None:
    assert len(rules.clean_body("ä" * 4000)) == 4000
    with pytest.raises(Invalid) as refused:
        rules.clean_body("ä" * 4001)
    assert refused.value.code == "too_long"


@pytest.mark.parametrize("blank", ["", "  \n ", "\x00\x01", "\r\n"])
def test_a_message_without_text_is_refused(blank: str) -> None:
    with pytest.raises(Invalid) as refused:
        rules.clean_body(blank)
    assert refused.value.code == "bad_request"


def test_a_closed_conversation_is_over_after_seven_quiet_days() -> None:
    assert not rules.is_over("closed", NOW - timedelta(days=6, hours=23), NOW)
    assert rules.is_over("closed", NOW - timedelta(days=7, seconds=1), NOW)
    assert not rules.is_over("unanswered", NOW - timedelta(days=400), NOW)


@pytest.mark.parametrize(
    ("before", "available", "after"),
    [
        ("waiting", True, "waiting"),
        ("active", False, "active"),
        ("unanswered", False, "unanswered"),
        ("unanswered", True, "waiting"),
        ("closed", True, "waiting"),
        ("closed", False, "waiting"),
    ],
)
def test_where_a_visitors_message_leads(before: str, available: bool, after: str) -> None:
    assert rules.after_visitor_message(before, available=available) == after


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
fields_of = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(("client_id", "body", "page", "seq", "stars", "comment", "available", "kind"), anything),
)


@given(anything | fields_of)
def test_whatever_is_sent_is_read_or_refused_and_nothing_else(payload: object) -> None:
    for parse in (
        protocol.incoming,
        protocol.rating,
        lambda given: protocol.seq(protocol.fields(given), "seq"),
        lambda given: protocol.flag(protocol.fields(given), "available"),
        lambda given: protocol.choice(protocol.fields(given), "kind", ("reply", "note"), "reply"),
    ):
        with suppress(Invalid):
            parse(payload)


def test_only_web_addresses_count_as_pages() -> None:
    assert protocol.page_address({"page": "javascript:alert(1)"}) == ""
    assert protocol.page_address({"page": "https://shop.example.org/a b\n"}) == "https://shop.example.org/a b"
