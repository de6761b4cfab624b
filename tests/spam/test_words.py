"""What a text is made of, in any script."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadcapture.spam import words


def disguised(text: str) -> list[str]:
    return words.Text(text).disguised


def test_words_are_counted_once_without_figures_and_addresses() -> None:
    text = "Call alice@example.org or +49 30 1234567 about order A1234: the Blue mug, the blue MUG!"
    assert words.words(text) == ["call", "about", "order", "the", "blue", "mug"]


def test_a_link_counts_as_its_host() -> None:
    assert words.words("see HTTPS://www.Pills.example/a?b=c") == ["link:pills.example", "see"]


@pytest.mark.parametrize(
    ("text", "counted"),
    [
        ("你好吗", {"你好", "好吗"}),
        ("在庫はありますか", {"在庫", "りま"}),
        ("อยากทราบราคา", {"รา", "คา"}),
        ("Сколько стоит доставка", {"сколько", "стоит", "доставка"}),
        ("كم سعر المنتج؟", {"كم", "سعر", "المنتج"}),
        ("मुझे कीमत चाहिए", {"मुझे", "कीमत", "चाहिए"}),
    ],
)
def test_every_script_has_words(text: str, counted: set[str]) -> None:
    assert counted <= set(words.words(text))


def test_letters_that_pass_for_others_are_found_and_read_as_those() -> None:
    assert disguised("Buy vіagra and pаypal") == ["vіagra", "pаypal"]
    assert words.words("vіagra pаypal") == ["viagra", "paypal"]


@pytest.mark.parametrize("honest", ["SMSки", "5 µmol", "Wi‑Fi для дома", "Ωmega 3", "привет hello", "Straße", "naïve"])
def test_honest_words_are_no_disguise(honest: str) -> None:
    assert disguised(honest) == []


def test_invisible_letters_hide_no_word() -> None:
    assert words.words("vi\u200bag\u00adra") == ["viagra"]


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=300))
def test_any_text_is_counted_within_bounds(text: str) -> None:
    found = words.words(text)
    assert len(found) == len(set(found)) <= words.MOST_WORDS
    assert all(0 < len(word) <= 40 for word in found)
    read = words.Text(text)
    assert all(word in read.plain for word in read.disguised)
    assert all(link in read.plain for link in read.links)
    assert read.spelled == read.spelled.strip()


def test_a_text_beyond_all_bounds_costs_no_more_than_a_long_one() -> None:
    assert words.words("spam " * 100_000 + "later") == ["spam"]
