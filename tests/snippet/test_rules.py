"""The configuration inside the loader: whatever an owner types, it stays data."""

from __future__ import annotations

import gzip
import json
import secrets
from typing import Any

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
    field = {"name": "email", "required": True, "help": None, "options": None}
    box = {"purpose": "newsletter", "statement": "I agree.", "version": "1-a", "required": False}
    described = {"slug": "newsletter", "version": 1, "intro": "", "challenge": {"salt": "x"}}
    assert rules.lean({**described, "fields": [field], "consents": [box]}) == {
        "slug": "newsletter",
        "fields": [{"name": "email", "required": True}],
        "consents": [{"purpose": "newsletter", "statement": "I agree."}],
    }


def test_forms_beyond_the_promised_size_are_left_to_be_fetched() -> None:
    forms = {f"form-{number}": {"intro": secrets.token_hex(1000)} for number in range(10)} | {"small": {"intro": "a"}}
    script = rules.snippet(LOADER, "{}", json.dumps(forms))
    carried = json.loads(script.removeprefix("begin(").removesuffix(")"))["forms"]
    assert len(gzip.compress(script.encode(), compresslevel=9)) <= rules.LARGEST
    assert "form-0" in carried
    assert "form-9" not in carried
    assert "small" in carried, "a small form still fits where a large one did not"


# ---- forms that show themselves -------------------------------------------------------------------------------------


def carried_in(script: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(script.removeprefix("begin(").removesuffix(")"))
    return found


def test_a_page_without_forms_that_show_themselves_pays_nothing_for_them() -> None:
    assert rules.snippet(LOADER, '{"site": "a"}', "{}", "[]") == 'begin({"site":"a","forms":{}})'


def test_forms_that_show_themselves_go_before_those_placed_in_pages() -> None:
    placed = [{"slug": f"popup-{number}", "where": "popup"} for number in range(3)]
    forms = {"large": {"intro": secrets.token_hex(6000)}}
    carried = carried_in(rules.snippet(LOADER, "{}", json.dumps(forms), json.dumps(placed)))
    assert carried == {"placed": placed, "forms": {}}


def test_more_of_them_than_fit_are_said_to_be_more() -> None:
    placed = [{"slug": f"popup-{number}", "urls": [secrets.token_hex(400)]} for number in range(20)]
    script = rules.snippet(LOADER, "{}", "{}", json.dumps(placed))
    carried = carried_in(script)
    assert len(gzip.compress(script.encode(), compresslevel=9)) <= rules.LARGEST
    assert 0 < len(carried["placed"]) < 20
    assert carried["more"] is True


@given(st.text(alphabet="</script>!-&\u2028\u2029\"'\\\\`*"))
def test_no_pattern_can_end_the_script(pattern: str) -> None:
    placed = [{"slug": "a", "where": "bar", "urls": [pattern]}]
    script = rules.snippet(LOADER, "{}", "{}", json.dumps(placed))
    assert carried_in(script)["placed"] == placed
    assert not set("<>&\u2028\u2029") & set(script)


@pytest.mark.parametrize(
    ("placed", "seconds"),
    [
        ([], None),
        ([{"where": "bar"}], 0),
        ([{"exit": True}, {"scroll": 50}, {"after_chat": True}], None),
        ([{"delay": 30, "exit": True}, {"delay": 5}, {"scroll": 50}], 5),
        ([{"delay": 5}, {"where": "bar"}], 0),
    ],
)
def test_the_loader_knows_how_long_to_wait_for_the_first(placed: list[dict[str, Any]], seconds: int | None) -> None:
    assert rules.first_delay(placed) == seconds
