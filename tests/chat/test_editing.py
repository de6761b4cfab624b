"""Messages corrected and taken back: by whom, what becomes of them, and how whoever was away learns of it."""

from __future__ import annotations

import contextlib
import json
import random
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select, text, update

from leadcapture import db
from leadcapture.chat import editing, files, mentions, posting, queries
from leadcapture.chat.models import ChatFile, Mention, Message
from leadcapture.chat.protocol import PAGE, Incoming
from leadcapture.errors import Conflict, Forbidden, Invalid, NotFound
from tests.chat.test_operations import Chat


@pytest.fixture
def chat(people: SimpleNamespace, now: Any) -> Chat:
    return Chat(people, now)


def change(chat: Chat, operator: Any, posted: Any, body: str | None = None, epoch: int | None = None) -> Any:
    """Edit the message to that text, or delete it."""
    who = {"operator_id": operator.id, "epoch": operator.session_epoch if epoch is None else epoch}
    if body is None:
        return chat.write(editing.delete, **who, message=posted.message.id)
    return chat.write(editing.edit, **who, message=posted.message.id, body=body)


def sync(posted: Any, after_seq: int = 0, after_rev: int | None = None, *, notes: bool = False) -> dict[str, Any]:
    with db.read() as session:
        thread = queries.thread(session, posted.message.conversation)
        assert thread is not None
        page = (queries.operators_page if notes else queries.visitors_page)(session, thread, after_seq)
        return editing.with_changes(session, thread, page, after_rev, notes=notes)


def test_an_edit_is_marked_and_told_to_who_was_away(either_database: db.Database, people: SimpleNamespace, now) -> None:
    chat = Chat(people, now)
    posted = chat.ask()
    reply = chat.reply(people.alice, posted, "At nine.")
    before = sync(posted)
    done = change(chat, people.alice, reply, " At **ten**. ")
    assert (done.message.body, done.message.edited_at, done.message.rev) == ("At **ten**.", now, 1)
    told = sync(posted, after_seq=before["next"], after_rev=before["rev"])
    assert [(one["id"], one["body"], one["deleted"]) for one in told["changed"]] == [
        (reply.message.id, "At **ten**.", False)
    ]
    assert told["messages"] == []
    assert sync(posted, after_seq=2, after_rev=told["rev"])["changed"] == []
    assert not change(chat, people.alice, reply, "At **ten**.").changed, "the same text is no edit"
    assert sync(posted)["rev"] == 1


def test_what_is_deleted_is_gone_from_the_database_but_keeps_its_place(
    either_database: db.Database, people: SimpleNamespace, now
) -> None:
    chat = Chat(people, now)
    posted = chat.ask()
    reply = chat.reply(people.alice, posted, "My private number is 12345")
    last = chat.reply(people.alice, posted, "Sorry!")
    change(chat, people.alice, reply, "My private number is 67890")
    done = change(chat, people.alice, reply)
    assert (done.message.body, done.message.deleted, done.message.rev) == ("", True, 2)
    messages = sync(posted)["messages"]
    assert [(one["seq"], one["body"], one["deleted"]) for one in messages] == [
        (1, "Hello?", False), (2, "", True), (3, "Sorry!", False),
    ]  # fmt: skip
    with db.read() as session:
        bodies = session.scalars(select(Message.body)).all()
    assert not [body for body in bodies if "private" in body]
    assert not change(chat, people.alice, reply).changed, "again changes nothing"
    with pytest.raises(Conflict):
        change(chat, people.alice, reply, "back again")
    assert change(chat, people.alice, last, "Sorry.").message.rev == 3


