"""What came in by a form, as its owner sees it; where the form stands."""

from __future__ import annotations

import csv
import io
import re
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from leadcapture import clock, db
from leadcapture.contacts import queries as contacts
from leadcapture.forms import expiry, operations
from leadcapture.forms.models import Form, Submission
from leadcapture.mail.models import Email

FORMULA = '=HYPERLINK("https://evil.example.org","click")'
QUESTIONS = [
    {"id": "colour", "type": "radio", "label": {"en": "Favourite colour"}, "options": {"en": "Red\nBlue"}},
    {"id": "wish", "type": "text", "label": {"en": "Any wish?"}},
]


@pytest.fixture
def alice(somebody) -> Any:
    return somebody("alice")


@pytest.fixture
def form(people: SimpleNamespace, now: datetime) -> Form:
    """A published newsletter form with two questions of the owner's."""

    def make(session) -> Form:
        made = operations.create(
            session, now, site_id=people.site.id, kind="subscription", slug="news", settings={"fields": QUESTIONS}
        )
        return operations.publish(session, now, site_id=people.site.id, public_id=made.public_id)

    return db.write(make)


@pytest.fixture
def send(client: FlaskClient, people: SimpleNamespace, form: Form) -> Any:
    """Sends the hosted form, as a visitor does."""

    def sending(email: str, **fields: str) -> None:
        values = {"email": email, "consent": "newsletter", **fields}
        assert client.post(f"/f/{people.site.key}/{form.slug}", data=values).status_code == 200

    return sending


@pytest.fixture
def confirm(client: FlaskClient) -> Any:
    """Presses the button of the mail to that address."""

    def confirming(email: str) -> None:
        with db.read() as session:
            text = session.scalars(
                select(Email.text).where(Email.to_email == email, Email.name == "confirmation")
            ).one()
        assert client.post(re.search(r"(/confirm/\S+)", text).group()).status_code == 200

    return confirming


def test_entries_say_who_sent_what_and_whether_it_is_confirmed(alice, people, form: Form, send, confirm) -> None:
    entries = f"/console/forms/{form.public_id}/entries"
    assert "No entries yet" in alice.get(entries).text
    send("erin@example.org", name="Erin", field_colour="2", field_wish="A bell")
    send("frank@example.org", name="Frank")
    confirm("erin@example.org")
    page = alice.get(entries).text
    assert page.index("Frank") < page.index("Erin"), "the newest stands first"
    assert "Waits for confirmation" in page
    assert "Favourite colour" in page
    assert "Blue" in page, "the words of what was chosen, not its number"
    assert "A bell" in page
    with db.read() as session:
        erin = contacts.by_email(session, people.site.id, "erin@example.org")
    assert f"/console/contacts/{erin.public_id}" in page
    assert f"/console/forms/{form.public_id}/versions/1" in page, "the version that was seen"

    db.write(expiry.purge_expired, clock.now() + timedelta(days=30))
    page = alice.get(entries).text
    assert "Not confirmed in time" in page
    assert "frank@example.org" not in page


def test_operators_read_a_contacts_forms_in_words(somebody, people, send, confirm) -> None:
    send("erin@example.org", field_colour="1", field_wish="<script>alert(1)</script>")
    confirm("erin@example.org")
    with db.read() as session:
        erin = contacts.by_email(session, people.site.id, "erin@example.org")
    page = somebody("bob").get(f"/console/contacts/{erin.public_id}").text
    assert "Favourite colour" in page
    assert "Red" in page
    assert "field_colour" not in page
    assert "<script>alert" not in page


def test_the_file_has_a_column_for_each_question_and_no_formulas(alice, form: Form, send, confirm) -> None:
    send("erin@example.org", name="Erin", field_colour="2", field_wish=FORMULA)
    send("frank@example.org", name="@SUM(1)")
    confirm("erin@example.org")
    answer = alice.get(f"/console/forms/{form.public_id}/entries.csv")
    assert 'filename="news-' in answer.headers["Content-Disposition"]
    text = answer.get_data(as_text=True)
    assert text.startswith("\ufeff")
    frank, erin = csv.DictReader(io.StringIO(text[1:]))
    assert (erin["email"], erin["state"], erin["Favourite colour"]) == ("erin@example.org", "confirmed", "Blue")
    assert erin["Any wish?"] == f"'{FORMULA}"
    assert (frank["name"], frank["state"], frank["confirmed_at"]) == ("'@SUM(1)", "pending", "")


