"""A conversation written down: printed by its team, mailed to its visitor, seen by nobody else."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from leadcapture import addresses, clock, db
from leadcapture.chat import afterwards, mailing, operations, posting, transcript
from leadcapture.chat.live import VisitorSocket
from leadcapture.chat.models import Conversation, Message, Visitor
from leadcapture.chat.protocol import Incoming, Rating
from leadcapture.chat.sockets.afterwards import VISITOR_HANDLERS
from leadcapture.contacts import operations as contacts
from leadcapture.errors import Conflict, NotFound, RateLimited
from leadcapture.mail import caps
from leadcapture.mail.models import Email
from leadcapture.settings import Settings

HOSTILE = "<script>alert(1)</script>"
VISITOR = "vis_erin"
_numbers = itertools.count(1)


def said(people: SimpleNamespace, now: datetime, body: str, **more: Any) -> str:
    incoming = Incoming(f"v{next(_numbers)}", body)
    posted = db.write(
        operations.post_by_visitor, now, site_id=people.site.id, visitor=VISITOR, incoming=incoming, available=True,
        **more,
    )  # fmt: skip
    return posted.message.conversation


def answered(people: SimpleNamespace, now: datetime, conversation: str, body: str, kind: str = "reply") -> str:
    who = people.alice
    posted = db.write(
        posting.by_operator, now, operator_id=who.id, epoch=who.session_epoch, conversation=conversation,
        incoming=Incoming(f"o{next(_numbers)}", body), kind=kind,
    )  # fmt: skip
    return posted.message.id


def row(conversation: str) -> Conversation:
    with db.read() as session:
        return session.scalars(select(Conversation).where(Conversation.public_id == conversation)).one()


def prove(people: SimpleNamespace, now: datetime, conversation: str, email: str = "erin@example.net") -> None:
    """The visitor's address, left and confirmed."""

    def operation(session: Any) -> None:
        contact = contacts.upsert_confirmed(
            session, now, site_id=people.site.id, address=addresses.parse(email), name="Erin", phone="", language="en",
            source="question",
        )  # fmt: skip
        found = session.scalars(select(Conversation).where(Conversation.public_id == conversation)).one()
        found.email = email
        session.flush()
        mailing.address_confirmed(session, now, conversation_id=found.id, contact_id=contact.id)

    db.write(operation)


def mails(name: str = "transcript") -> list[Email]:
    with db.read() as session:
        return list(session.scalars(select(Email).where(Email.name == name).order_by(Email.id)))


@pytest.fixture
def conversation(people: SimpleNamespace, now: datetime) -> str:
    """Erin asked, alice answered and noted something for her team."""
    public_id = said(people, now, f"Is it blue? {HOSTILE}", name=f"Erin {HOSTILE}")
    answered(people, now + timedelta(minutes=1), public_id, "Yes,\nand light.")
    answered(people, now + timedelta(minutes=2), public_id, "She asked before.", kind="note")
    return public_id


@pytest.fixture
def signed_in(app: Flask, people: SimpleNamespace) -> Callable[[str], FlaskClient]:
    app.config["WTF_CSRF_ENABLED"] = False

    def browser(name: str) -> FlaskClient:
        client = app.test_client()
        operator = getattr(people, name)
        with client.session_transaction() as cookie:
            cookie["operator"], cookie["epoch"] = operator.public_id, operator.session_epoch
        return client

    return browser


# ---- printed by the team ---------------------------------------------------------------------------------------------


def test_the_page_has_what_was_said_and_notes_only_when_asked(
    signed_in: Callable[[str], FlaskClient], conversation: str
) -> None:
    path = f"/console/inbox/{conversation}/transcript"
    plain = signed_in("bob").get(path)
    assert plain.status_code == 200
    assert "Yes,\nand light." in plain.text
    assert "She asked before." not in plain.text
    assert "March 4, 2026" in plain.text
    noted = signed_in("bob").get(f"{path}?notes=1").text
    assert noted.index("Is it blue?") < noted.index("and light.") < noted.index("She asked before.")
    assert "not for the visitor" in noted


def test_the_page_keeps_the_strict_policy_and_hostile_words_stay_words(
    signed_in: Callable[[str], FlaskClient], conversation: str
) -> None:
    answer = signed_in("alice").get(f"/console/inbox/{conversation}/transcript")
    assert "'unsafe-inline'" not in answer.headers["Content-Security-Policy"]
    assert HOSTILE not in answer.text
    assert not re.search(r"\sstyle=|\son\w+=", answer.text)


def test_charlie_of_another_site_neither_reads_nor_mails_it(
    signed_in: Callable[[str], FlaskClient], people: SimpleNamespace, now: datetime, conversation: str
) -> None:
    prove(people, now, conversation)
    charlie = signed_in("charlie")
    path = f"/console/inbox/{conversation}/transcript"
    assert charlie.get(path).status_code == 404
    assert charlie.get(f"{path}?notes=1").status_code == 404
    assert charlie.post(path).status_code == 404
    assert mails() == []


def test_nobody_reads_it_without_signing_in(client: FlaskClient, conversation: str) -> None:
    answer = client.get(f"/console/inbox/{conversation}/transcript")
    assert answer.status_code == 302
    assert "/console/sign-in" in answer.headers["Location"]


def test_an_operator_mails_it_to_the_confirmed_visitor_without_notes(
    signed_in: Callable[[str], FlaskClient], people: SimpleNamespace, now: datetime, conversation: str
) -> None:
    alice, path = signed_in("alice"), f"/console/inbox/{conversation}/transcript"
    assert "Send to" not in alice.get(path).text
    assert "no confirmed address" in alice.post(path, follow_redirects=True).text
    assert mails() == []
    prove(people, now, conversation)
    assert "erin@example.net" in alice.get(path).text
    assert "Sent to erin@example.net." in alice.post(path, follow_redirects=True).text
    (sent,) = mails()
    assert sent.to_email == "erin@example.net"
    assert "> Yes,\n> and light." in sent.text
    assert "asked before" not in sent.text + sent.html
    assert HOSTILE not in sent.html


