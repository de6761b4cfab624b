"""Search: whatever was said is found by what people would type, by those whose site it is, and by nobody else."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, text, update

from leadcapture import db, ids, tables
from leadcapture.chat import operations, search, words
from leadcapture.chat.models import Conversation, Message, Visitor
from leadcapture.chat.protocol import Incoming
from leadcapture.errors import Invalid
from tests.conftest import add_people

numbers = itertools.count(1)


@pytest.fixture
def somebody(either_database: db.Database, now: datetime) -> SimpleNamespace:
    return db.write(add_people, now)


Says = Callable[..., str]


@pytest.fixture
def says(somebody: SimpleNamespace, now: datetime) -> Says:
    """A visitor writes to the site: the message's public id."""

    def write(body: str, *, visitor: str = "", site: Any = None, name: str = "") -> str:
        posted = db.write(
            operations.post_by_visitor, now, site_id=(site or somebody.site).id, visitor=visitor or ids.new("visitor"),
            incoming=Incoming(f"s{next(numbers)}", body), available=True, name=name,
        )  # fmt: skip
        return str(posted.message.id)

    return write


def hits(site: Any, looked_for: str, before: str | None = None) -> tuple[list[dict[str, Any]], str | None]:
    with db.read() as session:
        return search.search(session, [site.id], looked_for, before=before)


def found(site: Any, looked_for: str) -> list[str]:
    return [hit["message"]["id"] for hit in hits(site, looked_for)[0] if hit["message"]]


@pytest.mark.parametrize(
    ("said", "looked_for"),
    [
        ("Where is my green kettle?", "kettle"),
        ("Where is my green kettle?", "KETT gre"),
        ("Where is my green kettle?", '"green kettle"'),
        ("Where is my green kettle?", "“my green”"),
        ("Árvíztűrő tükörfúrógép", "arvizturo tükörf"),
        ("Arvizturo", "Árvíztűrő"),
        ("Write to alice@example.org, please", "alice@example.org"),
        ("Write to alice@example.org, please", "example"),
        ("Order no. 2026-1177", "1177"),
        ("МОСКВА и чай", "москва чай"),
        ("مُحَمَّد سأل عن المدرسة", "محمد"),
        ("مُحَمَّد سأل عن المدرسة", "المدرسه سال"),
        ("سؤال؟ نعم، شكراً", "نعم شكرا"),
        ("it's a 'quoted' OR \"said\" NEAR thing*", "OR NEAR"),
        ("it's a 'quoted' thing", "it's"),
    ],
)
def test_what_was_said_is_found(somebody: SimpleNamespace, says: Says, said: str, looked_for: str) -> None:
    message = says(said)
    says("Something else altogether")
    assert found(somebody.site, looked_for) == [message]
    pieces = hits(somebody.site, looked_for)[0][0]["message"]["snippet"]
    assert "".join(piece for piece, _hit in pieces) == said
    assert any(hit for _piece, hit in pieces)


@pytest.mark.parametrize(
    "looked_for", ["kettles", '"kettle green"', '"kett"', "ettle", "green teapot", "", '"" -- * ()', "%"]
)
def test_what_was_not_said_is_not_found(somebody: SimpleNamespace, says: Says, looked_for: str) -> None:
    says("Where is my green kettle?")
    assert found(somebody.site, looked_for) == []


def test_nobody_finds_what_was_said_on_another_site(somebody: SimpleNamespace, says: Says) -> None:
    ours = says("A kettle", name="Erin")
    theirs = says("A kettle too", site=somebody.other_site, name="Erin")
    assert found(somebody.site, "kettle") == [ours]
    assert found(somebody.other_site, "kettle") == [theirs]
    assert len(hits(somebody.site, "erin")[0]) == 1
    with db.read() as session:
        assert search.search(session, [], "kettle") == ([], None)


def test_edited_and_deleted_messages_are_found_as_they_are_now(
    somebody: SimpleNamespace, says: Says, now: datetime
) -> None:
    edited, deleted, gone = says("A kettle"), says("Another kettle"), says("The last kettle")
    set_body = update(Message)
    db.write(lambda session: session.execute(set_body.where(Message.public_id == edited).values(body="A teapot")))
    db.write(
        lambda session: session.execute(set_body.where(Message.public_id == deleted).values(body="", deleted_at=now))
    )
    db.write(lambda session: session.execute(delete(Message).where(Message.public_id == gone)))
    assert found(somebody.site, "kettle") == []
    assert found(somebody.site, "teapot") == [edited]


