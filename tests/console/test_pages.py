"""What the pages of the console do, as a browser without scripts sees it."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import select, update

from leadcapture import addresses, clock, db
from leadcapture.contacts import operations as contacts
from leadcapture.forms import queries as forms
from leadcapture.mail import operations as mail
from leadcapture.mail.models import Email
from leadcapture.operators import queries as operators
from leadcapture.sites import operations as sites
from leadcapture.sites import queries as site_queries

SETTINGS = {
    "name": "Demo shop",
    "allowed_origins": "https://shop.example.org\nhttps://*.example.org/",
    "timezone": "Europe/Budapest",
    "open": "hours",
    "mon": "9-12, 13:00-17:30",
    "language": "ar",
    "accent": "#FFCC00",
    "position": "start",
    "reply_time": "day",
    "privacy_url": "https://shop.example.org/privacy",
    "sender_name": "Demo shop",
    "sender_email": "hello@shop.example.org",
    "recipient_email": "alice@example.org",
}


def site_now(people: SimpleNamespace):
    with db.read() as session:
        return site_queries.by_id(session, people.site.id)


def mails_named(name: str) -> list[Email]:
    with db.read() as session:
        return list(session.scalars(select(Email).where(Email.name == name).order_by(Email.id)))


def test_settings_are_kept_as_they_were_entered(somebody, people: SimpleNamespace) -> None:
    alice = somebody("alice")
    assert alice.post("/console/site", **SETTINGS).location == "/console/site"
    site = site_now(people)
    assert site.allowed_origins == ["https://shop.example.org", "https://*.example.org"]
    assert site.hours == {"mon": [["09:00", "12:00"], ["13:00", "17:30"]]}
    assert (site.timezone, site.language, site.accent, site.position) == ("Europe/Budapest", "ar", "#ffcc00", "start")
    assert site.recipient_verified_at is not None, "the same recipient needs no second mail"
    page = alice.get("/console/site").text
    assert 'value="09:00-12:00, 13:00-17:30"' in page
    alice.post("/console/site", **SETTINGS | {"open": "always"})
    assert site_now(people).hours is None


def test_a_mistake_is_said_at_its_field_and_nothing_is_saved(somebody, people: SimpleNamespace) -> None:
    answer = somebody("alice").post(
        "/console/site",
        **SETTINGS | {"name": "New name", "allowed_origins": "shop.example.org/x", "sender_email": "nobody"},
    )
    assert answer.status_code == 422
    assert "is not an address like https://shop.example.org" in answer.text
    assert re.search(r'name="sender_email"[^>]*aria-invalid="true"', answer.text)
    assert 'value="New name"' in answer.text, "what was typed is still there"
    assert site_now(people).name == "Demo shop"


def test_the_settings_show_the_line_and_the_sources_of_the_policy(somebody, people: SimpleNamespace) -> None:
    page = somebody("alice").get("/console/site").text
    assert f"/widget/{people.site.key}.js" in page
    assert "connect-src http://127.0.0.1:8000 ws://127.0.0.1:8000;" in page


def test_a_new_recipient_gets_questions_only_after_agreeing(somebody, people: SimpleNamespace) -> None:
    somebody("alice").post("/console/site", **SETTINGS | {"language": "en", "recipient_email": "questions@example.org"})
    assert site_now(people).recipient_verified_at is None
    [asked] = mails_named("verify_recipient")
    assert asked.to_email == "questions@example.org"
    path = re.search(r"http://127\.0\.0\.1:8000(/recipient/\S+)", asked.text)[1]

    anybody = somebody()
    assert "questions@example.org" in anybody.get(path).text
    assert site_now(people).recipient_verified_at is None, "looking changes nothing"
    assert anybody.post(path).status_code == 200
    first = site_now(people).recipient_verified_at
    assert first is not None
    assert anybody.post(path, seen_at="/console/sign-in").status_code == 200
    assert site_now(people).recipient_verified_at == first


def test_the_link_of_a_former_recipient_is_dead(somebody, people: SimpleNamespace, now: datetime) -> None:
    token = sites.recipient_token(people.site)
    db.write(sites.set_recipient, now, site_id=people.site.id, email="other@example.org")
    assert somebody().get(f"/recipient/{token}").status_code == 409
    assert somebody().get("/recipient/made-up").status_code == 404


def test_the_preview_holds_the_real_line_under_a_strict_policy(somebody, people: SimpleNamespace) -> None:
    answer = somebody("alice").get("/console/site/preview")
    assert f'src="http://127.0.0.1:8000/widget/{people.site.key}.js"' in answer.text
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_a_form_is_made_set_and_published(somebody, people: SimpleNamespace) -> None:
    alice = somebody("alice")
    page = alice.post("/console/forms/new", kind="subscription").location
    answer = alice.post(
        page, language="en", form_name="Spring news", title="Spring", statement="I agree.", form_inline="on"
    )
    assert answer.status_code == 302
    alice.post(f"{page}/publish", seen_at=page)
    shown = alice.get(page).text
    assert "Published" in shown
    with db.read() as session:
        [form] = forms.of_site(session, people.site.id)
    assert form.published
    assert (form.title, form.settings["texts"]["en"]["title"]) == ("Spring news", "Spring")
    assert f"/f/{people.site.key}/{form.slug}" in shown
    alice.post(f"{page}/unpublish", seen_at=page)
    assert "Draft" in alice.get(page).text


def test_an_offline_form_without_a_recipient_is_refused_with_a_sentence(
    somebody, people: SimpleNamespace, now: datetime
) -> None:
    db.write(sites.set_recipient, now, site_id=people.site.id, email=None)
    alice = somebody("alice")
    page = alice.post("/console/forms/new", kind="offline").location
    alice.post(f"{page}/publish", seen_at=page)
    shown = alice.get(page).text
    assert "Nobody would receive the questions" in shown
    assert "Draft" in shown


def test_contacts_are_found_and_paged(somebody, people: SimpleNamespace, now: datetime) -> None:
    def make(session):
        for number in range(60):
            address = addresses.parse(f"visitor{number:02}@example.org")
            contacts.upsert_confirmed(
                session, now, site_id=people.site.id, address=address, name=f"Visitor {number:02}"
            )

    db.write(make)
    alice = somebody("alice")
    first = alice.get("/console/contacts").text
    assert "Visitor 59" in first
    assert "Visitor 09" not in first
    older = re.search(r'rel="next" href="([^"]+)"', first)[1]
    second = alice.get(older).text
    assert "Visitor 09" in second
    assert "Visitor 59" not in second
    found = alice.get("/console/contacts?search=VISITOR07").text
    assert found.count("main-link") == 1
    assert "Nobody found" in alice.get("/console/contacts?search=zzz").text


def test_what_is_not_there_yet_says_what_to_do(somebody) -> None:
    alice = somebody("alice")
    for path, words in (
        ("/console/", "Paste this line into your site"),
        ("/console/contacts", "No contacts yet"),
        ("/console/forms", "No forms yet"),
        ("/console/outbox", "No mails yet"),
    ):
        assert words in alice.get(path).text


class TestOutbox:
    @pytest.fixture
    def email(self, people: SimpleNamespace) -> Email:
        return db.write(
            mail.enqueue,
            clock.now(),
            site=people.site,
            name="verify_recipient",
            to=addresses.parse("alice@example.org"),
            language="en",
            values={"link": "https://example.org/agree"},
        )

    def become(self, email: Email, **values: object) -> None:
        db.write(lambda session: session.execute(update(Email).where(Email.id == email.id).values(**values)))

    def status(self, email: Email) -> str:
        with db.read() as session:
            return session.get_one(Email, email.id).status

    def test_without_a_mail_server_mails_are_held_and_readable(self, somebody, email: Email) -> None:
        alice = somebody("alice")
        assert "no mail server is set" in alice.get("/console/outbox").text
        assert "https://example.org/agree" in alice.get(f"/console/outbox/{email.public_id}").text

    def test_a_failed_mail_is_said_and_goes_out_again_when_asked(self, somebody, email: Email) -> None:
        self.become(email, status="failed", last_answer="554 refused")
        alice = somebody("alice")
        assert "could not be sent" in alice.get("/console/outbox").text
        page = f"/console/outbox/{email.public_id}"
        assert "554 refused" in alice.get(page).text
        alice.post(f"{page}/retry", seen_at=page)
        assert self.status(email) == "queued"

    def test_a_mail_that_may_have_arrived_goes_out_again_only_after_a_second_look(self, somebody, email: Email) -> None:
        self.become(email, status="ambiguous")
        alice = somebody("alice")
        page = f"/console/outbox/{email.public_id}"
        asked = alice.post(f"{page}/retry", seen_at=page)
        assert "could arrive twice" in asked.text
        assert self.status(email) == "ambiguous"
        alice.post(f"{page}/retry", seen_at=page, sure="yes")
        assert self.status(email) == "queued"

    def test_old_trouble_is_no_news(self, somebody, email: Email) -> None:
        self.become(email, status="failed", due_at=clock.now() - timedelta(days=8))
        assert "could not be sent" not in somebody("alice").get("/console/outbox").text


class TestTeam:
    def test_somebody_new_gets_in_by_a_link_once(self, somebody, people: SimpleNamespace) -> None:
        alice = somebody("alice")
        alice.post("/console/team", email="new@example.org", name="New", role="operator")
        link = re.search(r"(/console/invitation/[^<\s]+)", alice.get("/console/team").text)[1]
        new = somebody()
        assert new.sign_in("new@example.org", "anything at all").status_code == 422, "no password, no entry"
        assert new.post(link, name="New", password="short").status_code == 422
        assert new.post(link, name="Newcomer", password="a better staple").location == "/console/"
        assert new.get("/console/contacts").status_code == 200
        assert new.get("/console/team").status_code == 403
        assert somebody().get(link).status_code == 404

    def test_taking_somebody_off_kills_the_invitation(self, somebody) -> None:
        alice = somebody("alice")
        alice.post("/console/team", email="new@example.org", name="New", role="operator")
        page = alice.get("/console/team").text
        link = re.search(r"(/console/invitation/[^<\s]+)", page)[1]
        with db.read() as session:
            public_id = operators.by_email(session, "new@example.org").public_id
        alice.post(f"/console/team/{public_id}/remove", seen_at="/console/team")
        assert somebody().get(link).status_code == 404

    def test_people_of_another_site_are_not_drawn_in_by_strangers(self, somebody, people: SimpleNamespace) -> None:
        answer = somebody("alice").post("/console/team", email="charlie@example.org", role="operator")
        assert answer.status_code == 422
        with db.read() as session:
            assert [m.site_id for m in operators.sites_of(session, people.charlie.id)] == [people.other_site.id]

    def test_the_last_owner_stays(self, somebody, people: SimpleNamespace) -> None:
        alice = somebody("alice")
        for action, fields in (("remove", {}), ("role", {"role": "operator"})):
            alice.post(f"/console/team/{people.alice.public_id}/{action}", seen_at="/console/team", **fields)
            assert "at least one owner" in alice.get("/console/team").text

    def test_an_admin_adds_operators_and_touches_no_owner(self, somebody, people: SimpleNamespace) -> None:
        somebody("alice").post(f"/console/team/{people.bob.public_id}/role", seen_at="/console/team", role="admin")
        bob = somebody("bob")
        bob.post("/console/team", email="new@example.org", role="operator")
        bob.post(f"/console/team/{people.alice.public_id}/remove", seen_at="/console/team")
        bob.post(f"/console/team/{people.bob.public_id}/role", seen_at="/console/team", role="owner")
        assert bob.post("/console/team", email="more@example.org", role="owner").status_code == 403
        with db.read() as session:
            roles = {o.name: m.role for o in operators.colleagues(session, people.site.id) for m in o.memberships}
        assert roles == {"Alice": "owner", "Bob": "admin", "new": "operator"}
