"""Seats: given to who comes first, never more than there are, and everybody is told what happens to theirs."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import gevent
import pytest
from icalendar import Calendar
from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from leadcapture import db
from leadcapture.consent import operations as consent
from leadcapture.contacts.models import Contact
from leadcapture.errors import Conflict, Invalid
from leadcapture.forms import checking, intake, kinds, operations
from leadcapture.forms.kinds.webinar import due, queries
from leadcapture.forms.kinds.webinar import operations as seats
from leadcapture.forms.kinds.webinar.models import WebinarSeat, WebinarSession
from leadcapture.forms.models import Form, Submission
from leadcapture.mail.models import Email
from leadcapture.optin.models import Confirmation
from leadcapture.sites.models import Site
from tests.conftest import add_people

START = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)  # 10:00 in Budapest
NOW = datetime(2026, 3, 4, 10, 30, tzinfo=UTC)
MAILS = intake.MailSettings(public_url="http://127.0.0.1:8000", days=7)


def session_row(**changed: Any) -> dict[str, Any]:
    row = {
        "id": "one",
        "title": {"en": "Chairs", "ar": "كراسي"},
        "starts": "2026-03-10T10:00",
        "timezone": "Europe/Budapest",
        "minutes": 60,
        "capacity": 2,
        "room_url": "https://meet.example.org/room",
        "cancelled": False,
    }
    return {**row, **changed}


@dataclass
class Webinar:
    """A published webinar, and what people and its owner do with it at any moment."""

    site: Site
    form: Form

    def check(self, email: str, *, at: datetime = NOW, language: str = "en", **fields: Any) -> checking.Checked:
        values = MultiDict({"email": email, "name": email.split("@")[0].title(), "session": "one", **fields})
        with db.read() as session:
            form = session.get_one(Form, self.form.id)
            return checking.check(session, at, form=form, site=self.site, fields=values, language=language)

    def send(self, email: str, *, at: datetime = NOW, language: str = "en", **fields: Any) -> str:
        """The public id of the confirmation that is waited for."""
        checked = self.check(email, at=at, language=language, **fields)
        sent, _changed = db.write(intake.accept, at, checked, intake.Evidence(), mails=MAILS)
        with db.read() as session:
            return session.scalars(
                select(Confirmation.public_id)
                .join(Submission, Submission.confirmation_id == Confirmation.id)
                .where(Submission.public_id == sent)
            ).one()

    def register(self, email: str, *, at: datetime = NOW, language: str = "en", **fields: Any) -> dict[str, Any]:
        """What the person sees after confirming."""
        confirmation = self.send(email, at=at, language=language, **fields)
        return db.write(intake.confirm, at, confirmation=confirmation).result

    def plan(self, *rows: dict[str, Any], at: datetime = NOW) -> None:
        """The owner saves these sessions."""

        def save(session: Any) -> None:
            form = session.get_one(Form, self.form.id)
            before, form.settings = form.settings, {**form.settings, "sessions": list(rows)}
            kinds.by_name("webinar").on_saved(session, at, form, self.site, before)

        db.write(save)

    def seat(self, email: str) -> WebinarSeat:
        with db.read() as session:
            asked = select(WebinarSeat).join(Contact, Contact.id == WebinarSeat.contact_id)
            return session.scalars(asked.where(Contact.email_key == email)).one()

    def leave(self, email: str, *, at: datetime = NOW) -> None:
        db.write(seats.leave, at, seat=self.seat(email).public_id)

    def standing(self) -> dict[str, str]:
        with db.read() as session:
            rows = session.execute(
                select(Contact.email, WebinarSeat.status)
                .join(Contact, Contact.id == WebinarSeat.contact_id)
                .order_by(WebinarSeat.place)
            )
            return {row[0]: row[1] for row in rows}


@pytest.fixture
def webinar(people, make_form) -> Webinar:
    return Webinar(people.site, make_form("webinar", sessions=[session_row()]))


def entry_of(email: Email) -> Any:
    """The calendar entry that goes with a mail, its method and its event."""
    (attached,) = email.attachments or []
    calendar = Calendar.from_ical(attached["content"])
    assert attached["content_type"] == f"text/calendar; method={calendar['METHOD']}"
    (event,) = calendar.walk("VEVENT")
    return calendar["METHOD"], event


# ---- seats ----------------------------------------------------------------------------------------------------------


def test_a_confirmed_registration_is_a_seat_and_a_mail_with_a_calendar_entry(webinar, letters):
    shown = webinar.register("erin@example.net")
    assert shown["title"] == "Your seat is saved"
    assert [row["label"] for row in shown["rows"]] == ["Day", "Begins", "Length"]
    assert "(Budapest, UTC+1)" in shown["rows"][1]["value"]
    (mail,) = letters("erin@example.net")
    assert mail.subject == "Your seat is saved: Chairs"
    assert shown["links"][0]["url"] in mail.text
    assert "meet.example.org" not in mail.text + mail.html + str(mail.attachments) + str(shown)
    method, event = entry_of(mail)
    assert method == "REQUEST"
    assert event["DTSTART"].dt == START
    assert event["SEQUENCE"] == 0
    assert event["URL"] == shown["links"][0]["url"]
    assert event["ORGANIZER"] == "mailto:hello@shop.example.org"


def test_nobody_has_a_seat_before_confirming(webinar, letters):
    webinar.send("erin@example.net")
    assert webinar.standing() == {}
    assert letters("erin@example.net") == []


def test_who_comes_when_all_seats_are_taken_waits_in_order(webinar, letters):
    for name in ("alice", "bob", "erin", "dora"):
        shown = webinar.register(f"{name}@example.net")
    assert shown["title"] == "You are on the waiting list"
    assert "number 2" in shown["text"]
    assert list(webinar.standing().values()) == ["seated", "seated", "waiting", "waiting"]
    assert letters("dora@example.net")[0].attachments is None


def test_who_gives_a_seat_back_makes_room_for_the_first_in_line(webinar, letters):
    for name in ("alice", "bob", "erin", "dora"):
        webinar.register(f"{name}@example.net")
    webinar.leave("alice@example.net")
    webinar.leave("alice@example.net")
    assert webinar.standing() == {
        "alice@example.net": "left",
        "bob@example.net": "seated",
        "erin@example.net": "seated",
        "dora@example.net": "waiting",
    }
    due.run(NOW)
    due.run(NOW)
    given = letters("erin@example.net")[1:]
    assert [mail.subject for mail in given] == ["A seat is free: it is yours: Chairs"]
    assert entry_of(given[0])[0] == "REQUEST"
    method, event = entry_of(letters("alice@example.net")[-1])
    assert (method, event["STATUS"], event["SEQUENCE"]) == ("CANCEL", "CANCELLED", 1)
    assert len(letters("dora@example.net")) == 1, "who still waits hears nothing"


def test_who_leaves_the_waiting_list_frees_no_seat_and_gets_no_mail(webinar, letters):
    for name in ("alice", "bob", "erin"):
        webinar.register(f"{name}@example.net")
    webinar.leave("erin@example.net")
    due.run(NOW)
    assert len(letters("erin@example.net")) == 1
    assert list(webinar.standing().values()) == ["seated", "seated", "left"]


def test_registering_twice_is_one_seat_and_coming_back_is_the_end_of_the_line(webinar):
    for name in ("alice", "bob", "alice", "erin"):
        webinar.register(f"{name}@example.net")
    assert list(webinar.standing().values()) == ["seated", "seated", "waiting"]
    webinar.leave("alice@example.net")
    assert webinar.register("alice@example.net")["title"] == "You are on the waiting list"
    assert webinar.standing() == {
        "bob@example.net": "seated",
        "erin@example.net": "seated",
        "alice@example.net": "waiting",
    }


def test_more_seats_move_up_who_waits_and_fewer_send_nobody_away(webinar):
    for name in ("alice", "bob", "erin", "dora", "frank"):
        webinar.register(f"{name}@example.net")
    webinar.plan(session_row(capacity=3))
    assert list(webinar.standing().values()) == ["seated"] * 3 + ["waiting"] * 2
    webinar.plan(session_row(capacity=1))
    assert list(webinar.standing().values()) == ["seated"] * 3 + ["waiting"] * 2
    webinar.plan(session_row(capacity=0))
    assert set(webinar.standing().values()) == {"seated"}


def test_fifty_confirmations_at_once_seat_exactly_ten(either_database, now):
    people = db.write(add_people, now)
    rows = [session_row(capacity=10)]

    def make(session: Any) -> Form:
        form = operations.create(session, now, site_id=people.site.id, kind="webinar", settings={"sessions": rows})
        return operations.publish(session, now, site_id=people.site.id, public_id=form.public_id)

    webinar = Webinar(people.site, db.write(make))
    asked = [webinar.send(f"person{number}@example.net") for number in range(50)]

    def confirm(confirmation: str) -> None:
        db.write(intake.confirm, NOW, confirmation=confirmation)

    _at_once(either_database, confirm, asked)
    standing = list(webinar.standing().values())
    assert standing == ["seated"] * 10 + ["waiting"] * 40
    with db.read() as session:
        taken = session.scalars(select(WebinarSeat).order_by(WebinarSeat.place)).all()
    assert [seat.place for seat in taken] == list(range(1, 51))
    # Ten who are seated leave at once: the first ten who wait get their seats, in order.
    _at_once(either_database, lambda seat: db.write(seats.leave, NOW, seat=seat.public_id), taken[:10])
    assert list(webinar.standing().values()) == ["left"] * 10 + ["seated"] * 10 + ["waiting"] * 30
    _at_once(either_database, lambda _number: due.run(NOW), range(4))
    with db.read() as session:
        told = session.scalars(select(Email.to_email).where(Email.subject.like("A seat is free%"))).all()
    assert len(told) == len(set(told)) == 10, "each is told once, by however many workers"


def _at_once(database: db.Database, act: Any, over: Any) -> None:
    if database.sqlite:
        gevent.joinall([gevent.spawn(act, one) for one in over], raise_error=True)
    else:
        with ThreadPoolExecutor(16) as pool:
            list(pool.map(act, over))


def test_too_late_is_said_in_the_form_and_after_confirming(webinar):
    confirmation = webinar.send("erin@example.net", at=START - timedelta(minutes=5))
    shown = db.write(intake.confirm, START + timedelta(minutes=1), confirmation=confirmation).result
    assert "takes nobody any more" in shown["text"]
    assert webinar.standing() == {}
    with pytest.raises(Conflict, match="No session is planned"):
        webinar.check("dora@example.net", at=START)


def test_a_session_that_has_begun_is_refused_at_its_field(webinar):
    webinar.plan(session_row(), session_row(id="two", starts="2026-03-20T10:00"))
    with pytest.raises(Invalid) as refused:
        webinar.send("erin@example.net", at=START)
    assert "session" in refused.value.fields
    assert webinar.register("erin@example.net", at=START, session="two")["title"] == "Your seat is saved"


def test_only_what_can_be_chosen_is_offered(webinar):
    webinar.plan(
        session_row(capacity=1),
        session_row(id="gone", starts="2026-03-01T10:00"),
        session_row(id="off", cancelled=True),
        session_row(id="later", starts="2026-03-31T02:30", title={}),
    )
    webinar.register("erin@example.net")
    with db.read() as session:
        form = session.get_one(Form, webinar.form.id)
        described = operations.describe_now(session, NOW, form, webinar.site, "en")
        arabic = operations.describe_now(session, NOW, form, webinar.site, "ar")
        over = operations.describe_now(session, NOW + timedelta(days=40), form, webinar.site, "en")
    choices = next(field for field in described["fields"] if field["name"] == "session")["options"]
    assert [choice["value"] for choice in choices] == ["one", "later"]
    assert choices[0]["label"].startswith("Chairs · Tuesday, March 10, 2026")
    assert choices[0]["label"].endswith("· waiting list")
    assert choices[1]["label"].startswith("Join our webinar · ")
    assert "كراسي" in str(arabic["fields"])
    assert described["closed"] is None
    assert over["closed"] == "No session is planned right now. Look in again later."
    assert "meet.example.org" not in str([described, arabic, over])


def test_a_session_keeps_the_zone_it_was_planned_in(webinar):
    webinar.plan(session_row(timezone=""))
    webinar.site.timezone = "America/New_York"
    with db.read() as session:
        form = session.get_one(Form, webinar.form.id)
        (meeting,) = queries.sessions(session, form.id)
    assert form.settings["sessions"][0]["timezone"] == meeting.timezone == "UTC"
    assert meeting.starts_at == datetime(2026, 3, 10, 10, 0, tzinfo=UTC)


# ---- what is told ---------------------------------------------------------------------------------------------------


def test_a_moved_session_tells_everybody_once_with_an_updated_entry(webinar, letters):
    for name in ("alice", "bob", "erin"):
        webinar.register(f"{name}@example.net")
    uid = entry_of(letters("alice@example.net")[0])[1]["UID"]
    webinar.plan(session_row(starts="2026-03-11T10:00"))
    webinar.plan(session_row(starts="2026-03-12T11:00"))
    due.run(NOW)
    due.run(NOW)
    mail = letters("alice@example.net")[-1]
    assert len(letters("alice@example.net")) == 2
    method, event = entry_of(mail)
    assert mail.subject == "The session was moved: Chairs"
    assert (method, event["UID"], event["SEQUENCE"]) == ("REQUEST", uid, 1)
    assert event["DTSTART"].dt == datetime(2026, 3, 12, 10, 0, tzinfo=UTC)
    waits = letters("erin@example.net")[-1]
    assert (waits.subject, waits.attachments) == ("The session was moved: Chairs", None)


def test_a_cancelled_session_tells_everybody_and_so_does_one_that_is_struck_off(webinar, letters):
    webinar.plan(session_row(), session_row(id="two"))
    webinar.register("alice@example.net")
    webinar.register("bob@example.net", session="two")
    webinar.plan(session_row(cancelled=True))
    due.run(NOW)
    for name in ("alice", "bob"):
        method, event = entry_of(letters(f"{name}@example.net")[-1])
        assert (method, event["STATUS"], event["SEQUENCE"]) == ("CANCEL", "CANCELLED", 1)
    webinar.plan(session_row())
    due.run(NOW)
    method, event = entry_of(letters("alice@example.net")[-1])
    assert (method, event["STATUS"], event["SEQUENCE"]) == ("REQUEST", "CONFIRMED", 2)
    assert letters("alice@example.net")[-1].subject == "The session takes place: Chairs"


def test_a_slip_that_is_mended_before_anybody_was_told_is_not_told(webinar, letters):
    webinar.register("alice@example.net")
    webinar.plan(session_row(cancelled=True))
    webinar.plan(session_row())
    due.run(NOW)
    # The cancelling was noted and called off before the job ran.
    assert len(letters("alice@example.net")) == 1


def test_a_change_of_words_or_of_what_is_over_is_not_told(webinar, letters):
    webinar.register("alice@example.net")
    webinar.plan(session_row(title={"en": "Stools"}, room_url="https://meet.example.org/other"))
    webinar.plan(session_row(starts="2026-03-10T09:00"), at=START + timedelta(days=1))
    due.run(NOW)
    assert len(letters("alice@example.net")) == 1


def test_who_is_promoted_and_moved_at_once_gets_one_mail_that_says_both(webinar, letters):
    for name in ("alice", "bob", "erin"):
        webinar.register(f"{name}@example.net")
    webinar.leave("alice@example.net")
    webinar.plan(session_row(starts="2026-03-12T11:00"))
    due.run(NOW)
    mail = letters("erin@example.net")[-1]
    assert len(letters("erin@example.net")) == 2
    assert mail.subject == "A seat is free: it is yours: Chairs"
    assert entry_of(mail)[1]["DTSTART"].dt == datetime(2026, 3, 12, 10, 0, tzinfo=UTC)


def test_everybody_is_told_in_the_language_they_registered_in(webinar, letters):
    webinar.register("alice@example.net", language="ar")
    mail = letters("alice@example.net")[0]
    assert mail.language == "ar"
    assert "كراسي" in mail.subject
    assert entry_of(mail)[1]["SUMMARY"] == "كراسي"


def test_hostile_names_and_titles_stay_where_they_belong(webinar, letters):
    evil = '<b>x</b>"\r\nBcc: mallory@example.net\r\nATTACH:https://evil.example.org'
    webinar.plan(session_row(title={"en": evil}))
    webinar.register("erin@example.net", name=evil)
    (mail,) = letters("erin@example.net")
    assert "\n" not in mail.subject + mail.to_name
    assert "<b>" not in mail.html
    assert "mallory" not in str(mail.headers)
    content = (mail.attachments or [])[0]["content"]
    assert not any(line.startswith(("ATTACH", "Bcc")) for line in content.replace("\r\n ", "").split("\r\n"))


# ---- reminders ------------------------------------------------------------------------------------------------------


def reminded(letters: Any, email: str) -> list[str]:
    return [mail.subject for mail in letters(email) if mail.subject.startswith("Your session begins")]


def test_reminders_come_a_day_an_hour_and_ten_minutes_before_each_once(webinar, letters):
    webinar.register("alice@example.net")
    webinar.register("bob@example.net")
    webinar.leave("bob@example.net")
    webinar.register("erin@example.net", at=START - timedelta(minutes=30))  # late
    found = {}
    for before in (1441, 1440, 1439, 61, 60, 60, 11, 10, 9, 0, -5):
        due.run(START - timedelta(minutes=before))
        found[before] = (len(reminded(letters, "alice@example.net")), len(reminded(letters, "erin@example.net")))
    assert found == {
        1441: (0, 0),
        1440: (1, 0),
        1439: (1, 0),
        61: (1, 0),
        60: (2, 0),
        11: (2, 0),
        10: (3, 1),
        9: (3, 1),
        0: (3, 1),
        -5: (3, 1),
    }
    assert reminded(letters, "alice@example.net") == [
        "Your session begins in 24 hours: Chairs",
        "Your session begins in one hour: Chairs",
        "Your session begins in ten minutes: Chairs",
    ]
    assert reminded(letters, "bob@example.net") == [], "who has cancelled is not reminded"
    assert letters("alice@example.net")[-1].attachments is None


def test_a_job_that_stood_still_sends_the_last_reminder_alone(webinar, letters):
    webinar.register("alice@example.net")
    due.run(START - timedelta(minutes=5))
    assert reminded(letters, "alice@example.net") == ["Your session begins in ten minutes: Chairs"]


def test_a_moved_session_is_reminded_of_anew_and_a_cancelled_one_never(webinar, letters):
    webinar.register("alice@example.net")
    due.run(START - timedelta(hours=23))
    assert len(reminded(letters, "alice@example.net")) == 1
    at = START - timedelta(hours=22)
    webinar.plan(session_row(starts="2026-03-20T10:00"), at=at)
    due.run(at)
    due.run(START + timedelta(days=9, hours=1))
    assert len(reminded(letters, "alice@example.net")) == 2
    webinar.plan(session_row(starts="2026-03-20T10:00", cancelled=True), at=START + timedelta(days=9, hours=2))
    due.run(START + timedelta(days=9, hours=23, minutes=30))
    assert len(reminded(letters, "alice@example.net")) == 2


def test_who_withdraws_gives_the_seat_up_and_hears_nothing_more(webinar, letters):
    for name in ("alice", "bob", "erin"):
        webinar.register(f"{name}@example.net")
    with db.read() as session:
        contact = session.scalars(select(Contact).where(Contact.email == "alice@example.net")).one()
    db.write(consent.withdraw, NOW + timedelta(hours=1), contact=contact, method="preferences", purpose="webinar")
    due.run(NOW + timedelta(hours=2))
    due.run(START - timedelta(minutes=30))
    assert webinar.standing()["alice@example.net"] == "left"
    assert webinar.standing()["erin@example.net"] == "seated"
    assert len(letters("alice@example.net")) == 1
    webinar.leave("bob@example.net", at=START - timedelta(minutes=29))
    again = webinar.register("alice@example.net", at=START - timedelta(minutes=28))
    due.run(START - timedelta(minutes=27))
    assert again["title"] == "Your seat is saved"
    assert webinar.standing()["alice@example.net"] == "seated", "an older withdrawal does not count against a new seat"


def test_an_erased_contact_leaves_no_seat_and_the_next_moves_up(webinar):
    for name in ("alice", "bob", "erin"):
        webinar.register(f"{name}@example.net")
    with db.read() as session:
        contact = session.scalars(select(Contact.id).where(Contact.email == "alice@example.net")).one()
    db.write(kinds.by_name("webinar").forget, NOW, contact)
    assert webinar.standing() == {"bob@example.net": "seated", "erin@example.net": "seated"}


def test_the_demo_has_sessions_in_the_days_to_come(webinar):
    def example(session: Any) -> None:
        form = session.get_one(Form, webinar.form.id)
        kinds.by_name("webinar").on_example(session, NOW, form, webinar.site)

    db.write(example)
    with db.read() as session:
        coming = session.scalars(select(WebinarSession.starts_at).where(WebinarSession.starts_at > NOW)).all()
    assert len(coming) >= 2