def test_only_its_author_and_the_admins_of_the_site_change_a_message(chat: Chat, people: SimpleNamespace) -> None:
    posted = chat.ask()
    alices = chat.reply(people.alice, posted, "By alice")
    bobs = chat.reply(people.bob, posted, "By bob")
    for body in ("changed", None):
        with pytest.raises(Forbidden) as refused:
            change(chat, people.bob, alices, body)
        assert refused.value.code == "not_allowed"
        with pytest.raises(Forbidden):
            change(chat, people.alice, posted, body)  # what the visitor said stays what the visitor said
        with pytest.raises(NotFound):
            change(chat, people.charlie, bobs, body)
        with pytest.raises(NotFound):
            change(chat, people.bob, bobs, body, epoch=people.bob.session_epoch + 1)
    assert change(chat, people.alice, bobs, "Put right by alice").changed, "alice owns the site"
    assert [one["body"] for one in sync(posted)["messages"]] == ["Hello?", "By alice", "Put right by alice"]


@pytest.mark.parametrize(("body", "code"), [("", "bad_request"), ("  ", "bad_request"), ("x" * 4001, "too_long")])
def test_a_message_is_not_edited_into_nothing_or_a_book(chat: Chat, body: str, code: str) -> None:
    reply = chat.reply(chat.people.bob, chat.ask())
    with pytest.raises(Invalid) as refused:
        change(chat, chat.people.bob, reply, body)
    assert refused.value.code == code


def test_what_went_out_by_email_stays_as_it_went(chat: Chat) -> None:
    reply = chat.reply(chat.people.bob, chat.ask())
    db.write(lambda session: session.execute(update(Message).where(Message.seq == 2).values(by_email=True)))
    with pytest.raises(Forbidden):
        change(chat, chat.people.bob, reply, "Something else")


def test_secrets_are_masked_in_an_edit_as_in_a_message(chat: Chat) -> None:
    reply = chat.reply(chat.people.bob, chat.ask())
    done = change(chat, chat.people.bob, reply, "Your card 4111 1111 1111 1111")
    assert "4111 1111" not in done.message.body


def test_the_file_of_a_deleted_message_is_let_go(chat: Chat, people: SimpleNamespace, now) -> None:
    reply = chat.reply(people.bob, chat.ask())

    def with_file(session: Any) -> None:
        file = ChatFile(
            public_id="fil_1", site_id=people.site.id, name="a.png", size=1, content_type="image/png", stored="x",
            claimed=True, created_at=now,
        )  # fmt: skip
        session.add(file)
        session.flush()
        session.execute(update(Message).where(Message.seq == 2).values(file_id=file.id))

    db.write(with_file)
    assert change(chat, people.bob, reply, "").message.file is not None, "a message with a file may say nothing"
    assert change(chat, people.bob, reply).message.file is None
    with db.read() as session, pytest.raises(NotFound):
        files.find(session, now, "fil_1")


def test_editing_a_note_names_who_was_not_named_before(chat: Chat, people: SimpleNamespace) -> None:
    posted = chat.ask()
    note = chat.write(
        posting.by_operator, **chat.who(people.alice, posted), incoming=Incoming("n1", "Who knows?"), kind="note"
    )
    assert change(chat, people.alice, note, "@Bob knows").named == (people.bob.public_id,)
    assert change(chat, people.alice, note, "@Bob knows it").named == ()
    with db.read() as session:
        assert [one.body for one in mentions.of_operator(session, people.bob.id, 0)] == ["@Bob knows it"]
    change(chat, people.alice, note)
    with db.read() as session:
        assert session.scalars(select(Mention)).all() == []


def test_the_visitor_learns_nothing_of_notes_however_they_are_changed(chat: Chat, people: SimpleNamespace) -> None:
    posted = chat.ask()
    note = chat.reply(people.alice, posted, "SECRET one", kind="note")
    change(chat, people.alice, note, "SECRET two")
    assert "SECRET" not in json.dumps(sync(posted, after_rev=0))
    assert sync(posted, after_rev=0)["changed"] == []
    assert [one["body"] for one in sync(posted, after_rev=0, notes=True)["changed"]] == ["SECRET two"]
    change(chat, people.alice, note)
    assert note.message.id not in json.dumps(sync(posted, after_rev=0))


