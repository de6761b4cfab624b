"""Which words are the same, and what changed between two, for a person to read."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from leadcapture.repermission import rules

WORDS = st.lists(
    st.sampled_from(["yes", "send", "me", "the", "weekly", "news", "of", "shop", "and", "partners"]), max_size=12
)


def test_what_changed_is_said_in_phrases() -> None:
    changed = rules.change("Send me the weekly newsletter.", "Send me the newsletter and offers.")
    assert changed == rules.Change(added=["newsletter and offers."], removed=["weekly newsletter."])
    assert rules.change("Send me news.", "I agree to be called about machines.").whole


@given(WORDS, WORDS)
@settings(max_examples=40)
def test_what_is_new_stands_in_the_new_words_and_what_went_in_the_old(old: list[str], new: list[str]) -> None:
    changed = rules.change(" ".join(old), " ".join(new))
    assert all(phrase in " ".join(new) for phrase in changed.added)
    assert all(phrase in " ".join(old) for phrase in changed.removed)
    if old == new:
        assert not changed.added
        assert not changed.removed


def test_the_same_words_under_another_number_are_no_older_version() -> None:
    assert rules.older(["1-aaaaaaaaaa", "2-bbbbbbbbbb", "paper-2019"], ["9-aaaaaaaaaa"]) == [
        "2-bbbbbbbbbb",
        "paper-2019",
    ]


@given(st.integers(1, 10_000), st.integers(0, 20_000), st.integers(0, 100))
@settings(max_examples=40)
def test_no_hour_has_more_room_than_is_left_of_it(per_hour: int, asked: int, most: int) -> None:
    room = rules.room(per_hour, asked, most)
    assert 0 <= room <= most
    assert room == 0 or asked + room <= per_hour


def test_a_person_is_asked_in_a_language_that_there_is() -> None:
    assert rules.language_for("ar-EG", ["ar", "en"], "en") == "ar"
    assert rules.language_for("hu", ["ar", "en"], "ar") == "ar"
    assert rules.language_for("en", ["ar"], "en") == "ar"
