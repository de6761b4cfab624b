"""The page that asks again: it shows both statements, takes yes or no, and looking changes nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from leadcapture import clock, db, signing
from leadcapture.consent import operations as consent
from leadcapture.consent import queries as agreed
from leadcapture.consent import verifying
from leadcapture.contacts.models import Contact
from leadcapture.mail.models import Email
from leadcapture.repermission import operations
from leadcapture.repermission.asking import due
from leadcapture.repermission.models import PermissionAsk, PermissionCampaign
from tests.repermission.conftest import NEW, NEW_WORDS, OLD, OLD_WORDS, PURPOSE, Asking

FIREFOX = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}
GATEWAY = {"User-Agent": "Mozilla/5.0 (compatible; Barracuda Sentinel)"}


@pytest.fixture
def erin(asking: Asking) -> Contact:
    """Somebody who is asked."""
    contact = asking.person("erin@example.org")
    asking.ask(asking.start())
    return contact


@pytest.fixture
def path(erin: Contact, link: Callable[[str], str]) -> str:
    return link(erin.email)


def sent(asking: Asking, ago: timedelta = timedelta(hours=1)) -> None:
    """The mail was handed over a while ago."""
    db.write(lambda session: session.execute(update(Email).values(status="sent", sent_at=clock.now() - ago)))


def test_the_page_shows_both_statements_and_looking_changes_nothing(
    client: FlaskClient, asking: Asking, erin: Contact, path: str
) -> None:
    for _time in range(3):
        page = client.get(path, headers=FIREFOX)
        assert page.status_code == 200
        assert OLD_WORDS in page.text
        assert NEW_WORDS in page.text
        assert "shop and its partners." in page.text
        assert client.head(path).status_code == 200
    yes, no = re.findall(r'<button type="submit" class="([^"]+)" name="answer" value="(?:yes|no)">', page.text)
    assert yes == no, "neither answer is the better one"
    assert "go on holding" in page.text
    assert page.headers["Cache-Control"] == "no-store"
    assert asking.asks()[erin.email].answer is None
    assert asking.holds(erin) == OLD


def test_yes_is_kept_with_its_proof_and_again_shows_the_same(
    client: FlaskClient, asking: Asking, erin: Contact, path: str
) -> None:
    first = client.post(path, data={"answer": "yes"}, headers=FIREFOX)
    assert "You said yes" in first.text
    assert client.post(path, data={"answer": "yes"}, headers=FIREFOX).text == first.text
    assert client.get(path).text == first.text
    with db.read() as session:
        held = agreed.granted(session, erin.id)
        active = session.get_one(Contact, erin.id).active_at
        assert not list(verifying.verify(session, asking.site.id))
    assert [(one.method, one.statement, one.statement_version) for one in held] == [("re_permission", NEW_WORDS, NEW)]
    assert NEW_WORDS in held[0].email_text
    assert held[0].user_agent == FIREFOX["User-Agent"]
    assert active > asking.now
    results = asking.results(db.write(lambda session: session.scalars(select(PermissionCampaign)).one()))
    assert (results.asked, results.agreed, results.declined, results.silent) == (1, 1, 0, 0)


def test_no_withdraws_that_purpose_alone(client: FlaskClient, asking: Asking, erin: Contact, path: str) -> None:
    asking.person("erin@example.org", "1-ffffffffff", "Call me.", purpose="calls")
    assert "You said no" in client.post(path, data={"answer": "no"}, headers=FIREFOX).text
    assert asking.holds(erin) is None
    with db.read() as session:
        assert agreed.granted_purposes(session, erin.id) == {"calls"}
        assert agreed.history(session, erin.id)[0].method == "re_permission"


def test_of_two_tabs_the_first_answer_counts_but_a_no_is_always_taken(
    client: FlaskClient, asking: Asking, erin: Contact, path: str
) -> None:
    client.post(path, data={"answer": "yes"}, headers=FIREFOX)
    assert "You said no" in client.post(path, data={"answer": "no"}, headers=FIREFOX).text
    assert asking.holds(erin) is None
    assert "You said no" in client.post(path, data={"answer": "yes"}, headers=FIREFOX).text
    assert asking.holds(erin) is None, "a yes revives nothing that was withdrawn"


def test_who_withdrew_in_between_is_not_brought_back_by_an_old_page(
    client: FlaskClient, asking: Asking, erin: Contact, path: str
) -> None:
    db.write(consent.withdraw, clock.now(), contact=erin, method="unsubscribe_link")
    assert "This question is over" in client.get(path).text
    assert "This question is over" in client.post(path, data={"answer": "yes"}, headers=FIREFOX).text
    assert asking.holds(erin) is None


def test_the_withdrawal_stops_the_question_that_has_not_left(asking: Asking, erin: Contact, app: object) -> None:
    db.write(consent.withdraw, clock.now(), contact=erin, method="preferences", purpose=PURPOSE)
    assert [mail.status for mail in asking.mails()] == ["suppressed"]


def test_the_mail_programs_own_button_says_no_to_who_is_no_contact(
    client: FlaskClient, asking: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.repermission.test_asking import hand_over

    heard: list[tuple[int, bool]] = []
    monkeypatch.setattr(operations, "on_answered", [lambda _s, _n, person, yes: heard.append((person, yes))])
    monkeypatch.setattr(operations, "on_asking", [lambda _session, _now, _person: True])
    asking.ask(hand_over(asking, 1))
    (mail,) = asking.mails()
    address = mail.headers["List-Unsubscribe"].strip("<>").removeprefix("http://127.0.0.1:8000")
    assert client.post(address, data={"List-Unsubscribe": "One-Click"}).status_code == 200
    assert heard == [(1, False)]


def test_a_scanner_that_presses_is_asked_for_the_code_and_who_has_it_is_heard(
    client: FlaskClient, asking: Asking, erin: Contact, path: str
) -> None:
    sent(asking, timedelta(seconds=0.5))
    for answer in ("yes", "no", "yes"):
        page = client.post(path, data={"answer": answer}, headers=GATEWAY)
        assert "Code from the e-mail" in page.text
    assert asking.holds(erin) == OLD
    assert asking.asks()[erin.email].answer is None
    wrong = client.post(path, data={"answer": "yes", "code": "000000"}, headers=GATEWAY)
    assert (wrong.status_code, asking.holds(erin)) == (422, OLD)
    code = re.search(r"^(\d{6})$", asking.mails()[0].text, re.MULTILINE)
    assert code is not None
    client.post(path, data={"answer": "yes", "code": code[1]}, headers=GATEWAY)
    assert asking.holds(erin) == NEW


def test_a_plain_program_that_answers_at_once_is_taken_at_its_word(
    client: FlaskClient, asking: Asking, erin: Contact, path: str
) -> None:
    sent(asking, timedelta(seconds=0.5))
    client.post(path, data={"answer": "yes"}, headers={"User-Agent": "curl/8.5"})
    assert asking.holds(erin) == NEW


def test_the_page_says_when_silence_ends_the_old_consent_and_then_it_does(client: FlaskClient, asking: Asking) -> None:
    erin, frank, late = (asking.person(f"{name}@example.org") for name in ("erin", "frank", "late"))
    campaign = asking.start(ends_after_days=7)
    asking.ask(campaign)
    sent(asking, timedelta(days=7, minutes=1))
    db.write(lambda session: session.execute(update(Email).where(Email.to_key == late.email).values(sent_at=None)))
    token = signing.sign("permission", asking.asks()[erin.email].public_id)
    assert "what you agreed to before ends on" in client.get(f"/permission/{token}").text
    asking.answer(frank.email, True)
    due(clock.now())
    assert (asking.holds(erin), asking.holds(frank), asking.holds(late)) == (None, NEW, OLD)
    assert "This question is over" in client.post(f"/permission/{token}", data={"answer": "yes"}).text
    assert asking.holds(erin) is None
    assert asking.results(campaign).ended == 1


def test_the_page_speaks_arabic_to_who_does(client: FlaskClient, asking: Asking, link: Callable[[str], str]) -> None:
    asking.person("amal@example.org", language="ar")
    asking.ask(asking.start())
    page = client.get(link("amal@example.org")).text
    assert 'dir="rtl"' in page
    assert "نعم، أرسلوا لي النشرة." in page


def test_an_erased_person_has_no_question_any_more(
    client: FlaskClient, asking: Asking, erin: Contact, path: str, people: SimpleNamespace
) -> None:
    from leadcapture.privacy import erasing

    db.write(lambda session: erasing.erase(session, clock.now(), contact=session.get_one(Contact, erin.id), reason="x"))
    assert client.get(path).status_code == 404
    assert client.post(path, data={"answer": "yes"}).status_code == 404
    with db.read() as session:
        assert session.scalars(select(PermissionAsk)).all() == []
