"""Answers by e-mail: to a proven address at once, to one that waits for its proof when it comes, to no other ever."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select, update

from leadcapture import addresses, db, i18n, ids
from leadcapture.chat import mailing, operations, posting, queries, signature
from leadcapture.chat.models import Conversation, Message
from leadcapture.chat.operations import Posted
from leadcapture.chat.protocol import Incoming
from leadcapture.consent import operations as consent
from leadcapture.contacts import operations as contacts
from leadcapture.contacts.models import Contact
from leadcapture.errors import Conflict, NotFound
from leadcapture.mail import operations as mail
from leadcapture.mail.models import Email
from leadcapture.sites.models import Site
from tests.conftest import add_people

HOSTILE = "</p><script>alert(1)</script>\nhttp://127.0.0.1:8000/confirm/abc\nBcc: x@example.net\u202e"
HOURS = {day: [["09:00", "12:00"], ["13:00", "17:30"]] for day in ("mon", "tue", "wed", "thu")} | {
    "fri": [["09:00", "24:00"]]
}
_numbers = itertools.count(1)


@dataclass
class Shop:
    """A site where erin left a question, and a clock that a test moves."""

    people: SimpleNamespace
    now: datetime
    language: str = "en"
    visitor: str = field(default_factory=lambda: ids.new("visitor"))

    def question(self, body: str = "Is it blue?", name: str = "Erin", email: str = "erin@example.net") -> str:
        return db.write(
            operations.question, self.now, site_id=self.people.site.id, conversation=None,
            visitor_token_id=self.visitor, name=name, email=email, body=body, page_url="", language=self.language,
            client_id=f"q{next(_numbers)}",
        )  # fmt: skip

    def chat(self, body: str = "Hello?") -> str:
        return db.write(
            operations.post_by_visitor, self.now, site_id=self.people.site.id, visitor=self.visitor,
            incoming=Incoming(f"v{next(_numbers)}", body), available=True, language=self.language,
        ).message.conversation  # fmt: skip

    def reply(
        self, conversation: str, body: str = "Yes, it is.", *, by_email: bool = True, operator: str = "alice",
        client_id: str = "", kind: str = "reply", subject: str = "",
    ) -> Posted:  # fmt: skip
        self.now += timedelta(minutes=1)
        who = getattr(self.people, operator)
        incoming = Incoming(client_id or f"o{next(_numbers)}", body, by_email=by_email, subject=subject)
        return db.write(
            posting.by_operator, self.now, operator_id=who.id, epoch=who.session_epoch, conversation=conversation,
            incoming=incoming, kind=kind,
        )  # fmt: skip

    def confirm(self, conversation: str) -> None:
        """The address of the conversation is proven, as by its owner's click."""
        self.now += timedelta(minutes=1)

        def operation(session: Any, now: datetime) -> None:
            row = session.scalars(select(Conversation).where(Conversation.public_id == conversation)).one()
            contact = contacts.upsert_confirmed(
                session, now, site_id=row.site_id, address=addresses.parse(row.email), name=row.name, phone="",
                language=self.language, source="question",
            )  # fmt: skip
            mailing.address_confirmed(session, now, conversation_id=row.id, contact_id=contact.id)

        db.write(operation, self.now)

    def mails(self) -> list[Email]:
        with db.read() as session:
            return list(session.scalars(select(Email).where(Email.name == "chat_reply").order_by(Email.id)))

    def thread(self, conversation: str) -> list[dict[str, Any]]:
        with db.read() as session:
            found = queries.thread(session, conversation)
            assert found is not None
            return list(queries.operators_page(session, found, 0)["messages"])

    def site(self, **values: Any) -> None:
        db.write(lambda session: session.execute(update(Site).where(Site.id == self.people.site.id).values(values)))


@pytest.fixture
def shop(either_database: db.Database, now: datetime) -> Shop:
    return Shop(db.write(add_people, now), now)


@pytest.fixture
def quick(database: db.Database, now: datetime) -> Shop:
    """As shop, on SQLite alone: for what no database decides."""
    return Shop(db.write(add_people, now), now)


