"""Visitors who may not write for a time: not by any way in, and no longer than was said."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import func, select

from leadcapture import clock, db
from leadcapture.chat import blocking, operations, posting, summaries
from leadcapture.chat.models import Conversation
from leadcapture.chat.protocol import Incoming
from leadcapture.errors import Invalid, NotFound
from tests.chat.test_operations import Chat


@pytest.fixture
def chat(people: SimpleNamespace, real_now: Any) -> Chat:
    return Chat(people, real_now)


def write(chat: Chat, now: Any, client_id: str = "again") -> Any:
    incoming = Incoming(client_id, "Hello again", "")
    return db.write(
        posting.by_visitor, now, site_id=chat.people.site.id, visitor=chat.visitor, incoming=incoming, available=True,
        language="en",
    )  # fmt: skip


def summary(posted: Any) -> dict[str, Any]:
    with db.read() as session:
        return summaries.one(session, posted.message.conversation)[1]


@pytest.mark.parametrize(("hours", "still", "over"), [(1, 0.9, 1.1), (24, 23, 25), (168, 167, 169)])
def test_who_is_blocked_writes_nothing_until_it_is_over(chat: Chat, hours: int, still: float, over: float) -> None:
    posted = chat.ask()
    chat.write(blocking.block, **chat.who(chat.people.bob, posted), hours=hours)
    assert (summary(posted)["blocked"], summary(posted)["status"]) == (True, "closed")
    with pytest.raises(blocking.Blocked) as refused:
        write(chat, chat.now + timedelta(hours=still))
    assert refused.value.code == "blocked"
    assert "forms" in refused.value.message
    assert write(chat, chat.now + timedelta(hours=over)).first


def test_for_ever_means_until_somebody_unblocks(chat: Chat) -> None:
    posted = chat.ask()
    chat.write(blocking.block, **chat.who(chat.people.bob, posted), hours=0)
    with pytest.raises(blocking.Blocked):
        write(chat, chat.now + timedelta(days=3650))
    with db.read() as session:
        assert session.scalar(select(func.count()).select_from(Conversation)) == 1
    chat.write(blocking.unblock, **chat.who(chat.people.alice, posted))
    assert not summary(posted)["blocked"]
    assert write(chat, chat.now).first


def test_the_forms_of_a_blocked_visitor_still_work(chat: Chat) -> None:
    posted = chat.ask()
    chat.write(blocking.block, **chat.who(chat.people.bob, posted), hours=1)
    question = chat.write(
        operations.question, site_id=chat.people.site.id, conversation=posted.message.conversation,
        visitor_token_id=chat.visitor, name="Erin", email="erin@example.org", body="My order?", page_url="",
        language="en", client_id="q1",
    )  # fmt: skip
    assert question == posted.message.conversation


def test_only_operators_of_the_site_block_and_unblock(chat: Chat) -> None:
    posted = chat.ask()
    for operation, more in ((blocking.block, {"hours": 1}), (blocking.unblock, {})):
        with pytest.raises(NotFound):
            chat.write(operation, **chat.who(chat.people.charlie, posted), **more)
    with pytest.raises(Invalid):
        chat.write(blocking.block, **chat.who(chat.people.bob, posted), hours=2)
    assert write(chat, clock.now()).first
