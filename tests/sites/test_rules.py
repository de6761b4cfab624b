"""What an owner may set about a site."""

from __future__ import annotations

import pytest

from leadcapture.sites import rules


@pytest.mark.parametrize(
    ("typed", "spans"),
    [
        ("9-12, 13:00-17:30", [["09:00", "12:00"], ["13:00", "17:30"]]),
        ("13-17; 9–12", [["09:00", "12:00"], ["13:00", "17:00"]]),
        ("", []),
        (" , ", []),
        ("0-24", [["00:00", "24:00"]]),
    ],
)
def test_hours_are_read_as_people_write_them(typed: str, spans: list[list[str]]) -> None:
    assert rules.parse_spans(typed) == spans
    assert rules.problems({"hours": {"mon": spans}}) == {}


@pytest.mark.parametrize("typed", ["17-9", "9-9", "9-12, 11-14", "9-25", "soon", "9", "9:75-10", "-", "24:00-24:00"])
def test_hours_that_cannot_be_are_named(typed: str) -> None:
    assert rules.problems({"hours": {"mon": rules.parse_spans(typed)}})["hours"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("name", "  "),
        ("name", "x" * 121),
        ("allowed_origins", ["https://shop.example.org/path"]),
        ("allowed_origins", ["shop.example.org"]),
        ("timezone", "Mars/Olympus"),
        ("language", "xx"),
        ("accent", "#fff"),
        ("accent", "red"),
        ("accent", "#ffffff;x"),
        ("position", "middle"),
        ("reply_time", "never"),
        ("privacy_url", "javascript:alert(1)"),
        ("privacy_url", "shop.example.org"),
    ],
)
def test_what_cannot_be_used_is_said_at_its_field(name: str, value: object) -> None:
    assert list(rules.problems({name: value})) == [name]


@pytest.mark.parametrize("accent", ["#000000", "#ffffff", "#0b6b5d", "#ffcc00", "#777777", "#1e90ff", "#e91e63"])
def test_text_on_any_accent_can_be_read(accent: str) -> None:
    assert rules.contrast(accent, rules.text_on(accent)) >= 4.5
