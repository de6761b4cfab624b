"""A submission that looks like spam waits for a person: nobody is mailed, nobody is told, nothing is lost."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select, update

from leadcapture import db
from leadcapture.chat.models import Conversation
from leadcapture.errors import NotFound
from leadcapture.forms import held, operations, queries, releasing
from leadcapture.forms.intake import MailSettings
from leadcapture.forms.models import Submission
from leadcapture.mail.models import Email
from leadcapture.optin.models import Confirmation
from leadcapture.sites.models import Site
from leadcapture.spam import queries as spam_queries
from leadcapture.spam import words
from leadcapture.spam.models import SpamCount
from tests.conftest import add_people
from tests.console.conftest import Browser
from tests.forms.conftest import Mailed, Visitor, count
from tests.forms.kinds.at_once import all_at_once
from tests.spam.texts import ENQUIRIES, SPAM

MAILS = MailSettings("http://127.0.0.1:8000", 7)


def row(sent: Any) -> Submission:
    with db.read() as session:
        found = queries.submission(session, sent.json["submission"])
    assert found is not None
    return found


def taught(site_id: int) -> tuple[int, int]:
    with db.read() as session:
        found = session.execute(select(SpamCount.ham, SpamCount.spam).where(SpamCount.site_id == site_id)).first()
    return (found.ham, found.spam) if found else (0, 0)


def shape(answer: Any) -> tuple[int, list[tuple[str, str]], dict[str, Any]]:
    """An answer without its random id and token."""
    body = {name: value for name, value in answer.json.items() if name not in ("submission", "poll_token")}
    heads = [pair for pair in answer.headers if pair[0] not in ("Date", "Content-Length", "X-Request-ID")]
    return answer.status_code, heads, body


def test_spam_is_held_and_its_sender_sees_what_everybody_sees(visitor: Visitor) -> None:
    usual = visitor.ask(email="erin@example.org")
    mails = count(Email)
    sent = visitor.ask(email="erin@example.org", message=SPAM[0])

    assert shape(sent) == shape(usual)
    assert visitor.state(sent).json == visitor.state(usual).json == {"status": "pending", "result": None}
    assert count(Email) == mails
    assert count(Conversation) == 1
    assert (row(sent).status, row(sent).spam) == ("held", None)
    assert {"links", "phrases"} <= set((row(sent).held_why or {})["why"])
    assert row(sent).data["message"] == SPAM[0]


def test_a_guessed_code_is_answered_as_usual_and_counted(visitor: Visitor) -> None:
    usual = visitor.ask(email="erin@example.org")
    sent = visitor.ask(message=SPAM[0])
    for _try in range(6):
        assert shape(visitor.type_code(sent, "000000")) == shape(visitor.type_code(usual, "000000"))
    assert row(sent).status == "held"


def test_what_customers_write_is_not_held_though_a_plain_program_sends_it(visitor: Visitor) -> None:
    for number, text in enumerate(ENQUIRIES[:6]):
        assert row(visitor.ask(email=f"erin{number}@example.org", message=text)).status == "pending"


def test_who_is_confirmed_is_never_held(visitor: Visitor, client: Any, mailed: Any) -> None:
    visitor.ask(email="erin@example.org")
    confirmed: Mailed = mailed("erin@example.org")
    client.post(confirmed.link)
    assert row(visitor.ask(email="erin@example.org", message=SPAM[0])).status == "pending"


def test_an_owner_who_holds_nothing_gets_all(visitor: Visitor, people: SimpleNamespace) -> None:
    db.write(lambda session: session.execute(update(Site).values(protection={"hold_spam": False})))
    assert row(visitor.ask(message=SPAM[0])).status == "pending"


def test_a_released_one_goes_on_as_if_it_had_come_in_now(
    visitor: Visitor, client: Any, people: SimpleNamespace, now: Any, mailed: Any
) -> None:
    sent = visitor.ask(email="erin@example.org", message=SPAM[0])
    later = now + timedelta(days=20)
    changed = db.write(releasing.release, later, site_id=people.site.id, public_id=sent.json["submission"], mails=MAILS)

    assert len(changed) == 1  # the question is in the inbox now
    released = row(sent)
    assert (released.status, released.held_at, released.spam) == ("pending", None, False)
    assert taught(people.site.id) == (1, 0)
    with db.read() as session:
        confirmation = queries.asked(session, _confirmation(released))[0]
    assert confirmation.expires_at == later + timedelta(days=7)
    code = mailed("erin@example.org").code
    assert visitor.type_code(sent, "x" + code[1:]).status_code == 422


def _confirmation(sent: Submission) -> str:
    with db.read() as session:
        return session.scalars(select(Confirmation.public_id).where(Confirmation.id == sent.confirmation_id)).one()


def test_two_operators_who_release_it_at_once_send_one_mail(
    either_database: db.Database, now: Any, a_held_one: tuple[SimpleNamespace, str]
) -> None:
    people, public_id = a_held_one
    act = {"site_id": people.site.id, "public_id": public_id, "mails": MAILS}
    answers = all_at_once(lambda _n: db.write(releasing.release, now, **act), range(4))
    assert sorted(map(len, answers)) == [0, 0, 0, 1]
    assert count(Email, Email.name == "confirmation") == 1
    assert taught(people.site.id) == (1, 0)


@pytest.fixture
def a_held_one(either_database: db.Database, now: Any) -> tuple[SimpleNamespace, str]:
    def make(session: Any) -> tuple[SimpleNamespace, str]:
        people = add_people(session, now)
        form = operations.create(session, now, site_id=people.site.id, kind="offline", slug="offline", settings={})
        session.add(
            Submission(
                public_id="sub_held", site_id=people.site.id, form_id=form.id, form_version=1, status="held",
                email="erin@example.org", email_key="erin@example.org", name="Erin", language="en",
                data={"message": SPAM[0]}, consents=[], created_at=now, held_at=now,
                held_why={"why": ["links"], "visitor": None, "conversation": None},
            )
        )  # fmt: skip
        session.flush()
        return people, "sub_held"

    return db.write(make)


def test_spam_teaches_and_can_be_taken_back(either_database: db.Database, now: Any, a_held_one: Any) -> None:
    people, public_id = a_held_one
    act = {"site_id": people.site.id, "public_id": public_id}

    def known() -> int:
        with db.read() as session:
            return len(spam_queries.taught(session, people.site.id, SPAM[0]).words)

    for _again in range(2):
        db.write(held.mark, now, **act)
    assert (taught(people.site.id), known()) == ((0, 1), len(words.words(SPAM[0])))
    db.write(held.unmark, now, **act)
    assert (taught(people.site.id), known()) == ((0, 0), 0)
    db.write(held.mark, now, **act)
    db.write(releasing.release, now, **act, mails=MAILS)
    assert taught(people.site.id) == (1, 0)
    with pytest.raises(NotFound):
        db.write(held.mark, now, **act)


def test_spam_is_learned_beside_something_that_was_confirmed(
    visitor: Visitor, client: Any, people: SimpleNamespace, now: Any, mailed: Any
) -> None:
    visitor.ask(email="erin@example.org", message=ENQUIRIES[0])
    client.post(mailed("erin@example.org").link)
    for number in range(2):
        sent = visitor.ask(email=f"spam{number}@example.org", message=SPAM[number])
        db.write(held.mark, now, site_id=people.site.id, public_id=sent.json["submission"])
    assert taught(people.site.id) == (1, 2)


def test_one_click_holds_the_next_like_it(visitor: Visitor, people: SimpleNamespace, now: Any) -> None:
    text = (
        "Dear manager, our factory makes steel pipes of all kinds and sizes for your projects. We deliver worldwide "
        "and would be glad to become your partner for valves and flanges."
    )
    assert row(visitor.ask(email="a@example.org", message=text)).status == "pending"
    first = visitor.ask(email="b@example.org", message=f"{text} {SPAM[0]}")
    assert row(first).status == "held"
    db.write(held.mark, now, site_id=people.site.id, public_id=first.json["submission"])
    assert row(visitor.ask(email="c@example.org", message=text + " Thank you.")).status == "held"


# ---- the page --------------------------------------------------------------------------------------------------------


def test_an_operator_releases_it_by_one_click(visitor: Visitor, somebody: Any) -> None:
    sent = visitor.ask(email="erin@example.org", name="Erin", message=SPAM[0])
    bob: Browser = somebody("bob")
    page = bob.get("/console/held").text
    assert "There are many links in it." in page
    assert "pills.example" in page
    assert '<span class="count">1' in page
    path = f"/console/held/{sent.json['submission']}/release"
    assert bob.post(path, seen_at="/console/held").status_code == 302
    assert count(Email, Email.name == "confirmation") == 1
    assert "Nothing is held" in bob.get("/console/held").text


def test_an_operator_calls_it_spam_and_takes_that_back(visitor: Visitor, somebody: Any) -> None:
    sent = visitor.ask(message=SPAM[0])
    bob: Browser = somebody("bob")
    path = f"/console/held/{sent.json['submission']}"
    bob.post(f"{path}/spam", seen_at="/console/held")
    assert "Called spam" in bob.get("/console/held").text
    bob.post(f"{path}/undo", seen_at="/console/held")
    assert "Called spam" not in bob.get("/console/held").text
    assert row(sent).spam is None
    assert count(Email) == 0


def test_hostile_text_is_text_on_the_page(visitor: Visitor, somebody: Any) -> None:
    hostile = '<script>alert(1)</script> [url=http://x.example]x[/url] <a href="http://y.example">y</a> online casino'
    visitor.ask(name="<img src=x onerror=alert(1)> http://z.example", message=hostile)
    page = somebody("bob").get("/console/held").text
    assert "&lt;script&gt;" in page
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert 'href="http://y.example"' not in page


@pytest.mark.parametrize("act", ["release", "spam", "undo"])
def test_charlie_finds_nothing_of_it(visitor: Visitor, somebody: Any, act: str) -> None:
    sent = visitor.ask(message=SPAM[0])
    charlie: Browser = somebody("charlie")
    assert charlie.post(f"/console/held/{sent.json['submission']}/{act}", seen_at="/console/account").status_code == 404
    assert "pills.example" not in charlie.get("/console/held").text
    assert (row(sent).status, row(sent).spam) == ("held", None)
