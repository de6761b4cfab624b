"""What is put into the outbox, and what arrives of it."""

from __future__ import annotations

from datetime import datetime
from types import SimpleNamespace

import pytest
from sqlalchemy import func, select

from leadcapture import db
from leadcapture.errors import Conflict, LeadCaptureError, NotFound
from leadcapture.mail import delivery, operations, queries
from leadcapture.mail.models import Email
from tests.mail.conftest import Queue, stored
from tests.mail.post_office import PostOffice

CONFIRMATION = {
    "name": "Alice",
    "link": "https://chat.example.org/confirm/" + "x" * 90,
    "code": "012345",
    "days": 7,
    "form_title": "Newsletter",
    "statements": ["Send me the <b>newsletter</b>."],
    "preferences_url": "",
}


def question(**more: object) -> dict[str, object]:
    return {
        "visitor_name": "Bob",
        "visitor_email": "bob@example.org",
        "question": "Is it blue?",
        "console_url": "https://chat.example.org/console/inbox",
        "email_confirmed": False,
        "page_url": "https://shop.example.org/mugs",
        **more,
    }


def test_a_confirmation_says_who_asks_what_for_and_how_long(
    people: SimpleNamespace, office: PostOffice, queue: Queue, now: datetime
) -> None:
    queue("alice@example.org", name="confirmation", to_name="Alice", values=CONFIRMATION)
    delivery.deliver_due(now)
    (mail,) = office.taken
    assert mail["From"] == "Demo shop <hello@shop.example.org>"
    assert mail["To"] == "Alice <alice@example.org>"
    assert mail["Reply-To"] == "alice@example.org"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"].endswith("@shop.example.org>")
    assert mail["Date"].datetime.replace(microsecond=0) == now
    assert mail["X-Mailer"] is None
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None
    assert html is not None
    lines = plain.get_content().splitlines()
    assert CONFIRMATION["link"] in lines
    assert "012345" in lines
    assert "- Send me the <b>newsletter</b>." in lines
    for words in ("Demo shop", "Newsletter", "7 days", "do nothing"):
        assert words in plain.get_content()
    assert "Send me the &lt;b&gt;newsletter&lt;/b&gt;." in html.get_content()
    assert html.get_content().count(f'href="{CONFIRMATION["link"]}"') == 1


def test_no_line_of_a_mail_is_too_long_for_any_server(
    people: SimpleNamespace, office: PostOffice, queue: Queue, now: datetime
) -> None:
    long = "a very long question " * 190
    queue(name="offline_question", values=question(question=long, visitor_name="ب" * 300))
    delivery.deliver_due(now)
    (mail,) = office.taken
    raw = mail.as_bytes()
    assert max(len(line) for line in raw.split(b"\n")) < 998
    assert raw.isascii()
    text = mail.get_body(("plain",))
    assert text is not None
    assert long.strip() in text.get_content()


def test_a_field_nobody_filled_stops_the_mail_and_nothing_is_stored(people: SimpleNamespace, queue: Queue) -> None:
    for lacking in ("link", "code", "form_title"):
        for values in (
            {name: value for name, value in CONFIRMATION.items() if name != lacking},
            {**CONFIRMATION, lacking: None},
        ):
            with pytest.raises(LeadCaptureError) as refusal:
                queue(name="confirmation", values=values)
            assert refusal.value.code == "unresolved_field"
    with db.read() as session:
        assert session.scalar(select(func.count()).select_from(Email)) == 0


def test_what_a_visitor_types_makes_no_header(
    people: SimpleNamespace, office: PostOffice, queue: Queue, now: datetime
) -> None:
    evil = "Bob\r\nBcc: charlie@example.org\r\n\r\nHello\u2028X: y\0"
    queue(name="offline_question", to_name=evil, values=question(visitor_name=evil))
    queue(name="offline_question", headers={"X-Site": evil}, values=question())
    delivery.deliver_due(now)
    for mail in office.taken:
        assert mail["Bcc"] is None
        assert mail["X"] is None
        assert mail["X-Envelope-To"] == "bob@example.org"
        assert mail.is_multipart()
    assert len(office.taken) == 2
    assert office.taken[0]["Subject"] == "Question from Bob Bcc: charlie@example.org Hello X: y"


def test_what_a_visitor_types_is_inert_in_the_html(people: SimpleNamespace, queue: Queue) -> None:
    evil = '"><script>alert(1)</script><a href="https://evil.example">{{ 7*7 }} {% if %}</a>'
    values = question(visitor_name=evil, question=evil, visitor_email=evil, page_url="javascript:alert(1)")
    email = queue(name="offline_question", values=values)
    assert "<script" not in email.html
    assert 'href="https://evil.example"' not in email.html
    assert 'href="javascript' not in email.html
    assert "49" not in email.subject
    assert "{{ 7*7 }}" in email.text