def test_whoever_is_erased_is_not_found_any_more(somebody: SimpleNamespace, says: Says) -> None:
    visitor = ids.new("visitor")
    says("A kettle", visitor=visitor, name="Erin")
    db.write(lambda session: session.execute(delete(Visitor).where(Visitor.public_id == visitor)))
    assert hits(somebody.site, "kettle")[0] == hits(somebody.site, "erin")[0] == []


def test_a_conversation_is_found_by_who_wrote_it(somebody: SimpleNamespace, says: Says, now: datetime) -> None:
    visitor = ids.new("visitor")
    says("Good morning", visitor=visitor, name="Bähr")
    (hit,) = hits(somebody.site, "bahr")[0]
    assert hit["message"] is None
    assert hit["conversation"]["visitor"]["name"] == "Bähr"
    renamed = update(Visitor).where(Visitor.public_id == visitor).values(name="Erin O'Hara")
    db.write(lambda session: session.execute(renamed))
    left = update(Conversation).values(email="erin@example.net", subject="The green kettle")
    db.write(lambda session: session.execute(left))
    for looked_for in ("o'hara", "erin@example.net", "green kett"):
        assert len(hits(somebody.site, looked_for)[0]) == 1, looked_for
    assert hits(somebody.site, "bahr")[0] == []


def test_pages_follow_each_other_newest_first(somebody: SimpleNamespace, says: Says) -> None:
    said = [says(f"Kettle {number}") for number in range(search.HITS + 5)]
    page, cursor = hits(somebody.site, "kettle")
    says("A kettle that came meanwhile")
    rest, end = hits(somebody.site, "kettle", cursor)
    assert [hit["message"]["id"] for hit in page + rest] == said[::-1]
    assert end is None
    for cursor in ("-1", "x", "9" * 30):
        with pytest.raises(Invalid):
            hits(somebody.site, "kettle", cursor)


def test_what_was_said_before_there_was_search_is_found(
    somebody: SimpleNamespace, says: Says, either_database: db.Database
) -> None:
    message = says("A kettle", name="Erin")
    engine = either_database.engine
    with engine.begin() as connection:
        # As it was before: the index is made anew out of what is there.
        if engine.dialect.name == "sqlite":
            for name in connection.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all():
                if "_found" in name:
                    connection.execute(text(f"DROP TRIGGER {name}"))
        else:
            connection.execute(text("DROP INDEX ix_search_messages, ix_search_conversations, ix_search_visitors"))
        run_migration(connection)
    assert found(somebody.site, "kettle") == [message]
    assert len(hits(somebody.site, "erin")[0]) == 1
    assert not tables.pending(engine)


def run_migration(connection: Any) -> None:
    from importlib import import_module

    from alembic.operations import Operations
    from alembic.runtime.migration import MigrationContext

    with Operations.context(MigrationContext.configure(connection)):
        import_module("leadcapture.migrations.versions.20261122_11_search").upgrade()


LETTERS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=300)


@settings(max_examples=60, deadline=None)
@given(LETTERS, LETTERS)
def test_a_snippet_says_what_the_text_says(said: str, looked_for: str) -> None:
    terms = words.terms(looked_for)
    pieces = words.snippet(said, terms)
    shown = "".join(piece for piece, _hit in pieces)
    assert len(shown) <= words.SNIPPET + 2
    assert shown.strip("…") in " ".join(said.split())
    assert all(piece for piece, _hit in pieces)
    assert sum(len(term.words) for term in terms) <= words.MOST_WORDS


def test_a_long_text_is_shown_around_the_first_hit() -> None:
    said = "word " * 200 + "the green kettle is here " + "word " * 200
    pieces = words.snippet(said, words.terms("kett"))
    assert [piece for piece, hit in pieces if hit] == ["kettle"]
    assert pieces[0][0].startswith("…")
    assert pieces[-1][0].endswith("…")


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_any_word_of_a_text_finds_its_place_in_it(data: st.DataObject) -> None:
    said = data.draw(LETTERS)
    known = [match.group() for match in words._WORD.finditer(" ".join(said.split()))]
    if known:
        word = data.draw(st.sampled_from(known))
        assert words.terms(f'"{word}"') or not words.plain(word)
