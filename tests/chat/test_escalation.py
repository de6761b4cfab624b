"""Nobody waits unnoticed: first everybody of the site is told, then its operators get an e-mail; each of it once."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from leadcapture import db, ids, socketio
from leadcapture.chat import afterwards, escalation, operations, rules, summaries
from leadcapture.chat.models import Conversation
from leadcapture.chat.protocol import Incoming
from leadcapture.mail.models import Email
from leadcapture.operators import operations as operators
from leadcapture.sites.chat_settings import ChatSettings
from leadcapture.sites.models import Site
from tests.conftest import add_people
from tests.forms.kinds.at_once import all_at_once

HOSTILE = "</script><img src=x onerror=alert(1)>\nhttp://127.0.0.1:8000/confirm/abc\n\u202egnp.exe"
_numbers = itertools.count(1)


@dataclass
class Shop:
    """A site whose clock a test moves."""

    people: SimpleNamespace
    now: datetime
    visitor: str = field(default_factory=lambda: ids.new("visitor"))

    def ask(self, body: str = "Hello?", *, name: str = "", available: bool = True) -> str:
        """A visitor's message; the public id of the conversation."""
        posted = db.write(
            operations.post_by_visitor,
            self.now,
            site_id=self.people.site.id,
            visitor=self.visitor,
            incoming=Incoming(f"v{next(_numbers)}", body, "https://shop.example.org/green"),
            available=available,
            name=name,
        )
        return posted.message.conversation

    def does(self, operation: Callable[..., Any], conversation: str, operator: str = "alice", **more: Any) -> None:
        who = getattr(self.people, operator)
        db.write(operation, self.now, operator_id=who.id, epoch=who.session_epoch, conversation=conversation, **more)

    def reply(self, conversation: str, operator: str = "alice") -> None:
        incoming = Incoming(f"o{next(_numbers)}", "Yes.")
        self.does(operations.post_by_operator, conversation, operator, incoming=incoming, kind="reply")

    def later(self, seconds: float) -> list[tuple[str, int]]:
        """So many seconds pass, then the job runs: who came to which level."""
        self.now += timedelta(seconds=seconds)
        return [(one.conversation, one.level) for one in db.write(escalation.escalate, self.now)]

    def mails(self, to: str | None = None) -> list[Email]:
        with db.read() as session:
            wanted = select(Email).where(Email.name == "waiting").order_by(Email.id)
            return list(session.scalars(wanted if to is None else wanted.where(Email.to_email == to)))

    def row(self, conversation: str) -> Conversation:
        with db.read() as session:
            return session.scalars(select(Conversation).where(Conversation.public_id == conversation)).one()

    def told(self, conversation: str) -> int:
        """As operators see it."""
        with db.read() as session:
            found = summaries.one(session, conversation)
        assert found is not None
        return int(found[1]["escalation"])

    def change(self, conversation: str, **values: Any) -> None:
        db.write(lambda session: session.execute(
            update(Conversation).where(Conversation.public_id == conversation).values(**values)
        ))  # fmt: skip


@pytest.fixture
def shop(either_database: db.Database, now: datetime) -> Shop:
    return Shop(db.write(add_people, now), now)


@pytest.fixture
def quick(database: db.Database, now: datetime) -> Shop:
    """As shop, on SQLite alone: for what no database decides."""
    return Shop(db.write(add_people, now), now)


def test_everybody_is_told_and_then_mailed_each_once(shop: Shop) -> None:
    conversation = shop.ask()
    assert shop.later(19) == []
    assert shop.later(1) == [(conversation, 1)]
    assert shop.later(10) == []
    assert shop.mails() == []
    assert shop.later(10) == [(conversation, 2)]
    assert [mail.to_email for mail in shop.mails()] == ["alice@example.org", "bob@example.org"]
    assert shop.later(3600) == []
    assert len(shop.mails()) == 2


def test_several_processes_at_once_tell_it_once(shop: Shop) -> None:
    for _visitor in range(3):
        shop.visitor = ids.new("visitor")
        shop.ask()
    shop.now += timedelta(seconds=41)
    runs = all_at_once(lambda _process: db.write(escalation.escalate, shop.now), range(4))
    moved = [one for run in runs for one in run]
    assert [one.level for one in moved] == [2, 2, 2]
    assert len({one.conversation for one in moved}) == 3
    assert len(shop.mails("bob@example.org")) == 3


def test_a_conversation_that_was_taken_is_nobodys_worry(shop: Shop) -> None:
    conversation = shop.ask()
    shop.now += timedelta(seconds=10)
    shop.does(operations.take, conversation)
    assert shop.later(20) == []
    shop.reply(conversation)
    assert shop.later(3600) == []
    assert shop.mails() == []


def test_an_operator_who_took_it_and_says_nothing_is_told_after_a_minute(shop: Shop) -> None:
    conversation = shop.ask()
    shop.does(operations.take, conversation)
    assert shop.later(59) == []
    assert shop.later(1) == [(conversation, 1)]
    # After that it is unanswered: the visitor is offered the form, the team gets its e-mail.
    db.write(operations.unanswered_due, shop.now, after=60)
    assert shop.later(1) == [(conversation, 2)]


