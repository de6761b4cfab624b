"""A seat's own page leads into the room, at its time and for its holder alone; the owner sees who comes."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from leadcapture import clock, db, signing
from leadcapture.contacts.models import Contact
from leadcapture.forms.kinds.webinar import due
from leadcapture.forms.kinds.webinar.models import WebinarSeat, WebinarSession

ROOM = "https://meet.example.org/room?pwd=x"
EVIL = '=cmd()|"<script>alert(1)</script>'


def in_hours(hours: float) -> str:
    return f"{datetime.now(UTC) + timedelta(hours=hours):%Y-%m-%dT%H:%M}"


def row(**changed: Any) -> dict[str, Any]:
    values = {"id": "one", "title": {"en": "Chairs"}, "starts": in_hours(48), "timezone": "UTC", "minutes": 60}
    return {**values, "capacity": 1, "room_url": ROOM, "cancelled": False, **changed}


@pytest.fixture
def webinar(make_form):
    return make_form("webinar", sessions=[row(), row(id="two", title={"en": EVIL}, capacity=0)])


@pytest.fixture
def registered(webinar, visitor, confirm, letters):
    """Registers somebody by the widget and returns the path of their page."""

    def register(email: str, session: str = "one", **fields: Any) -> str:
        assert visitor.send("webinar", email=email, session=session, **fields).status_code == 202
        assert confirm(email).status_code == 200
        found = re.search(r"http://\S+(/f/\S+/join/\S+)", letters(email)[-1].text)
        assert found
        return found[1]

    return register


def begin_in(minutes: int) -> None:
    def move(session: Any) -> None:
        for meeting in session.scalars(select(WebinarSession)):
            meeting.starts_at = clock.now() + timedelta(minutes=minutes)

    db.write(move)


def statuses() -> list[str]:
    with db.read() as session:
        return list(session.scalars(select(WebinarSeat.status).order_by(WebinarSeat.place)))


def test_the_page_leads_into_the_room_only_while_its_doors_are_open(registered, client):
    path = registered("erin@example.net")
    early = client.get(path)
    assert early.status_code == 200
    assert "from 15 minutes before" in early.text
    assert "meet.example.org" not in early.text
    assert (early.headers["Referrer-Policy"], early.headers["Cache-Control"]) == ("no-referrer", "no-store")
    for minutes in (14, -30):
        begin_in(minutes)
        opened = client.get(path)
        assert (opened.status_code, opened.headers["Location"]) == (302, ROOM)
        assert opened.headers["Referrer-Policy"] == "no-referrer"
    begin_in(-61)
    over = client.get(path)
    assert (over.status_code, "The session is over" in over.text) == (200, True)
    assert "meet.example.org" not in over.text


def test_who_waits_or_has_left_never_gets_into_the_room(registered, client):
    first, second = registered("erin@example.net"), registered("dora@example.net")
    assert "number 1 in line" in client.get(second).text
    begin_in(5)
    assert client.get(second).status_code == 200
    begin_in(60)
    assert client.get(first).status_code == 200, "looking gives nothing back"
    assert statuses() == ["seated", "waiting"]
    left = client.post(first)
    assert "You have no seat in this session" in left.text
    assert client.post(first).status_code == 200, "again is the same success"
    assert statuses() == ["left", "seated"]
    begin_in(5)
    assert client.get(first).status_code == 200
    assert client.get(second).headers["Location"] == ROOM


def test_a_link_that_was_not_made_for_this_seat_leads_nowhere(registered, client, people, make_form):
    path = registered("erin@example.net")
    base, token = path.rsplit("/", 1)
    make_form("webinar", slug="another", sessions=[row()])
    wrong = [
        f"{base}/{token}x",
        f"{base}/{signing.sign('member', 'page.sea_x')}",
        f"{base}/{signing.sign('seat', 'sea_nobody')}",
        f"/f/{people.site.key}/another/join/{token}",
        f"/f/{people.other_site.key}/webinar/join/{token}",
    ]
    for address in wrong:
        assert client.get(address).status_code == 404, address
        assert client.post(address).status_code == 404, address
    assert statuses() == ["seated"]


def test_the_page_speaks_arabic_to_who_registered_in_arabic(registered, client):
    page = client.get(registered("erin@example.net", lang="ar"))
    assert 'dir="rtl"' in page.text


def test_the_widget_is_told_what_can_be_chosen_and_refuses_what_cannot(webinar, visitor, registered):
    registered("erin@example.net")
    described = visitor.describe("webinar").json
    field = next(field for field in described["fields"] if field["name"] == "session")
    assert (field["type"], field["required"], described["rich"]) == ("radio", True, True)
    assert field["options"][0]["label"].endswith("waiting list")
    assert described["data"]["sessions"][0]["timezone"] == "UTC"
    assert described["notice"]["purpose"] == "webinar"
    assert "meet.example.org" not in str(described)
    for choice in ({}, {"session": "three"}, {"session": "<b>"}):
        answer = visitor.send("webinar", email="dora@example.net", **choice)
        assert answer.status_code == 422
        assert list(answer.json["error"]["fields"]) == ["session"]


def test_the_hosted_page_shows_full_sessions_as_waiting_list_and_says_when_there_is_none(
    webinar, registered, client, people
):
    registered("erin@example.net")
    address = f"/f/{people.site.key}/webinar"
    page = client.get(address)
    assert page.text.count('type="radio"') == 2
    assert "waiting list" in page.text
    assert "<script>alert" not in page.text
    begin_in(-10)

    def end(session: Any) -> None:
        from leadcapture.forms.models import Form

        form = session.get_one(Form, webinar.id)
        form.settings = {**form.settings, "sessions": [row(starts="2026-01-01T10:00")]}

    db.write(end)
    assert "No session is planned right now" in client.get(address).text


def test_a_session_that_begins_meanwhile_is_said_at_its_field_and_keeps_what_was_typed(webinar, client, people):
    begin_in(-1)
    typed = {"email": "erin@example.net", "name": "Erin", "session": "one"}
    answer = client.post(f"/f/{people.site.key}/webinar", data=typed)
    assert answer.status_code == 422
    assert "This session takes nobody any more. Choose another one." in answer.text
    assert 'value="erin@example.net"' in answer.text
    assert 'value="Erin"' in answer.text


# ---- the owner's pages ----------------------------------------------------------------------------------------------


def test_the_owner_sees_who_comes_and_takes_somebody_off_the_list(webinar, registered, signed_in, letters):
    registered("erin@example.net", name=EVIL)
    registered("dora@example.net")
    alice = signed_in("alice")
    path = f"/console/forms/{webinar.public_id}/seats"
    page = alice.get(path)
    assert page.status_code == 200
    assert "1 of 1 seats taken" in page.text
    assert "1 person waits" in page.text
    assert "<script>alert" not in page.text
    with db.read() as session:
        seat = session.scalars(select(WebinarSeat.public_id).order_by(WebinarSeat.place)).first()
    assert alice.post(f"{path}/{seat}/remove").status_code == 302
    assert statuses() == ["removed", "seated"]
    due.run(clock.now())
    assert letters("erin@example.net")[-1].subject == "You are no longer registered: Chairs"
    assert "METHOD:CANCEL" in (letters("erin@example.net")[-1].attachments or [])[0]["content"]
    assert letters("dora@example.net")[-1].subject == "A seat is free: it is yours: Chairs"


def test_the_file_of_registrants_runs_no_formula(webinar, registered, signed_in):
    registered("erin@example.net", session="two", name=EVIL)
    answer = signed_in("alice").get(f"/console/forms/{webinar.public_id}/seats.csv")
    (line,) = csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff")))
    assert line["email"] == "erin@example.net"
    assert line["session"] == f"'{EVIL}"
    assert line["name"] == f"'{EVIL}"
    assert line["status"] == "seated"


def test_bob_may_not_and_charlie_finds_nothing(webinar, registered, signed_in, make_form):
    registered("erin@example.net")
    with db.read() as session:
        seat = session.scalars(select(WebinarSeat.public_id)).one()
        assert session.scalars(select(Contact.email)).one() == "erin@example.net"
    base = f"/console/forms/{webinar.public_id}"
    for name, status in (("bob", 403), ("charlie", 404)):
        browser = signed_in(name)
        assert browser.get(f"{base}/seats").status_code == status
        assert browser.get(f"{base}/seats.csv").status_code == status
        assert browser.post(f"{base}/seats/{seat}/remove").status_code == status
    other = make_form("webinar", slug="another", sessions=[row()])
    assert signed_in("alice").post(f"/console/forms/{other.public_id}/seats/{seat}/remove").status_code == 404
    assert (
        signed_in("alice").get(f"/console/forms/{make_form('offline', slug='ask').public_id}/seats").status_code == 404
    )
    assert statuses() == ["seated"]


def edited(browser: Any, public_id: str, *rows: dict[str, Any], **more: Any) -> Any:
    """What alice's editor answers when she saves these sessions."""
    fields = {f"sessions-{number}-{name}": value for number, row in enumerate(rows) for name, value in row.items()}
    return browser.post(f"/console/forms/{public_id}", data={"language": "en", "ask_name": "y", **fields, **more})


