"""The mails that forms send beside the confirmation."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from leadcapture import addresses, db, i18n
from leadcapture.forms import letters
from leadcapture.forms.outcome import Outcome
from leadcapture.mail.models import Email
from leadcapture.sites import operations as sites
from leadcapture.sites import queries

WHOLE = Outcome(
    title="Your quote",
    text="First line.\nSecond line.",
    rows=[("Oak <b>front</b>", "€120.00"), ("Handles", "€8.50")],
    total=("Total", "€128.50"),
    code="SPRING-10",
    links=[("Open it", "https://shop.example.org/quote?a=1&b=2")],
    note="Valid for 30 days.",
)


@pytest.fixture
def send(people, now):
    def send(outcome: Outcome = WHOLE, **more) -> Email:
        given = {"subject": "Your quote", "why": "You asked for it.", "language": "en", **more}
        return db.write(
            letters.send, now, site=people.site, to=addresses.parse("erin@example.net"), outcome=outcome, **given
        )

    return send


def test_a_letter_says_everything_in_plain_text_and_in_html(send):
    mail = send(name="Erin")
    for text in ("Your quote", "First line.", "Second line.", "Handles", "€8.50", "€128.50", "SPRING-10", "30 days"):
        assert text in mail.text
        assert text in mail.html
    assert "https://shop.example.org/quote?a=1&b=2" in mail.text.splitlines()
    assert "Hello Erin," in mail.text
    assert "Oak &lt;b&gt;front" in mail.html
    assert "You asked for it." in mail.text


def test_what_there_is_nothing_of_leaves_no_trace(send):
    mail = send(Outcome(title="Thank you"))
    assert "code" not in mail.text.lower()
    assert '<table class="ink"' not in mail.html
    assert "List-Unsubscribe" not in mail.headers


def test_a_hostile_name_breaks_out_of_no_line(send):
    mail = send(
        name="Erin\r\nBcc: everybody@example.net", outcome=Outcome(title="Hi", text="<script>alert(1)</script>")
    )
    assert "\nBcc:" not in mail.text
    assert "\n" not in mail.to_name
    assert "<script>" not in mail.html


def test_the_shop_is_told_in_its_own_language_at_its_verified_recipient(people, now, letters_of_everybody):
    db.write(sites.update, now, site_id=people.site.id, language="ar")

    def tell(session):
        site = letters_of_everybody.site(session)
        with i18n.speaking("en"):
            letters.tell_owner(
                session, now, site=site, subject=lambda: i18n.language(), outcome=lambda: Outcome(title="x")
            )

    db.write(tell)
    (mail,) = letters_of_everybody()
    assert (mail.to_email, mail.language, mail.subject) == ("alice@example.org", "ar", "ar")


def test_without_a_recipient_the_owners_are_told(people, now, letters_of_everybody):
    db.write(sites.set_recipient, now, site_id=people.site.id, email=None)

    def tell(session):
        site = letters_of_everybody.site(session)
        letters.tell_owner(session, now, site=site, subject=lambda: "New", outcome=lambda: Outcome(title="x"))

    db.write(tell)
    assert [mail.to_email for mail in letters_of_everybody()] == ["alice@example.org"]


@pytest.fixture
def letters_of_everybody(people):
    def every() -> list[Email]:
        with db.read() as session:
            return list(session.scalars(select(Email).order_by(Email.id)))

    every.site = lambda session: queries.by_id(session, people.site.id)
    return every