def test_mailing_it_keeps_to_the_caps(
    signed_in: Callable[[str], FlaskClient], people: SimpleNamespace, now: datetime, conversation: str
) -> None:
    prove(people, now, conversation)
    alice, path = signed_in("alice"), f"/console/inbox/{conversation}/transcript"
    answers = [alice.post(path, follow_redirects=True).text for _try in range(7)]
    assert "Too many" in answers[-1]
    assert len(mails()) == 5


# ---- what stands in it -----------------------------------------------------------------------------------------------


def test_edits_and_deletions_show(people: SimpleNamespace, now: datetime, conversation: str) -> None:
    message = answered(people, now, conversation, "Never mind")
    db.write(lambda session: session.execute(
        update(Message).where(Message.public_id == message).values(deleted_at=now)
    ))  # fmt: skip
    with db.read() as session:
        written = transcript.read(session, row(conversation).id)
    assert [(line.body, line.deleted) for line in written.lines][-1] == ("", True)


def test_times_are_the_sites_for_the_team_and_the_visitors_own_in_the_mail(
    people: SimpleNamespace, now: datetime, conversation: str
) -> None:
    for zone, hour in (("Asia/Tokyo", "7:30"), ("Nowhere/Land", "10:30"), ("../../etc/passwd", "10:30"), ("", "10:30")):
        db.write(lambda session, zone=zone: session.execute(update(Visitor).values(timezone=zone)))
        with db.read() as session:
            theirs = transcript.read(session, row(conversation).id, for_visitor=True)
            ours = transcript.read(session, row(conversation).id)
        assert theirs.lines[0].time.startswith(hour)
        assert ours.lines[0].time.startswith("10:30")


def test_a_very_long_conversation_is_shortened_and_says_so(
    people: SimpleNamespace, now: datetime, conversation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transcript, "MOST", 3)
    for number in range(4):
        said(people, now, f"line {number}")
    with db.read() as session:
        written = transcript.read(session, row(conversation).id)
    assert written.shortened
    assert [line.body for line in written.lines] == ["line 1", "line 2", "line 3"]


# ---- by the visitor --------------------------------------------------------------------------------------------------


@pytest.fixture
def socket(app: Flask, people: SimpleNamespace) -> VisitorSocket:
    return VisitorSocket("sid", people.site.id, VISITOR, "en", "")


def test_a_visitor_with_a_confirmed_address_gets_it_by_one_event(
    socket: VisitorSocket, people: SimpleNamespace, conversation: str
) -> None:
    prove(people, clock.now(), conversation)
    assert VISITOR_HANDLERS["transcript"](socket, {}) == {"ok": True, "sent_to": "e•••@example.net"}
    assert [mail.to_email for mail in mails()] == ["erin@example.net"]
    caps.configure(Settings({"MAIL_PER_ADDRESS": "1/hour;3/day"}))
    for _try in range(2):
        VISITOR_HANDLERS["transcript"](socket, {})
    with pytest.raises(RateLimited) as refused:
        VISITOR_HANDLERS["transcript"](socket, {})
    assert 23 * 3600 < refused.value.retry_after <= 24 * 3600


def test_without_a_confirmed_address_the_panel_must_ask_for_one(
    socket: VisitorSocket, people: SimpleNamespace, now: datetime
) -> None:
    with pytest.raises(NotFound):
        VISITOR_HANDLERS["transcript"](socket, {})
    db.write(
        operations.question, clock.now(), site_id=people.site.id, conversation=None, visitor_token_id=VISITOR,
        name="Erin", email="erin@example.net", body="Blue?", page_url="", language="en", client_id="q1",
    )  # fmt: skip
    with pytest.raises(NotFound):
        VISITOR_HANDLERS["transcript"](socket, {})
    assert mails() == []


# ---- ending and rating -----------------------------------------------------------------------------------------------


def test_who_ended_it_is_kept(people: SimpleNamespace, now: datetime, conversation: str) -> None:
    db.write(afterwards.end, now, site_id=people.site.id, visitor=VISITOR)
    assert (row(conversation).status, row(conversation).ended_by) == ("closed", "visitor")
    said(people, now, "One more thing")
    assert row(conversation).ended_by == ""
    alice = people.alice
    db.write(operations.close, now, operator_id=alice.id, epoch=alice.session_epoch, conversation=conversation)
    assert row(conversation).ended_by == "operator"


def test_a_rating_can_be_given_after_the_end_and_changed_for_a_day(
    people: SimpleNamespace, now: datetime, conversation: str
) -> None:
    def rate(stars: int, hours: float) -> None:
        rating = Rating(stars, "Quick!")
        db.write(
            afterwards.rate, now + timedelta(hours=hours), site_id=people.site.id, visitor=VISITOR, rating=rating
        )  # fmt: skip

    db.write(afterwards.end, now, site_id=people.site.id, visitor=VISITOR)
    rate(2, 1)
    rate(5, 20)
    assert (row(conversation).stars, row(conversation).rated_at) == (5, now + timedelta(hours=1))
    with pytest.raises(Conflict) as refused:
        rate(1, 26)
    assert refused.value.code == "not_allowed"
    assert row(conversation).stars == 5
    said(people, now + timedelta(hours=27), "Hello again")
    db.write(afterwards.end, now + timedelta(hours=28), site_id=people.site.id, visitor=VISITOR)
    rate(3, 29)
    assert row(conversation).stars == 3, "a conversation that ended again may be rated again"