def test_the_editor_is_enough_to_plan_move_and_cancel(make_form, signed_in, visitor, confirm, letters, client, people):
    form, alice = make_form("webinar", publish=False), signed_in("alice")
    asked = alice.post(f"/console/forms/{form.public_id}/publish", follow_redirects=True)
    assert "There is no session yet" in asked.text
    planned = {"title": "Chairs", "starts": "2036-03-10T10:00", "minutes": "60", "capacity": "5", "room_url": ROOM}
    for wrong in (
        {"starts": "soon"},
        {"minutes": "1"},
        {"capacity": "-1"},
        {"room_url": "javascript:alert(1)"},
        {"timezone": "Mars/Olympus"},
    ):
        assert edited(alice, form.public_id, {**planned, **wrong}).status_code == 422
    assert edited(alice, form.public_id, planned).status_code == 302
    alice.post(f"/console/forms/{form.public_id}/publish")
    with db.read() as session:
        meeting = session.scalars(select(WebinarSession)).one()
    assert meeting.starts_at == datetime(2036, 3, 10, 10, 0, tzinfo=UTC)
    assert "Monday, March 10, 2036" in client.get(f"/f/{people.site.key}/webinar").text
    visitor.send("webinar", email="erin@example.net", session=meeting.row_id)
    confirm("erin@example.net")
    moved = {**planned, "id": meeting.row_id, "timezone": "America/New_York", "starts": "2036-03-11T10:00"}
    assert edited(alice, form.public_id, moved).status_code == 302
    due.run(clock.now())
    assert letters("erin@example.net")[-1].subject == "The session was moved: Chairs"
    with db.read() as session:
        assert session.scalars(select(WebinarSession.starts_at)).all() == [datetime(2036, 3, 11, 14, 0, tzinfo=UTC)]
    assert edited(alice, form.public_id, {**moved, "cancelled": "y"}).status_code == 302
    due.run(clock.now())
    assert letters("erin@example.net")[-1].subject == "The session is cancelled: Chairs"
    assert "No session is planned" in client.get(f"/f/{people.site.key}/webinar").text
