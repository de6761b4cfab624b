"""What is held and what is not: no customer for how something was sent, and spam for what it says."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadcapture.sites.protection import Protection
from leadcapture.spam import rules, start, words
from leadcapture.spam.classifier import Counts
from leadcapture.spam.rules import Given
from tests.spam.texts import ENQUIRIES, SPAM

HELD_FROM = Protection().spam_threshold
NOTHING = Counts()


def score(text: str, **more: Any) -> float:
    return rules.judge(replace(Given(text), **more), NOTHING).score


@pytest.mark.parametrize("text", ENQUIRIES)
def test_an_enquiry_is_not_held_however_it_was_sent(text: str) -> None:
    assert score(text, fast=True, unproven=True) < HELD_FROM


@pytest.mark.parametrize("text", SPAM)
def test_spam_that_a_program_sends_is_held(text: str) -> None:
    assert score(text, fast=True, unproven=True) >= HELD_FROM


def test_most_spam_is_held_by_what_it_says_alone() -> None:
    assert sum(score(text) >= HELD_FROM for text in SPAM) >= len(SPAM) * 2 // 3


@pytest.mark.parametrize(
    "several", [some for many in range(4) for some in itertools.combinations(("fast", "unproven", "disposable"), many)]
)
def test_how_something_was_sent_holds_nothing_by_itself(several: tuple[str, ...]) -> None:
    shouted = "PLEASE SEND ME THE PRICE OF THE LARGE GREEN WINDOW"
    assert score(shouted, **dict.fromkeys(several, True)) < HELD_FROM


@pytest.mark.parametrize(
    ("given_", "reason"),
    [
        (Given("", name="Visit https://pills.example"), "name_link"),
        (Given("a https://a.example b https://b.example c https://c.example"), "links"),
        (Given("look https://bit.ly/x"), "shortener"),
        (Given("[url=x]y[/url]"), "markup"),
        (Given("We BUY, CHEAP   VIAGRA"), "phrases"),
        (Given("buy сheap рills"), "disguised"),
        (Given("THIS IS WRITTEN IN CAPITALS"), "capitals"),
        (Given("The same forty characters, from others too.", repeated=2), "repeated"),
        (Given("x", fast=True), "fast"),
        (Given("x", unproven=True), "unproven"),
        (Given("x", disposable=True), "disposable"),
    ],
)
def test_each_reason_is_named(given_: Given, reason: str) -> None:
    assert reason in rules.judge(given_, NOTHING).reasons


def test_a_link_in_the_name_is_held() -> None:
    assert score("Hello", name="Win now https://pills.example") >= HELD_FROM


def test_a_name_that_is_a_company_with_a_domain_is_not() -> None:
    assert score("I would like a quote for chairs.", name="bakery.com Ltd") < HELD_FROM


def test_links_to_the_site_itself_say_nothing() -> None:
    text = " ".join(f"https://www.shop.example.org/mug/{number}" for number in range(6))
    assert score(text) > score(text, own=frozenset({"shop.example.org"}))
    assert rules.judge(Given(text, own=frozenset({"shop.example.org"})), NOTHING).reasons == []
    assert rules.judge(
        Given("https://evilshop.example.org/", own=frozenset({"shop.example.org"})), NOTHING
    ).reasons == ["link"]


def test_what_five_others_have_sent_is_held() -> None:
    text = "We are the friendly people of the street and we greet you."
    assert score(text, repeated=0) < 0.5
    assert score(text, repeated=5) >= HELD_FROM


def test_the_same_text_is_held_after_one_click() -> None:
    text = (
        "Dear manager, our factory in the north makes steel pipes of all kinds and sizes for your projects. We deliver "
        "worldwide within ten days and would be glad to become your partner for pipes, valves and flanges."
    )
    assert score(text) < 0.5
    taught = Counts(0, 1, dict.fromkeys(words.words(text), (0, 1)))
    assert rules.judge(Given(text), taught).score >= HELD_FROM
    for enquiry in ENQUIRIES:
        assert rules.judge(Given(enquiry, fast=True, unproven=True), taught).score < HELD_FROM


def test_what_was_let_go_twice_is_let_through() -> None:
    text = SPAM[3]
    assert score(text) >= 0.8
    taught = Counts(2, 0, dict.fromkeys(words.words(text), (2, 0)))
    assert rules.judge(Given(text), taught).score < 0.8


def test_no_phrase_is_what_the_start_set_or_an_enquiry_says() -> None:
    said = [f" {words.Text(text).spelled} " for text in ENQUIRIES]
    assert not [phrase for phrase in start.phrases() if any(phrase in text for text in said)]
    assert len(set(start.phrases())) == len(start.phrases())


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=200), st.text(max_size=40))
def test_whatever_is_sent_is_judged(text: str, name: str) -> None:
    verdict = rules.judge(Given(text, name=name), NOTHING)
    assert 0 <= verdict.score <= 1
    assert set(verdict.reasons) <= {*rules.SIGNALS, "words"}