@pytest.mark.parametrize("seed", range(12))
def test_who_asks_now_and_then_ends_with_what_is_stored(chat: Chat, people: SimpleNamespace, seed: int) -> None:
    """However writing, editing, deleting and asking follow one another, both sides know the truth in the end."""
    pick = random.Random(seed)
    posted = chat.ask()
    written = [chat.reply(people.alice, posted, f"reply {number}") for number in range(3)]
    known: dict[bool, dict[str, dict[str, Any]]] = {False: {}, True: {}}
    at = {False: (0, 0), True: (0, 0)}

    def ask(notes: bool) -> None:
        answer = sync(posted, *at[notes], notes=notes)
        for message in answer["messages"]:
            known[notes].setdefault(message["id"], message)
        for message in answer["changed"]:
            if message["id"] in known[notes]:
                known[notes][message["id"]] = message
        at[notes] = (answer["next"], answer["rev"])

    for step in range(25):
        match pick.randrange(6):
            case 0:
                written.append(chat.reply(people.alice, posted, f"more {step}", kind=pick.choice(["reply", "note"])))
            case 1 | 2:
                with contextlib.suppress(Conflict):  # deleted before
                    change(chat, people.alice, pick.choice(written), f"edit {step}")
            case 3:
                change(chat, people.alice, pick.choice(written))
            case _:
                ask(pick.choice([True, False]))
    for notes in (False, True):
        ask(notes)
        truth = {message["id"]: message["body"] for message in sync(posted, notes=notes)["messages"]}
        assert {key: message["body"] for key, message in known[notes].items()} == truth


def test_many_changes_come_in_pages(chat: Chat) -> None:
    posted = chat.ask()
    conversation = chat.row(posted).id

    def edited(session: Any) -> None:
        for rev in range(1, PAGE + 6):
            session.add(
                Message(
                    public_id=f"m{rev}", conversation_id=conversation, client_id=f"x{rev}", seq=rev + 1, after_seq=rev,
                    kind="reply", author_kind="operator", body="x", created_at=chat.now, rev=rev,
                )
            )  # fmt: skip
        session.execute(text(f"UPDATE conversations SET rev = {PAGE + 5}"))

    db.write(edited)
    first = sync(posted, after_seq=10_000, after_rev=0)
    assert (len(first["changed"]), first["rev"], first["more"]) == (PAGE, PAGE, True)
    second = sync(posted, after_seq=10_000, after_rev=first["rev"])
    assert (len(second["changed"]), second["rev"], second["more"]) == (5, PAGE + 5, False)


def test_the_newest_page_comes_first_and_older_ones_join_it_without_a_gap(chat: Chat, people: SimpleNamespace) -> None:
    posted = chat.ask()
    thread_id = chat.row(posted).id

    def talk(session: Any) -> None:
        for seq in range(2, 451):
            session.add(
                Message(
                    public_id=f"m{seq}", conversation_id=thread_id, client_id=f"x{seq}", seq=seq, after_seq=seq - 1,
                    kind="reply", author_kind="operator", body=f"{seq}", created_at=chat.now,
                )
            )  # fmt: skip
        for after in (0, 1, 199, 200, 250, 251, 450):
            session.add(
                Message(
                    public_id=f"n{after}", conversation_id=thread_id, client_id=f"n{after}", seq=None, after_seq=after,
                    kind="note", author_kind="operator", body=f"note {after}", created_at=chat.now,
                )
            )  # fmt: skip
        session.execute(text("UPDATE conversations SET last_seq = 450"))

    db.write(talk)
    with db.read() as session:
        thread = queries.thread(session, posted.message.conversation)
        assert thread is not None
        before, read, more = 2**31 - 1, [], True
        while more:
            page = queries.operators_page_before(session, thread, before)
            read = page["messages"] + read
            before, more = page["first"], page["more"]
        assert page["first"] == 1
        assert read == queries.operators_page(session, thread, 0)["messages"] + [
            one for after in (200, 400) for one in queries.operators_page(session, thread, after)["messages"]
        ]
    assert len({one["id"] for one in read}) == len(read) == 457
