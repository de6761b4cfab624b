"""A subscription: one statement, or topics of which each is a purpose of its own."""

from __future__ import annotations

import pytest

from leadcapture.forms import kinds, operations
from tests.consent.spoken import spoken

TOPICS = kinds.by_name("subscription").presets["topics"].settings


@pytest.fixture
def topics(make_form):
    return make_form("subscription", slug="topics", **TOPICS)


def agreed() -> set[tuple[str, str]]:
    return {(one.purpose, one.statement) for one in spoken()}


def test_each_topic_is_a_box_of_its_own_and_none_is_ticked(topics, visitor):
    described = visitor.describe("topics").json
    assert [(one["purpose"], one["required"]) for one in described["consents"]] == [("news", False), ("sales", False)]
    assert described["notice"] is None


def test_only_what_was_ticked_is_agreed_to_word_for_word(topics, visitor, confirm):
    assert visitor.send("topics", email="erin@example.net", consent=["sales"]).status_code == 202
    confirm("erin@example.net")
    assert agreed() == {("sales", "Write to me when a sale begins. I can withdraw this at any time.")}


def test_without_any_topic_nothing_is_asked_of_us(topics, visitor):
    answer = visitor.send("topics", email="erin@example.net", consent=[])
    assert answer.status_code == 422
    assert answer.json["error"]["fields"] == {"consent": ["Tick at least one."]}
    unknown = visitor.send("topics", email="erin@example.net", consent=["newsletter"])
    assert unknown.status_code == 422


def test_the_words_of_a_topic_are_those_of_the_visitors_language(topics, visitor, confirm):
    visitor.send("topics", email="erin@example.net", consent=["news"], lang="ar")
    confirm("erin@example.net")
    ((_purpose, statement),) = agreed()
    assert "المتجر" in statement


def test_the_welcome_comes_after_the_confirmation_and_has_the_ways_to_leave(make_form, visitor, confirm, letters):
    make_form("subscription", slug="letter", texts={"en": {"welcome": "Glad that you are here."}})
    visitor.send("letter", email="erin@example.net", name="Erin", consent="newsletter")
    assert letters("erin@example.net") == []
    confirm("erin@example.net")
    confirm("erin@example.net")
    (welcome,) = letters("erin@example.net")
    assert "Glad that you are here." in welcome.text
    assert "Hello Erin," in welcome.text
    assert welcome.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert "/unsubscribe/" in welcome.text


def test_an_owner_may_do_without_the_welcome(make_form, visitor, confirm, letters):
    make_form("subscription", slug="letter", send_welcome=False)
    visitor.send("letter", email="erin@example.net", consent="newsletter")
    confirm("erin@example.net")
    assert letters("erin@example.net") == []


def test_a_topic_without_words_cannot_be_published(make_form, people):
    form = make_form("subscription", publish=False, topics=[{"id": "a", "name": "news", "statement": {}}])
    assert operations.obstacles(form, people.site) == ["It does not say what people agree to."]


@pytest.mark.parametrize("preset", sorted(kinds.by_name("subscription").presets))
def test_every_ready_template_can_be_published_as_it_is(make_form, preset):
    settings = kinds.by_name("subscription").presets[preset].settings
    assert make_form("subscription", slug=preset, **settings).published