def test_the_next_wait_begins_anew(shop: Shop) -> None:
    conversation = shop.ask()
    shop.later(45)
    shop.reply(conversation)
    shop.now += timedelta(minutes=20)
    shop.does(operations.close, conversation)
    shop.now += timedelta(minutes=20)
    assert shop.ask("And in blue?") == conversation
    assert shop.later(20) == [(conversation, 1)]
    assert shop.later(20) == [(conversation, 2)]
    assert len(shop.mails("alice@example.org")) == 2, "one for each wait"


def test_operators_see_how_far_it_has_come_in_this_wait(quick: Shop) -> None:
    conversation = quick.ask()
    assert quick.told(conversation) == 0
    quick.later(25)
    assert quick.told(conversation) == 1
    quick.reply(conversation)
    assert quick.told(conversation) == 0
    quick.now += timedelta(minutes=1)
    quick.ask("And in blue?")
    assert quick.told(conversation) == 0, "what was told of the first wait says nothing about the second"


def test_who_goes_on_writing_while_waiting_is_mailed_about_once(shop: Shop) -> None:
    conversation = shop.ask("One")
    for _line in range(5):
        shop.ask("More")
        shop.later(15)
    assert [mail.to_email for mail in shop.mails()] == ["alice@example.org", "bob@example.org"]
    assert shop.mails()[0].about == conversation


@pytest.mark.parametrize("ending", ["close", "end"])
def test_what_is_closed_or_snoozed_is_quiet(shop: Shop, ending: str) -> None:
    conversation = shop.ask()
    if ending == "close":
        shop.does(operations.close, conversation)
    else:
        db.write(afterwards.end, shop.now, site_id=shop.people.site.id, visitor=shop.visitor)
    shop.visitor = ids.new("visitor")
    snoozed = shop.ask()
    shop.change(snoozed, snoozed_until=shop.now + timedelta(hours=1))
    assert shop.later(120) == []
    assert shop.later(3600) == [(snoozed, 2)], "what was put off until then is there again"


def test_who_writes_while_nobody_is_there_is_mailed_about_too(shop: Shop) -> None:
    conversation = shop.ask(available=False)
    db.write(operations.abandoned_due, shop.now, closed_sites={shop.people.site.id}, grace=30)
    assert shop.later(40) == [(conversation, 2)]


def test_an_offline_question_that_was_mailed_itself_is_not_mailed_about_again(shop: Shop) -> None:
    question = {
        "site_id": shop.people.site.id, "conversation": None, "name": "Erin", "email": "erin@example.net",
        "body": "Is it blue?", "page_url": "", "language": "en",
    }  # fmt: skip
    db.write(operations.question, shop.now, **question, visitor_token_id=None, client_id="q1", mailed=True)
    unmailed = db.write(operations.question, shop.now, **question, visitor_token_id=None, client_id="q2")
    assert shop.later(60) == [(unmailed, 2)]


def test_after_an_update_nobody_is_mailed_about_last_year(quick: Shop) -> None:
    quick.ask()
    assert quick.later(timedelta(days=2).total_seconds()) == []


def test_a_flood_of_visitors_becomes_no_flood_of_mails(quick: Shop) -> None:
    for _visitor in range(escalation.MAILS_AN_HOUR + 5):
        quick.visitor = ids.new("visitor")
        quick.ask()
    assert len(quick.later(60)) == escalation.MAILS_AN_HOUR + 5, "everybody is told of each"
    assert len(quick.mails("alice@example.org")) == escalation.MAILS_AN_HOUR
    quick.visitor = ids.new("visitor")
    quick.ask()
    quick.later(3700)
    assert len(quick.mails("alice@example.org")) == escalation.MAILS_AN_HOUR + 1


def test_who_has_not_accepted_the_invitation_gets_no_mail_and_no_other_site_does(quick: Shop, now: datetime) -> None:
    from leadcapture import addresses

    db.write(
        operators.invite, now, site_id=quick.people.site.id, by_id=quick.people.alice.id,
        email=addresses.parse("erin@example.org"), name="Erin", role="operator",
    )  # fmt: skip
    quick.ask()
    quick.later(60)
    assert {mail.to_email for mail in quick.mails()} == {"alice@example.org", "bob@example.org"}


def test_the_mail_says_who_where_and_what_and_nothing_hostile_gets_through(quick: Shop) -> None:
    conversation = quick.ask(HOSTILE, name="<b>Erin</b>\nBcc: x@example.net")
    for number in range(8):
        quick.ask(f"line {number}")
    quick.later(60)
    mail = quick.mails()[0]
    assert mail.subject == "<b>Erin</b> Bcc: x@example.net waits for an answer"
    assert f"http://127.0.0.1:8000/console/inbox/{conversation}" in mail.text
    assert "Page: https://shop.example.org/green" in mail.text
    assert "> </script><img src=x onerror=alert(1)>\n> http://127.0.0.1:8000/confirm/abc\n> gnp.exe\n" in mail.text
    assert "\u202e" not in mail.text + mail.html
    assert "<img" not in mail.html
    assert "<b>Erin" not in mail.html
    assert "line 3" in mail.text
    assert "line 4" not in mail.text, "the first lines are enough"
    assert mail.headers["Auto-Submitted"] == "auto-generated"


