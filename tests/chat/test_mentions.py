"""Colleagues named in notes are told and find it in a list; nobody else learns of a note."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from leadcapture import db
from leadcapture.chat import mentions, posting
from leadcapture.chat.models import Mention
from leadcapture.chat.protocol import Incoming
from leadcapture.operators import operations as operators
from tests.chat.test_operations import Chat

NAMES = {"a": "Alice", "b": "Bob Smith", "c": "Bob Smithson", "e": "Erin", "l": "ليلى حسن"}


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("@Alice please look", ["a"]),
        ("ask @bob smith, not @ALICE!", ["b", "a"]),
        ("@Bob Smithson knows", ["c"]),
        ("@Bob knows", []),  # two begin with this name: nobody is meant
        ("@Bob\nSmith", ["b"]),
        ("@ليلى من فضلك", ["l"]),
        ("@Alice @alice @Alice", ["a"]),
        ("mail alice@Alice or alice@erin.example.org", []),
        ("@Alicee and @ Alice and Alice", []),
        ("(@Erin)", ["e"]),
        ("", []),
    ],
)
def test_who_is_meant_by_a_name(text: str, meant: list[str]) -> None:
    assert mentions.named(text, NAMES) == meant


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(st.text(max_size=3), st.text(max_size=12), max_size=5), st.text(max_size=40))
def test_whatever_people_are_called_only_they_are_meant(names: dict[str, str], text: str) -> None:
    meant = mentions.named(text, names)
    assert set(meant) <= set(names)
    assert len(meant) == len(set(meant))
    for key, name in names.items():
        if name.strip() and "@" not in name and list(names.values()).count(name) == 1 and name.isalnum():
            assert key in mentions.named(f"x @{name}", {key: name})


@pytest.fixture
def chat(people: SimpleNamespace, now: Any) -> Chat:
    return Chat(people, now)


def note(chat: Chat, author: Any, posted: Any, body: str, kind: str = "note", client_id: str = "n1") -> Any:
    return chat.write(posting.by_operator, **chat.who(author, posted), incoming=Incoming(client_id, body), kind=kind)


def of(operator: Any, epoch: int | None = None) -> list[mentions.Named]:
    with db.read() as session:
        return mentions.of_operator(session, operator.id, operator.session_epoch if epoch is None else epoch)


def test_who_is_named_in_a_note_finds_it_until_it_is_seen(chat: Chat, people: SimpleNamespace) -> None:
    posted = chat.ask()
    written = note(chat, people.alice, posted, "@Bob do you know this? @Alice @Charlie")
    [named] = of(people.bob)
    assert (named.by, named.seen, named.conversation) == ("Alice", False, posted.message.conversation)
    assert of(people.alice) == [], "nobody is told of what they wrote themselves"
    assert of(people.charlie) == [], "charlie is not of this team"
    note(chat, people.alice, posted, "@Bob do you know this?")  # sent again after a lost acknowledgement
    assert len(of(people.bob)) == 1
    who = {"operator_id": people.bob.id, "epoch": people.bob.session_epoch}
    assert chat.write(mentions.seen, **who, message=written.message.id) is True
    assert chat.write(mentions.seen, **who, message=written.message.id) is False
    assert of(people.bob)[0].seen


def test_a_reply_to_the_visitor_names_nobody(chat: Chat, people: SimpleNamespace) -> None:
    note(chat, people.alice, chat.ask(), "Ask @Bob", kind="reply")
    with db.read() as session:
        assert session.scalar(select(func.count()).select_from(Mention)) == 0


def test_nobody_marks_or_reads_the_mentions_of_others(chat: Chat, people: SimpleNamespace) -> None:
    written = note(chat, people.alice, chat.ask(), "@Bob look")
    for operator, epoch in ((people.charlie, 0), (people.alice, 0), (people.bob, people.bob.session_epoch + 1)):
        assert chat.write(mentions.seen, operator_id=operator.id, epoch=epoch, message=written.message.id) is False
    assert of(people.bob, people.bob.session_epoch + 1) == []
    assert not of(people.bob)[0].seen


def test_who_left_the_team_reads_nothing_any_more(chat: Chat, people: SimpleNamespace) -> None:
    note(chat, people.alice, chat.ask(), "@Bob look")
    chat.write(operators.remove, site_id=people.site.id, by_id=people.alice.id, public_id=people.bob.public_id)
    assert of(people.bob) == of(people.bob, people.bob.session_epoch + 1) == []