def test_a_reply_reaches_the_visitor_and_stands_in_the_conversation(shop: Shop) -> None:
    conversation = shop.question()
    shop.confirm(conversation)
    shop.reply(conversation, "Yes, it is.\n\nShall I put one aside?", subject="Blue ones")
    (sent,) = shop.mails()
    assert (sent.to_email, sent.to_name, sent.subject) == ("erin@example.net", "Erin", "Blue ones")
    assert sent.reply_to == "alice@example.org", "who answers the mail reaches a person"
    assert sent.headers == {"Auto-Submitted": "no"}, "a person wrote it"
    assert "Yes, it is.\n\nShall I put one aside?" in sent.text
    assert "> Is it blue?" in sent.text
    assert "Alice\nDemo shop" in sent.text
    last = shop.thread(conversation)[-1]
    assert (last["body"], last["by_email"], last["seq"]) == ("Yes, it is.\n\nShall I put one aside?", True, 2)


def test_replies_stay_in_one_thread_of_the_visitors_mail_program(shop: Shop) -> None:
    conversation = shop.question()
    shop.confirm(conversation)
    for body in ("One", "Two", "Three"):
        shop.reply(conversation, body)
    first, second, third = shop.mails()
    assert [mail.subject for mail in (first, second, third)] == [
        "Your question to Demo shop", "Re: Your question to Demo shop", "Re: Your question to Demo shop",
    ]  # fmt: skip
    assert "In-Reply-To" not in first.headers
    assert second.headers["In-Reply-To"] == first.message_id
    assert third.headers["In-Reply-To"] == second.message_id
    assert third.headers["References"] == f"{first.message_id} {second.message_id}"
    assert third.text.index("> Is it blue?") < third.text.index("> One") < third.text.index("> Two")


def test_a_reply_to_an_unproven_address_is_kept_until_its_owner_has_proven_it(shop: Shop) -> None:
    conversation = shop.question()
    shop.reply(conversation, "Yes.")
    shop.reply(conversation, "And there is a red one.")
    assert shop.mails() == []
    shop.confirm(conversation)
    assert [("Yes." in mail.text, mail.to_email) for mail in shop.mails()] == [
        (True, "erin@example.net"),
        (True, "erin@example.net"),
    ]
    assert shop.mails()[1].headers["In-Reply-To"] == shop.mails()[0].message_id
    shop.confirm(conversation)
    assert len(shop.mails()) == 2, "confirming again mails nothing again"


def test_a_kept_reply_that_was_deleted_or_grew_old_is_not_sent(shop: Shop) -> None:
    conversation = shop.question()
    old = shop.reply(conversation, "Old")
    shop.now += mailing.KEPT
    deleted = shop.reply(conversation, "Deleted")
    shop.reply(conversation, "This one")
    db.write(lambda session: session.execute(
        update(Message).where(Message.public_id == deleted.message.id).values(deleted_at=shop.now)
    ))  # fmt: skip
    shop.confirm(conversation)
    (sent,) = shop.mails()
    assert sent.about not in (old.message.id, deleted.message.id)
    assert "This one" in sent.text
    assert "[This message was deleted.]" in sent.text
    assert "Deleted" not in sent.text.replace("This message was deleted.", "")


def test_without_an_address_the_operator_is_told_and_nothing_is_stored(shop: Shop) -> None:
    conversation = shop.chat()
    with pytest.raises(Conflict) as refused:
        shop.reply(conversation)
    assert "left none" in refused.value.message
    assert refused.value.code == "not_allowed"
    assert len(shop.thread(conversation)) == 1


def test_an_address_that_must_not_be_written_to_gets_nothing(shop: Shop) -> None:
    conversation = shop.question()
    shop.confirm(conversation)
    db.write(mail.suppress, shop.now, site_id=shop.people.site.id, email_key="erin@example.net", reason="erasure")
    with pytest.raises(Conflict) as refused:
        shop.reply(conversation)
    assert "must not be written to" in refused.value.message
    assert shop.mails() == []


def test_what_waits_is_not_sent_to_who_became_suppressed_meanwhile(shop: Shop) -> None:
    conversation = shop.question()
    shop.reply(conversation)
    db.write(mail.suppress, shop.now, site_id=shop.people.site.id, email_key="erin@example.net", reason="bounce")
    shop.confirm(conversation)
    assert [one.status for one in shop.mails()] == ["suppressed"]


def test_the_same_reply_sent_twice_is_one_mail(shop: Shop) -> None:
    conversation = shop.question()
    shop.confirm(conversation)
    for _try in range(2):
        shop.reply(conversation, client_id="same")
    assert len(shop.mails()) == 1


def test_a_note_is_never_an_e_mail_and_neither_is_a_plain_reply(quick: Shop) -> None:
    conversation = quick.question()
    quick.confirm(conversation)
    quick.reply(conversation, "She asked before.", kind="note")
    quick.reply(conversation, "Here.", by_email=False)
    quick.reply(conversation, "There.")
    (sent,) = quick.mails()
    assert "asked before" not in sent.text + sent.html
    assert quick.thread(conversation)[1]["by_email"] is False


