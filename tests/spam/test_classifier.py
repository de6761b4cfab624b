"""What words say of a text, by what was taught."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from leadcapture.spam.classifier import Counts, combined, indicator, worth

NOTHING = Counts()


def test_nothing_taught_says_nothing() -> None:
    assert indicator(["any", "word"], NOTHING, NOTHING) == 0.5
    assert indicator([], NOTHING, NOTHING) == 0.5


def test_a_word_of_spam_speaks_for_spam_and_one_of_others_against_it() -> None:
    taught = Counts(10, 10, {"casino": (0, 8), "mug": (8, 0), "the": (9, 9)})
    assert worth("casino", taught, NOTHING) > 0.9
    assert worth("mug", taught, NOTHING) < 0.1
    assert worth("the", taught, NOTHING) == 0.5


def test_the_start_set_speaks_until_a_site_has_taught_otherwise() -> None:
    start = Counts(1000, 1000, {"mortgage": (1, 300)})
    assert worth("mortgage", NOTHING, start) > 0.8
    assert worth("mortgage", Counts(20, 20, {"mortgage": (15, 1)}), start) < 0.3


def test_a_language_in_which_only_spam_was_taught_does_not_become_spam() -> None:
    # Every word of it stood in most of fifty texts of spam, and nothing else was ever taught.
    taught = Counts(0, 50, dict.fromkeys(("és", "hogy", "nem", "egy", "van"), (0, 45)))
    enquiry = ["szeretném", "megkérdezni", "hogy", "mikor", "érkezik", "meg", "csomag", "és", "egy", "köszönöm"]
    assert indicator(enquiry, taught, NOTHING) < 0.8


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(st.sampled_from("abcdefgh"), st.tuples(st.integers(0, 50), st.integers(0, 50)), max_size=8),
    st.lists(st.sampled_from("abcdefghij"), unique=True),
)
def test_what_comes_out_is_a_likelihood(counted: dict[str, tuple[int, int]], text: list[str]) -> None:
    taught = Counts(50, 50, counted)
    assert all(0 < worth(word, taught, NOTHING) < 1 for word in text)
    assert 0 <= indicator(text, taught, NOTHING) <= 1


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0.01, 0.99), min_size=1, max_size=400))
def test_the_other_way_round_it_says_the_opposite(values: list[float]) -> None:
    assert abs(combined(values) + combined([1 - value for value in values]) - 1) < 1e-6