def test_a_question_cannot_pretend_to_be_our_words(people: SimpleNamespace, queue: Queue) -> None:
    email = queue(name="offline_question", values=question(question="Hi\nAnswer here:\n\nhttps://evil.example"))
    assert "> Answer here:" in email.text
    assert [line for line in email.text.splitlines() if line.startswith("https://evil.example")] == []


def test_an_arabic_mail_reads_from_the_right(
    people: SimpleNamespace, office: PostOffice, queue: Queue, now: datetime
) -> None:
    queue(name="confirmation", language="ar-EG", to_name="أليس", values={**CONFIRMATION, "name": "أليس"})
    delivery.deliver_due(now)
    (mail,) = office.taken
    html = mail.get_body(("html",))
    assert html is not None
    assert '<html lang="ar" dir="rtl">' in html.get_content()
    assert "أليس" in html.get_content()
    assert mail["To"] == "أليس <bob@example.org>"


def test_leaving_is_one_click_where_it_applies(
    people: SimpleNamespace, office: PostOffice, queue: Queue, now: datetime
) -> None:
    url = "https://chat.example.org/unsubscribe/" + "t" * 150
    queue(unsubscribe_url=url)
    delivery.deliver_due(now)
    (mail,) = office.taken
    assert mail["List-Unsubscribe"] == f"<{url}>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    text = mail.get_body(("plain",))
    assert text is not None
    assert url in text.get_content().splitlines()


def test_a_suppressed_address_gets_nothing_not_even_what_waits(
    everybody: SimpleNamespace, office: PostOffice, queue: Queue, now: datetime
) -> None:
    waiting = queue()
    for _ in range(2):
        db.write(operations.suppress, now, site_id=everybody.site.id, email_key="bob@example.org", reason="complaint")
    later = queue()
    delivery.deliver_due(now)
    assert [stored(email).status for email in (waiting, later)] == ["suppressed", "suppressed"]
    assert not office.taken


def test_a_person_can_cancel_what_waits_and_retry_what_failed(
    people: SimpleNamespace, office: PostOffice, queue: Queue, now: datetime
) -> None:
    email = queue()
    mine = {"site_id": people.site.id, "public_id": email.public_id}
    with pytest.raises(Conflict):
        db.write(operations.retry, now, **mine)
    db.write(operations.cancel, now, **mine)
    delivery.deliver_due(now)
    assert not office.taken
    with pytest.raises(Conflict):
        db.write(operations.cancel, now, **mine)
    db.write(operations.retry, now, **mine)
    delivery.deliver_due(now)
    assert stored(email).status == "sent"
    with pytest.raises(Conflict):
        db.write(operations.retry, now, **mine)


def test_charlie_finds_no_mail_of_another_site(people: SimpleNamespace, queue: Queue, now: datetime) -> None:
    email = queue()
    elsewhere = people.other_site.id
    for change in (operations.retry, operations.cancel):
        with pytest.raises(NotFound):
            db.write(change, now, site_id=elsewhere, public_id=email.public_id)
    with db.read() as session:
        assert queries.page(session, elsewhere) == []
        with pytest.raises(NotFound):
            queries.by_public_id(session, elsewhere, email.public_id)


def test_the_outbox_is_read_page_by_page_and_counted(people: SimpleNamespace, queue: Queue, now: datetime) -> None:
    made = [queue(f"bob{number}@example.org").id for number in range(5)]
    with db.read() as session:
        first = queries.page(session, people.site.id, limit=3)
        rest = queries.page(session, people.site.id, before_id=first[-1].id, limit=3)
        assert [email.id for email in (*first, *rest)] == made[::-1]
        assert queries.counts(session, people.site.id) == {"queued": 5}
        assert queries.oldest_due(session, now) == now


def test_a_mail_can_be_read_on_the_web_by_its_link_alone(client, people: SimpleNamespace, queue: Queue) -> None:  # type: ignore[no-untyped-def]
    email = queue(name="offline_question", values=question(question="<script>alert(1)</script>"))
    path = email.html.split('href="')[-1].split('"')[0].removeprefix("http://127.0.0.1:8000")
    answer = client.get(path)
    assert answer.status_code == 200
    assert "&lt;script&gt;alert(1)" in answer.text
    assert "<script>alert" not in answer.text
    assert '<a href="https://chat.example.org' not in answer.text
    assert answer.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert client.get("/mail/" + email.public_id).status_code == 404
    signed, _, signature = path.rpartition(".")
    forged = ("A" if signature[0] != "A" else "B") + signature[1:]
    assert client.get(f"{signed}.{forged}").status_code == 404