def test_charlie_mails_nobody_of_another_site(quick: Shop) -> None:
    conversation = quick.question()
    quick.confirm(conversation)
    with pytest.raises(NotFound):
        quick.reply(conversation, operator="charlie")
    assert quick.mails() == []


def test_the_contact_of_the_conversation_can_be_written_to(quick: Shop) -> None:
    conversation = quick.question()
    quick.confirm(conversation)
    db.write(lambda session: session.execute(update(Conversation).values(email=None, email_confirmed_at=None)))
    quick.reply(conversation)
    assert [one.to_email for one in quick.mails()] == ["erin@example.net"]


def test_the_signature_says_how_else_to_reach_the_shop(quick: Shop) -> None:
    quick.site(
        timezone="Europe/Berlin", hours=HOURS,
        chat={"phone": "+49 30 123456", "signature": {"en": "Blue things since 1999\nWe are here for you"}},
    )  # fmt: skip
    conversation = quick.question()
    quick.confirm(conversation)
    quick.reply(conversation)
    text = quick.mails()[0].text.replace("\u202f", " ")
    assert "Blue things since 1999\nWe are here for you\n" in text
    assert "Phone: +49 30 123456" in text
    assert (
        "in the time of Berlin:\nMonday to Thursday: 9:00 AM – 12:00 PM, 1:00 PM – 5:30 PM\nFriday: 9:00 AM – 12:00 AM"
        in text
    )


@pytest.mark.parametrize(
    ("hours", "lines"),
    [
        (None, []),
        ({}, []),
        ({"sat": [["10:00", "14:00"]]}, ["Saturday: 10:00 AM – 2:00 PM"]),
        ({day: [["00:00", "24:00"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")},
         ["Every day: all day"]),
        ({"mon": [["09:00", "10:00"]], "wed": [["09:00", "10:00"]]},
         ["Monday: 9:00 AM – 10:00 AM", "Wednesday: 9:00 AM – 10:00 AM"]),
    ],
)  # fmt: skip
def test_hours_read_as_words(hours: Any, lines: list[str]) -> None:
    with i18n.speaking("en"):
        assert [line.replace("\u202f", " ") for line in signature.hours_in_words(hours)] == lines


def test_a_visitor_who_reads_arabic_gets_it_in_arabic(quick: Shop) -> None:
    quick.language = "ar"
    quick.site(hours=HOURS, chat={"signature": {"en": "Blue things", "ar": "أشياء زرقاء"}})
    conversation = quick.question()
    quick.confirm(conversation)
    quick.reply(conversation, "نعم")
    (sent,) = quick.mails()
    assert sent.language == "ar"
    assert "أشياء زرقاء" in sent.text
    assert "الخميس" in sent.text
    assert 'dir="rtl"' in sent.html


def test_hostile_words_stay_words(quick: Shop) -> None:
    conversation = quick.question(HOSTILE, name="Erin <b>\r\nBcc: x@example.net")
    quick.confirm(conversation)
    quick.reply(conversation, "Well.", subject="Re\r\nBcc: x@example.net")
    (sent,) = quick.mails()
    assert "\n" not in sent.subject + sent.to_name
    assert "\u202e" not in sent.text + sent.html
    assert "<script" not in sent.html
    assert "> http://127.0.0.1:8000/confirm/abc" in sent.text, "quoted, so that it is no link of ours on the web"
    assert set(sent.headers) == {"Auto-Submitted"}


def test_an_address_is_shown_masked(quick: Shop) -> None:
    conversation = quick.question()
    with db.read() as session:
        row = session.scalars(select(Conversation).where(Conversation.public_id == conversation)).one()
        to = mailing.recipient(session, row.id)
    assert to is not None
    assert (to.masked(), to.confirmed) == ("e•••@example.net", False)


def test_who_withdrew_the_consent_to_be_answered_is_not_written_to_and_the_operator_is_told(shop: Shop) -> None:
    conversation = shop.question()
    shop.confirm(conversation)

    def leaves(session: Any, now: datetime) -> None:
        contact = session.scalars(select(Contact)).one()
        consent.record(session, now, contact=contact, action="grant", purpose=mailing.PURPOSE, method="button")
        consent.withdraw(session, now, contact=contact, method="one_click")

    db.write(leaves, shop.now)
    with pytest.raises(Conflict, match="does not want to be answered"):
        shop.reply(conversation)
    assert shop.mails() == []
