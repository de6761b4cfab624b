"""Whatever visitors type is text and nothing else, on every page that shows it."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from types import SimpleNamespace

import pytest

from leadcapture import addresses, db
from leadcapture.chat import operations as chat
from leadcapture.consent import operations as consent
from leadcapture.contacts import operations as contacts
from leadcapture.mail import operations as mail
from leadcapture.sites import operations as sites

SCRIPT = "<script>alert(1)</script>"
QUOTES = '" onmouseover="alert(1)" x=\''
TURNED = "\u202egnp.exe\u2066"
FORMULA = '=HYPERLINK("https://evil.example.org","click")'
LONG = "W" * 10_000
HOSTILE = [SCRIPT, QUOTES, TURNED, FORMULA, LONG, "{{ 7 * 7 }}", "javascript:alert(1)"]


@pytest.mark.parametrize("text", HOSTILE, ids=["script", "quotes", "turned", "formula", "long", "template", "url"])
def test_hostile_text_is_inert_on_every_page(somebody, people: SimpleNamespace, now: datetime, text: str) -> None:
    def make(session):
        contact = contacts.upsert_confirmed(
            session,
            now,
            site_id=people.site.id,
            address=addresses.parse("visitor@example.org"),
            name=text[:120],
            phone=text[:40],
            source=text[:80],
            attributes={text[:60]: text},
        )
        consent.record(
            session,
            now,
            contact=contact,
            action="grant",
            purpose=text[:60],
            method="button",
            statement=text,
            statement_version=text[:40],
            form_slug=text[:80],
            page_url=text[:2000],
            user_agent=text[:400],
            email_subject=text[:300],
            email_text=text,
        )
        conversation = chat.question(
            session,
            now,
            site_id=people.site.id,
            conversation=None,
            visitor_token_id=None,
            name=text[:120],
            email="visitor@example.org",
            body=text[:4000],
            page_url=text[:2000],
            language="en",
            client_id="one",
        )
        mail.enqueue(
            session,
            now,
            site=people.site,
            name="offline_question",
            to=addresses.parse("alice@example.org"),
            language="en",
            to_name=text,
            values={
                "question": text,
                "visitor_name": text,
                "visitor_email": "visitor@example.org",
                "email_confirmed": False,
                "page_url": text,
                "console_url": "https://example.org/",
            },
        )
        sites.update(session, now, site_id=people.site.id, name=text[:120], sender_name=text[:120])
        return contact, conversation

    contact, conversation = db.write(make)
    alice = somebody("alice")
    with db.read() as session:
        from leadcapture.mail import queries

        email = queries.page(session, people.site.id)[0].public_id
    pages = [
        "/console/contacts",
        f"/console/contacts/{contact.public_id}",
        "/console/outbox",
        f"/console/outbox/{email}",
        f"/console/outbox/{email}/html",
        "/console/inbox",
        "/console/inbox?plain",
        f"/console/inbox/{conversation}",
        "/console/site",
        "/console/team",
        f"/console/contacts?search={text[:100]}",
    ]
    for path in pages:
        answer = alice.get(path)
        assert answer.status_code == 200, path
        assert "<script>alert" not in answer.text, path
        assert 'onmouseover="alert' not in answer.text, path
        assert 'href="javascript:' not in answer.text, path
        assert ">49<" not in answer.text, path
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy, path
        assert "script-src 'unsafe" not in policy, path


def test_a_mails_html_may_run_and_load_nothing(somebody, people: SimpleNamespace, now: datetime) -> None:
    email = db.write(
        mail.enqueue,
        now,
        site=people.site,
        name="verify_recipient",
        to=addresses.parse("alice@example.org"),
        language="en",
        values={"link": "https://example.org/"},
    )
    alice = somebody("alice")
    policy = alice.get(f"/console/outbox/{email.public_id}/html").headers["Content-Security-Policy"]
    assert policy.startswith("sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:")
    assert " sandbox " in alice.get(f"/console/outbox/{email.public_id}").text


def test_no_cell_of_the_export_is_a_formula(somebody, people: SimpleNamespace, now: datetime) -> None:
    db.write(
        contacts.upsert_confirmed,
        now,
        site_id=people.site.id,
        address=addresses.parse("visitor@example.org"),
        name=FORMULA,
        phone="+49 30 1",
    )
    answer = somebody("alice").get("/console/contacts.csv")
    assert answer.mimetype == "text/csv"
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    rows = list(csv.DictReader(io.StringIO(answer.get_data().decode("utf-8-sig"))))
    assert [row["email"] for row in rows] == ["visitor@example.org"]
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in rows[0].values())
