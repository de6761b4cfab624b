"""The configuration inside the loader: whatever an owner types, it stays data."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadcapture.snippet import rules


@given(st.text())
def test_any_text_comes_through_the_script_unchanged(text: str) -> None:
    assert json.loads(rules.script_json({"name": text}))["name"] == text


@given(st.text(alphabet="<>&/!-\u2028\u2029script"))
def test_no_text_can_end_the_script_or_a_line_of_it(text: str) -> None:
    assert not set("<>&\u2028\u2029") & set(rules.script_json({"name": text}))


def test_the_configuration_stands_where_the_loader_expects_it() -> None:
    assert rules.snippet("begin(__LEADCAPTURE_CONFIG__)", {"site": "a"}) == 'begin({"site":"a"})'


def test_a_loader_without_a_place_for_its_configuration_is_refused() -> None:
    with pytest.raises(ValueError, match="exactly once"):
        rules.snippet("begin()", {})


def test_a_name_that_looks_like_the_placeholder_stays_a_name() -> None:
    script = rules.snippet("begin(__LEADCAPTURE_CONFIG__)", {"name": rules.PLACEHOLDER})
    assert script == 'begin({"name":"__LEADCAPTURE_CONFIG__"})'


def test_a_challenge_never_travels_with_the_loader() -> None:
    config = rules.loader_config(
        base="https://chat.example.org",
        key="site_a",
        name="Demo shop",
        language="en",
        accent="#0b6b5d",
        accent_text="#ffffff",
        position="end",
        available=False,
        panel="/static/panel-1.js",
        launcher={"en": "Chat with us"},
        forms={"newsletter": {"slug": "newsletter", "challenge": {"salt": "x"}}},
    )
    assert config["forms"] == {"newsletter": {"slug": "newsletter"}}