def test_the_mail_is_in_the_sites_language(quick: Shop) -> None:
    db.write(lambda session: session.execute(update(Site).values(language="ar")))
    quick.ask()
    quick.later(60)
    assert quick.mails()[0].language == "ar"
    assert 'dir="rtl"' in quick.mails()[0].html


def test_a_suppressed_operator_is_not_mailed(quick: Shop, now: datetime) -> None:
    from leadcapture.mail import operations as mail

    db.write(mail.suppress, now, site_id=quick.people.site.id, email_key="bob@example.org", reason="bounce")
    quick.ask()
    quick.later(60)
    assert [(one.to_email, one.status) for one in quick.mails()] == [
        ("alice@example.org", "queued"),
        ("bob@example.org", "suppressed"),
    ]


def test_the_team_hears_of_it_on_its_sockets(quick: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[tuple[str, Any, str]] = []
    monkeypatch.setattr(
        socketio, "emit", lambda event, payload, *, to, namespace, **_more: heard.append((event, payload, to))
    )
    conversation = quick.ask()
    escalation.due(quick.now + timedelta(seconds=20))
    escalation.due(quick.now + timedelta(seconds=21))
    told = [(payload, to) for event, payload, to in heard if event == "escalation"]
    assert told == [({"conversation": conversation, "level": 1}, f"site:{quick.people.site.id}")]


@given(
    status=st.sampled_from(rules.OPEN),
    waited=st.floats(0, 4000),
    tell=st.integers(5, 60),
    more=st.integers(0, 55),
)
@settings(max_examples=60)
def test_whatever_is_set_a_minute_is_the_most(status: str, waited: float, tell: int, more: int) -> None:
    chat = ChatSettings(tell_after=tell, mail_after=min(60, tell + more))
    reached = escalation.level(status, waited, chat)
    assert reached >= 1 if waited >= 60 else True
    assert reached == 0 if waited < min(tell, 60) else True
    assert escalation.level(status, waited + 1, chat) >= reached, "it never gets quieter by waiting"


@pytest.mark.parametrize("seed", range(2))
def test_no_waiting_visitor_passes_a_minute_without_an_escalation(quick: Shop, seed: int) -> None:
    """Some minutes of visitors and operators who do whatever comes to their mind, on a clock of seconds."""
    dice = random.Random(seed)
    tell = dice.randint(5, 60)
    chat = {"tell_after": tell, "mail_after": dice.randint(tell, 60)}
    db.write(lambda session: session.execute(update(Site).values(chat=chat)))
    visitors = [ids.new("visitor") for _visitor in range(6)]
    asked: dict[str, str] = {}
    told: set[tuple[str, datetime | None, int]] = set()
    for _step in range(300):
        quick.now += timedelta(seconds=1)
        if dice.random() < 0.15:
            quick.visitor = dice.choice(visitors)
            asked[quick.visitor] = quick.ask(available=dice.random() < 0.7)
        elif asked and dice.random() < 0.08:
            _operator_acts(quick, dice, dice.choice(list(asked.values())))
        if dice.random() < 0.1:
            db.write(operations.unanswered_due, quick.now, after=60)
        if dice.random() < 0.05:
            db.write(operations.abandoned_due, quick.now, closed_sites={quick.people.site.id}, grace=30)
        for conversation, level in quick.later(0):
            step = (conversation, quick.row(conversation).waiting_since, level)
            assert step not in told, "each step of a wait is made once"
            told.add(step)
        _nobody_is_forgotten(quick, told)
    assert {level for _conversation, _since, level in told} == {1, 2}, "these were minutes in which people wait"


def _operator_acts(shop: Shop, dice: random.Random, conversation: str) -> None:
    operator = dice.choice(["alice", "bob"])
    act = dice.choice(["take", "reply", "close"])
    try:
        if act == "reply":
            shop.reply(conversation, operator)
        else:
            shop.does(getattr(operations, act), conversation, operator)
    except rules.Conflict:
        pass  # taken by the other, or closed


def _nobody_is_forgotten(shop: Shop, told: set[tuple[str, datetime | None, int]]) -> None:
    with db.read() as session:
        waiting = select(Conversation.public_id, Conversation.waiting_since, Conversation.status).where(
            Conversation.status != rules.CLOSED, Conversation.waiting_since <= shop.now - timedelta(seconds=60)
        )
        for conversation, since, status in session.execute(waiting):
            assert {(conversation, since, 1), (conversation, since, 2)} & told, (
                f"nobody was told of one that is {status}"
            )