def test_many_entries_come_page_by_page(alice, people, form: Form, now: datetime) -> None:
    def fill(session) -> None:
        for number in range(60):
            session.add(
                Submission(
                    public_id=f"sub_{number}",
                    site_id=people.site.id,
                    form_id=form.id,
                    form_version=1,
                    email=f"visitor{number:02}@example.org",
                    email_key=f"visitor{number:02}@example.org",
                    language="en",
                    created_at=now,
                )
            )

    db.write(fill)
    first = alice.get(f"/console/forms/{form.public_id}/entries").text
    assert "visitor59@" in first
    assert "visitor09@" not in first
    older = re.search(r'rel="next" href="([^"]+)"', first)[1].replace("&amp;", "&")
    second = alice.get(older).text
    assert "visitor09@" in second
    assert "visitor10@" not in second
    assert 'rel="next"' not in second


def test_the_list_counts_what_came_in_of_late(alice, send, confirm) -> None:
    for name in ("erin", "frank", "grace", "heidi"):
        send(f"{name}@example.org")
    confirm("erin@example.org")
    page = alice.get("/console/forms").text
    assert re.search(r"</span>4</a>", page)
    assert "25%" in page


class TestPlace:
    def test_the_short_link_leads_to_the_page_and_takes_along_what_it_was_given(
        self, client: FlaskClient, people, form: Form
    ) -> None:
        answer = client.get(f"/s/{form.short}?utm_source=card")
        assert answer.status_code == 302
        assert answer.location == f"/f/{people.site.key}/news?utm_source=card"
        assert client.get(f"/s/{form.short.upper()}").status_code == 302, "typed from a card in capitals"
        assert client.get("/s/nothing").status_code == 404

    def test_the_short_link_of_a_draft_leads_nowhere(self, client: FlaskClient, people, form: Form, now) -> None:
        db.write(operations.unpublish, now, site_id=people.site.id, public_id=form.public_id)
        assert client.get(f"/s/{form.short}").status_code == 404

    def test_there_is_a_code_to_print(self, alice, form: Form) -> None:
        place = f"/console/forms/{form.public_id}"
        page = alice.get(f"{place}/place").text
        assert f"http://127.0.0.1:8000/s/{form.short}" in page
        drawn = alice.get(f"{place}/qr.svg")
        assert drawn.mimetype == "image/svg+xml"
        assert b"<svg" in drawn.data
        assert b"style=" not in drawn.data, "the policy of the page allows no style"
        printed = alice.get(f"{place}/qr.png")
        assert printed.data.startswith(b"\x89PNG")
        assert 'filename="news-qr.png"' in printed.headers["Content-Disposition"]

    def test_where_it_shows_itself_is_kept(self, alice, people, form: Form) -> None:
        place = f"/console/forms/{form.public_id}/place"
        fields = {"where": "slide", "delay": "20", "urls": "/shop/*", "every_days": "3", "most": "2", "menu": "y"}
        assert alice.post(place, form_inline="on", **fields).location == place
        with db.read() as session:
            kept = session.get_one(Form, form.id)
        assert kept.inline
        assert (kept.placement["where"], kept.placement["delay"], kept.placement["urls"]) == ("slide", 20, ["/shop/*"])
        shown = alice.get(place).text
        assert re.search(r'<input[^>]*checked[^>]*value="slide"', shown)
        alice.post(place, where="none")
        with db.read() as session:
            assert not session.get_one(Form, form.id).inline

    def test_a_mistake_is_said_at_its_field(self, alice, form: Form) -> None:
        answer = alice.post(f"/console/forms/{form.public_id}/place", where="popup", delay="soon")
        assert answer.status_code == 422
        assert re.search(r'<input[^>]*aria-invalid="true"[^>]*name="delay"', answer.text)
