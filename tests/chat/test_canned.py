"""Canned replies: what may be saved, and whose they are."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadcapture import db
from leadcapture.chat import canned
from leadcapture.errors import Invalid, NotFound


def add(people: SimpleNamespace, now: Any, shortcut: str, body: str = "Hello", site: Any = None) -> str:
    return db.write(canned.add, now, site_id=(site or people.site).id, shortcut=shortcut, body=body)


def replies(people: SimpleNamespace, site: Any = None) -> list[tuple[str, str]]:
    with db.read() as session:
        return [(reply.shortcut, reply.body) for reply in canned.of_site(session, (site or people.site).id)]


def problems(shortcut: str, body: str) -> dict[str, list[str]]:
    with pytest.raises(Invalid) as refused:
        canned.checked(shortcut, body)
    return refused.value.fields


def test_a_shortcut_is_kept_in_small_letters_without_its_slash() -> None:
    assert canned.checked(" /Opening-Hours ", " We open at 9. ") == ("opening-hours", "We open at 9.")
    assert canned.checked("أهلا", "مرحبا") == ("أهلا", "مرحبا")


@pytest.mark.parametrize("shortcut", ["", "/", "two words", "a/b", "a" * 41, "<b>"])
def test_a_shortcut_that_cannot_be_typed_is_refused(shortcut: str) -> None:
    assert list(problems(shortcut, "Hello")) == ["shortcut"]


def test_a_field_that_nothing_can_fill_is_refused_with_a_sentence() -> None:
    sentence = problems("hi", "Hello {{visitor.name|there}}, {{visitor.age}} {{x}}")["body"][0]
    assert "{{visitor.age}}" in sentence
    assert "{{operator.name}}" in sentence
    assert list(problems("", "x" * 4001)) == ["shortcut", "body"]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sampled_from([*canned.FIELDS, "visitor.age", "", "a b", "|", "{", "}}", "x|y"]), max_size=6))
def test_whatever_is_written_only_known_fields_pass(names: list[str]) -> None:
    body = "Hi " + " ".join(f"{{{{{name}}}}}" for name in names)
    unknown = canned.unknown_fields(body)
    assert all(name.strip("{} ").split("|")[0] not in canned.FIELDS for name in unknown)
    for name in names:
        if name in ("visitor.age", "a b", "x|y"):
            assert f"{{{{{name}}}}}" in unknown


def test_a_shortcut_belongs_to_one_reply_of_a_site(either_database: db.Database, people: SimpleNamespace, now) -> None:
    add(people, now, "hours")
    bye = add(people, now, "bye")
    for taken in ("/HOURS", "hours"):
        with pytest.raises(Invalid) as refused:
            add(people, now, taken)
        assert "shortcut" in refused.value.fields
    with pytest.raises(Invalid):
        db.write(canned.change, now, site_id=people.site.id, public_id=bye, shortcut="hours", body="x")
    add(people, now, "hours", site=people.other_site)
    assert [shortcut for shortcut, _body in replies(people)] == ["bye", "hours"]


def test_operators_of_another_site_read_none(people: SimpleNamespace, now) -> None:
    add(people, now, "hours")
    with db.read() as session:
        mine = canned.for_operator(session, people.bob.id, people.bob.session_epoch, people.site.key)
        assert [reply.shortcut for reply in mine] == ["hours"]
        for operator, epoch in ((people.charlie, 0), (people.bob, people.bob.session_epoch + 1)):
            with pytest.raises(NotFound):
                canned.for_operator(session, operator.id, epoch, people.site.key)
