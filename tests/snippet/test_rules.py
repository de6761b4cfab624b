"""The configuration inside the loader: whatever an owner types, it stays data."""

from __future__ import annotations

import gzip
import json
import secrets

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


LOADER = "begin(__LEADCAPTURE_CONFIG__)"


def test_the_configuration_stands_where_the_loader_expects_it() -> None:
    assert rules.snippet(LOADER, '{"site": "a"}', "{}") == 'begin({"site":"a","forms":{}})'


def test_a_loader_without_a_place_for_its_configuration_is_refused() -> None:
    with pytest.raises(ValueError, match="exactly once"):
        rules.snippet("begin()", "{}", "{}")


def test_a_name_that_looks_like_the_placeholder_stays_a_name() -> None:
    script = rules.snippet(LOADER, json.dumps({"name": rules.PLACEHOLDER}), "{}")
    assert script == 'begin({"name":"__LEADCAPTURE_CONFIG__","forms":{}})'


def test_a_challenge_never_travels_with_the_loader() -> None:
    assert rules.without_challenge({"slug": "newsletter", "challenge": {"salt": "x"}}) == {"slug": "newsletter"}


def test_forms_beyond_the_promised_size_are_left_to_be_fetched() -> None:
    forms = {f"form-{number}": {"intro": secrets.token_hex(1000)} for number in range(10)} | {"small": {"intro": "a"}}
    script = rules.snippet(LOADER, "{}", json.dumps(forms))
    carried = json.loads(script.removeprefix("begin(").removesuffix(")"))["forms"]
    assert len(gzip.compress(script.encode(), compresslevel=9)) <= rules.LARGEST
    assert "form-0" in carried
    assert "form-9" not in carried
    assert "small" in carried, "a small form still fits where a large one did not"
