"""Programs that look through mail: whatever they open changes nothing, and one that presses the button is asked for
what only the reader of the mail has."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from leadcapture import clock, db
from leadcapture.contacts.models import Contact
from leadcapture.mail import opens
from leadcapture.mail.models import Email, MailOpen
from leadcapture.optin.models import Confirmation
from leadcapture.sites.models import Site
from tests.consent.spoken import spoken

from .conftest import count, hand_over

PERSON = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
SCANNER = "Mozilla/5.0 (compatible; BarracudaCentral)"


@pytest.fixture
def letter(visitor, mailed) -> Any:
    """A confirmation mail that was handed over this moment."""
    visitor.send()
    db.write(hand_over)
    return mailed("alice@example.org")


@pytest.fixture
def browse(client) -> Callable[..., Any]:
    """Sends a request as that program, from that address."""

    def request(path: str, agent: str = PERSON, ip: str = "192.0.2.7", method: str = "GET", **typed: str) -> Any:
        return client.open(
            path, method=method, data=typed or None, headers={"User-Agent": agent}, environ_base={"REMOTE_ADDR": ip}
        )

    return request


def web_link() -> str:
    """The way to the mail on the web, which stands in its HTML."""
    with db.read() as session:
        found = re.search(r"http://[^\s\"]+(/mail/[^\s\"<]+)", session.scalars(select(Email.html)).one())
    assert found
    return found[1]


def some_time_later() -> None:
    db.write(lambda session: session.execute(update(Email).values(sent_at=clock.now() - timedelta(minutes=1))) and None)


def confirmation() -> Confirmation:
    with db.read() as session:
        return session.scalars(select(Confirmation)).one()


def test_a_scanner_that_presses_at_once_is_asked_for_the_code_and_the_code_confirms(letter, browse):
    asked = browse(letter.link, SCANNER, method="POST")
    assert asked.status_code == 200
    assert 'name="code"' in asked.text
    assert count(Contact) == 0
    some_time_later()
    assert 'name="code"' in browse(letter.link, SCANNER, method="POST").text, "waiting makes no person"
    assert count(Contact) == 0
    wrong = browse(letter.link, SCANNER, method="POST", code=f"{(int(letter.code) + 1) % 1_000_000:06d}")
    assert (wrong.status_code, "not the code" in wrong.text) == (422, True)
    right = browse(letter.link, SCANNER, method="POST", code=f" {letter.code[:3]} {letter.code[3:]} ")
    assert right.status_code == 200
    assert [entry.method for entry in spoken()] == ["code"]
    again = browse(letter.link, SCANNER, method="POST")
    assert (again.status_code, again.data) == (200, right.data), "confirmed is confirmed"


def test_whoever_opens_every_link_and_is_no_browser_is_asked_for_the_code(letter, browse):
    some_time_later()
    browse(letter.link, "python-requests/2.32")
    browse(web_link(), "python-requests/2.32", method="HEAD")
    assert 'name="code"' in browse(letter.link, "python-requests/2.32", method="POST").text
    assert count(Contact) == 0
    assert browse(letter.link, PERSON, method="POST").status_code == 200
    assert count(Contact) == 1, "the person presses the same button from elsewhere, and that counts"


def test_what_one_opened_does_not_speak_against_another(letter, browse):
    some_time_later()
    browse(letter.link, SCANNER)
    browse(web_link(), SCANNER)
    assert browse(letter.link, "python-requests/2.32", method="POST").status_code == 200
    assert count(Contact) == 1


@pytest.mark.parametrize("agent", [PERSON, "python-requests/2.32", "Mozilla/5.0 (X11) HeadlessChrome/126.0", ""])
def test_people_and_plain_programs_confirm_right_after_the_mail_came(letter, browse, agent):
    browse(letter.link, agent)
    assert browse(letter.link, agent, method="POST").status_code == 200
    assert [entry.method for entry in spoken()] == ["button"]


def test_a_site_may_do_without_the_code(letter, browse, people):
    db.write(lambda session: session.execute(update(Site).values(protection={"ask_code": False})) and None)
    assert browse(letter.link, SCANNER, method="POST").status_code == 200
    assert count(Contact) == 1


def test_five_wrong_codes_at_the_link_are_the_end_and_a_new_mail_helps(letter, browse, mailed):
    browse(letter.link, SCANNER, method="POST")
    wrong = f"{(int(letter.code) + 1) % 1_000_000:06d}"
    answers = [browse(letter.link, SCANNER, method="POST", code=wrong) for _ in range(6)]
    assert "Too many tries" in answers[5].text
    assert browse(letter.link, SCANNER, method="POST", code=letter.code).status_code == 422
    assert count(Contact) == 0
    assert browse(f"{letter.link}/resend", SCANNER, method="POST").status_code == 200
    newest = mailed("alice@example.org")
    assert newest.code != letter.code
    assert browse(letter.link, SCANNER, method="POST", code=newest.code).status_code == 200
    assert count(Contact) == 1


def test_looking_a_thousand_times_leaves_a_row_and_a_day_later_none(letter, browse):
    for _ in range(20):
        browse(letter.link, SCANNER)
    assert count(MailOpen) == 1
    with db.read() as session:
        opened = session.scalars(select(MailOpen)).one()
    assert (opened.about, opened.link) == (confirmation().public_id, "confirm")
    assert "192.0.2.7" not in str(vars(opened))
    for number in range(60):
        browse(letter.link, f"Scanner/{number}")
    assert count(MailOpen) == opens.MOST
    opens.sweep_due(clock.now() + timedelta(days=1, minutes=1))
    assert count(MailOpen) == 0
