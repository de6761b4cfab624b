"""What people change of how they are known and written to, on the page that every mail leads to."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from leadcapture import addresses, clock, db, settings, signing
from leadcapture.consent import operations as consent
from leadcapture.consent import queries as agreed
from leadcapture.contacts import operations as contacts
from leadcapture.contacts import queries as contact_queries
from leadcapture.contacts.models import AddressChange, Contact
from leadcapture.mail import caps
from leadcapture.mail.models import Email
from leadcapture.privacy import moving, preferences, rules
from leadcapture.privacy.preferences import Asker
from tests.conftest import add_people

BROWSER = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"}
SCANNER = {"User-Agent": "Mozilla/5.0 (compatible; Mimecast Link Scan)"}
TOPICS = {
    "topics": [
        {"id": "news", "name": "news", "statement": {"en": "Write to me about news.", "ar": "اكتبوا إليّ."}},
        {"id": "sales", "name": "sales", "statement": {"en": "Write to me when a sale begins."}},
    ]
}


def known(session, now, site, *purposes: str, email: str = "erin@example.net") -> Contact:
    contact = contacts.upsert_confirmed(
        session, now, site_id=site.id, address=addresses.parse(email), name="Erin", language="en", source="subscription"
    )
    for purpose in purposes:
        consent.record(
            session,
            now,
            contact=contact,
            action="grant",
            purpose=purpose,
            method="button",
            statement=f"I agreed to {purpose}.",
            statement_version="1-abc",
            form_slug="subscription",
            form_version=1,
        )
    return contact


@pytest.fixture
def erin(app, people, now) -> Contact:
    return db.write(known, now, people.site, "newsletter", "reply")


def intact(site_id: int) -> bool:
    """Whether the site's ledger is as it was written."""
    from leadcapture.consent import verifying

    with db.read() as session:
        return list(verifying.verify(session, site_id)) == []


def page(contact: Contact, rest: str = "") -> str:
    return f"/preferences/{signing.sign('preferences', contact.public_id)}{rest}"


def fresh(contact: Contact) -> Contact:
    with db.read() as session:
        return contact_queries.by_token_id(session, contact.public_id)


def holds(contact: Contact) -> set[str]:
    with db.read() as session:
        return agreed.granted_purposes(session, contact.id)


def events(contact: Contact) -> list[tuple[str, str]]:
    with db.read() as session:
        return [(row.event, row.purpose) for row in agreed.events_of(session, contact.site_id, contact.public_id)]


def offered(text: str) -> dict[str, str]:
    """The boxes that could be ticked: the value of each by its purpose; none is ticked beforehand."""
    boxes = re.findall(r'<input type="checkbox"[^>]*name="agree" value="(\S+) ([^"]+)"([^>]*)>', text)
    assert not any("checked" in more for _version, _purpose, more in boxes)
    return {purpose: f"{version} {purpose}" for version, purpose, _more in boxes}


def mails_to(address: str) -> list[Email]:
    with db.read() as session:
        return list(session.scalars(select(Email).where(Email.to_email == address).order_by(Email.id)))


def test_the_page_says_what_is_agreed_to_since_when_and_by_which_form(client, forms, erin):
    text = client.get(page(erin)).text
    assert "I agreed to newsletter." in text
    assert "Since March 4, 2026, by the form “Get our newsletter”." in text
    assert text.count('role="switch"') == 2
    assert len(events(erin)) == 2


def test_looking_changes_nothing_however_often_and_by_whatever_method(client, erin):
    before = events(erin), fresh(erin).updated_at, fresh(erin).active_at
    for rest in ("", "/erase", "/data.json", "/data.csv", "/stop", "/pause?days=30", "?shown=newsletter"):
        for _again in range(3):
            client.get(page(erin, rest))
            client.head(page(erin, rest))
            client.options(page(erin, rest))
    assert (events(erin), fresh(erin).updated_at, fresh(erin).active_at) == before


def test_one_click_stops_everything(client, erin):
    answer = client.post(page(erin, "/stop"), headers=BROWSER)
    assert "Everything is stopped." in answer.text
    assert holds(erin) == set()
    assert fresh(erin).status == "unsubscribed"
    again = client.post(page(erin, "/stop"), headers=BROWSER)
    assert again.status_code == 200
    assert events(erin)[2:] == [("withdrawn", "newsletter"), ("withdrawn", "reply")]


def test_what_was_withdrawn_is_agreed_to_again_in_the_words_of_today(client, forms, erin):
    client.post(page(erin, "/stop"))
    text = client.get(page(erin)).text
    boxes = offered(text)
    assert set(boxes) == {"newsletter", "reply"}
    saved = client.post(page(erin), data={"agree": boxes["newsletter"]})
    assert "Saved." in saved.text
    assert holds(erin) == {"newsletter"}
    assert fresh(erin).status == "confirmed"
    with db.read() as session:
        (entry,) = agreed.granted(session, erin.id)
    assert entry.statement == (
        "I agree that Demo shop sends me its newsletter by e-mail. I can withdraw this at any time."
    )
    assert (entry.event, entry.method, entry.form_slug) == ("confirmed", "preferences", "subscription")
    client.post(page(erin), data={"agree": boxes["newsletter"]})
    assert len([one for one in events(erin) if one == ("confirmed", "newsletter")]) == 2, "pressed twice is agreed once"


def test_words_that_have_changed_since_they_were_read_are_not_agreed_to(client, forms, erin):
    client.post(page(erin, "/stop"))
    answer = client.post(page(erin), data={"agree": "1-0000000000 newsletter", "shown": "reply", "channel": "none"})
    assert answer.status_code == 409
    assert "Please read them again." in answer.text
    assert (holds(erin), fresh(erin).channel) == (set(), "mail")


def test_topics_are_chosen_one_by_one_and_those_never_asked_for_are_not_ticked(client, make_form, people, now, app):
    make_form("subscription", **TOPICS)
    erin = db.write(known, now, people.site, "news")
    text = client.get(page(erin)).text
    assert 'name="keep" value="news" checked' in text
    boxes = offered(text)
    assert set(boxes) == {"sales"}
    client.post(page(erin), data={"shown": "news", "agree": boxes["sales"]})
    assert holds(erin) == {"sales"}
    assert fresh(erin).topics == ["sales"]
    db.write(consent.withdraw, clock.now(), contact=erin, method="one_click")
    assert fresh(erin).topics == []


def test_who_only_ordered_is_offered_no_news(client, make_form, people, now, app):
    make_form("subscription", **TOPICS)
    erin = db.write(known, now, people.site, "order")
    assert offered(client.get(page(erin)).text) == {}


def test_how_and_when_to_be_reached_is_kept_and_is_part_of_the_ledger(client, erin):
    fields = {"channel": "phone", "phone": "+44 20 7946 0958", "name": "Erin E.", "from": "09:00", "to": "12:30"}
    client.post(page(erin), data=fields)
    now = fresh(erin)
    assert (now.channel, now.phone, now.name) == ("phone", "+44 20 7946 0958", "Erin E.")
    assert now.call_hours == {"from": "09:00", "to": "12:30"}
    assert events(erin)[-1] == ("changed", "")
    assert 'value="phone" checked' in client.get(page(erin)).text
    number = len(events(erin))
    client.post(page(erin), data=fields)
    assert len(events(erin)) == number, "the same again is no change"
    client.post(page(erin), data={"channel": "none", "phone": "", "name": "Erin"})
    assert (fresh(erin).channel, fresh(erin).call_hours, fresh(erin).phone) == ("none", None, "")
    assert holds(erin) == {"newsletter", "reply"}, "what the page did not show is not withdrawn"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"channel": "phone", "phone": ""}, "Write the number to call."),
        ({"channel": "phone", "phone": "<script>"}, "This does not look like a phone number."),
        ({"channel": "phone", "phone": "+49 30 123456", "from": "12:00", "to": "09:00"}, "must be later"),
        ({"channel": "phone", "phone": "+49 30 123456", "from": "noon", "to": ""}, "such as 09:00 to 12:00"),
        ({"channel": "pigeon"}, "Choose how you want to be reached."),
    ],
)
def test_what_cannot_be_kept_is_said_and_what_was_typed_is_still_there(client, erin, fields, said):
    answer = client.post(page(erin), data={"shown": ["newsletter"], **fields})
    assert answer.status_code == 422
    assert said in answer.text
    assert fields.get("phone", "").replace("<", "&lt;").replace(">", "&gt;") in answer.text
    assert holds(erin) == {"newsletter", "reply"}
    assert fresh(erin).channel == "mail"


def test_a_pause_holds_news_back_and_ends_by_itself_or_at_a_click(client, erin):
    answer = client.post(page(erin, "/pause"), data={"days": "30"})
    assert "No news before" in answer.text
    until = fresh(erin).paused_until
    assert timedelta(days=29, hours=23) < until - clock.now() <= timedelta(days=30)
    assert client.post(page(erin, "/pause"), data={"days": "7"}).status_code == 422
    assert client.post(page(erin, "/pause")).status_code == 422
    assert fresh(erin).paused_until == until
    client.post(page(erin, "/pause"), data={"days": "0"})
    assert fresh(erin).paused_until is None
    assert events(erin)[-2:] == [("changed", ""), ("changed", "")]


def test_a_program_that_looks_through_mail_stops_nothing_but_a_person_taken_for_one_can(client, erin):
    looked = f"/mail/{signing.sign('mail', 'eml_none')}"
    client.get(looked, headers=SCANNER)
    unsubscribe = f"/unsubscribe/{signing.sign('unsubscribe', erin.public_id)}"
    db.write(_sent_just_now, erin)
    # Named as a scanner, and at once after the mail was handed over.
    for path, data in (
        (unsubscribe, {}),
        (page(erin, "/stop"), {}),
        (page(erin), {"shown": "newsletter"}),
        (page(erin, "/pause"), {"days": "30"}),
        (page(erin, "/erase"), {"sure": _sure(client, erin)}),
        (page(erin, "/address"), {"new_address": "mallory@example.net"}),
    ):
        answer = client.post(path, data=data, headers=SCANNER)
        assert answer.status_code == 200
        assert "Type the address that the mail came to" in answer.text
        assert "erin@example.net" not in answer.text
        assert client.post(path, data={**data, "typed_address": "me@example.net"}, headers=SCANNER).status_code == 200
    assert holds(erin) == {"newsletter", "reply"}
    assert len(events(erin)) == 2
    typed = {"shown": "newsletter", "typed_address": " ERIN@example.net "}
    client.post(page(erin), data=typed, headers=SCANNER)
    assert holds(erin) == {"reply"}
    client.post(unsubscribe, data={"List-Unsubscribe": "One-Click"}, headers=SCANNER)
    assert holds(erin) == set(), "what the mail program itself sends is always believed"


def _sent_just_now(session, contact: Contact) -> None:
    at = clock.now()
    session.add(
        Email(
            public_id="eml_one", site_id=contact.site_id, name="outcome", language="en", to_email=contact.email,
            to_key=contact.email_key, from_email="hello@shop.example.org", subject="x", text="x", html="x",
            message_id="<x@example.org>", contact=contact.public_id, purpose="newsletter", status="sent", due_at=at,
            sent_at=at, created_at=at,
        )
    )  # fmt: skip


def _sure(client, contact: Contact) -> str:
    return re.search(r'name="sure" value="([^"]+)"', client.get(page(contact, "/erase")).text)[1]


# ---- another address ------------------------------------------------------------------------------------------------


def ask_for(client, contact: Contact, address: str):
    return client.post(page(contact, "/address"), data={"new_address": address}, headers=BROWSER)


def asked(address: str) -> tuple[str, str]:
    """The path of the link and the code out of the newest mail to the new address."""
    (mail,) = [one for one in mails_to(address) if one.name == "address_change"][-1:]
    return re.search(r"(/address/\S+)", mail.text)[1], re.search(r"^(\d{6})$", mail.text, re.MULTILINE)[1]


def test_only_the_reader_of_the_new_address_changes_it(client, erin, people):
    answer = ask_for(client, erin, "erin@new.example.net")
    assert answer.status_code == 200
    assert "We've sent a link and a code to e•••@new.example.net." in answer.text
    link, _code = asked("erin@new.example.net")
    (note,) = mails_to("erin@example.net")
    assert "wants Demo shop to write to e•••@new.example.net" in note.text
    assert client.get(link).text.count("<button") == 1
    assert fresh(erin).email == "erin@example.net", "looking changes nothing"
    done = client.post(link, headers=BROWSER)
    assert "Your address is changed" in done.text
    assert (fresh(erin).email, fresh(erin).email_key) == ("erin@new.example.net", "erin@new.example.net")
    assert client.post(link, headers=BROWSER).text == done.text, "again is the same success"
    assert events(erin)[-1] == ("changed", "")
    assert [event for event, _purpose in events(erin)].count("changed") == 1
    assert "was changed" in mails_to("erin@example.net")[-1].subject
    assert holds(erin) == {"newsletter", "reply"}


def test_the_code_out_of_the_mail_works_on_the_page_and_only_five_times(client, erin):
    ask_for(client, erin, "erin@new.example.net")
    _link, code = asked("erin@new.example.net")
    wrong = "000000" if code != "000000" else "111111"
    for _try in range(4):
        answer = client.post(page(erin, "/address/code"), data={"code": wrong})
        assert answer.status_code == 422
        assert "This is not the code from the mail." in answer.text
    done = client.post(page(erin, "/address/code"), data={"code": f" {code[:3]} {code[3:]}"})
    assert "Your address is changed." in done.text
    assert fresh(erin).email == "erin@new.example.net"


def test_after_five_wrong_codes_the_right_one_is_refused(client, erin):
    ask_for(client, erin, "erin@new.example.net")
    _link, code = asked("erin@new.example.net")
    wrong = "000000" if code != "000000" else "111111"
    for _try in range(5):
        client.post(page(erin, "/address/code"), data={"code": wrong})
    answer = client.post(page(erin, "/address/code"), data={"code": code})
    assert "Too many tries." in answer.text
    assert fresh(erin).email == "erin@example.net"


def test_an_address_of_somebody_else_gets_the_same_answer_and_nobody_reads_their_record(client, erin, people, now):
    frank = db.write(known, now, people.site, "newsletter", email="frank@example.net")
    taken = ask_for(client, erin, "frank@example.net").text
    client.post(page(erin, "/address/cancel"))
    free = ask_for(client, erin, "fritz@example.net").text
    # But for the notes to her own address, which are counted among what was sent to her.
    assert re.sub(r"\d e-mails?", "", taken) == re.sub(r"\d e-mails?", "", free)
    client.post(page(erin, "/address/cancel"))
    ask_for(client, erin, "frank@example.net")
    link, _code = asked("frank@example.net")
    answer = client.post(link, headers=BROWSER)
    assert "This address is known already" in answer.text
    assert page(frank) in answer.text
    assert page(erin) not in answer.text, "frank proved his address, not that erin is him"
    assert (fresh(erin).email, fresh(frank).email) == ("erin@example.net", "frank@example.net")


def test_a_change_given_up_or_replaced_or_too_old_is_over(client, erin):
    ask_for(client, erin, "one@example.net")
    first, _code = asked("one@example.net")
    ask_for(client, erin, "two@example.net")
    assert mails_to("one@example.net") == []
    assert client.post(first, headers=BROWSER).status_code == 410
    second, code = asked("two@example.net")
    client.post(page(erin, "/address/cancel"))
    assert client.get(second).status_code == client.post(second, headers=BROWSER).status_code == 410
    assert "expired" in client.post(page(erin, "/address/code"), data={"code": code}).text
    ask_for(client, erin, "three@example.net")
    assert ask_for(client, erin, "four@example.net").status_code == 429
    db.write(moving.sweep, clock.now() + timedelta(days=4))
    with db.read() as session:
        assert session.scalars(select(AddressChange)).all() == []
    assert mails_to("three@example.net") == []
    assert fresh(erin).email == "erin@example.net"


def test_two_who_want_the_same_address_do_not_become_one(either_database, now):
    site = db.write(add_people, now).site
    erin = db.write(known, now, site, "newsletter")
    frank = db.write(known, now, site, "newsletter", email="frank@example.net")
    for contact in (erin, frank):
        db.write(moving.request, now, contact_id=contact.id, address=addresses.parse("both@example.net"))
    with db.read() as session:
        ids = session.scalars(select(AddressChange.public_id).order_by(AddressChange.id)).all()
    first, second = (db.write(moving.confirm, now, public_id=one, asker=Asker()) for one in ids)
    assert first.other is None
    assert second.other.public_id == erin.public_id
    assert intact(site.id)


def test_mail_that_waits_goes_to_the_new_address(client, erin, people, now):
    db.write(_waiting, now, erin, people.site)
    ask_for(client, erin, "erin@new.example.net")
    client.post(asked("erin@new.example.net")[0], headers=BROWSER)
    assert "newsletter" in [one.purpose for one in mails_to("erin@new.example.net")]


def _waiting(session, now, contact: Contact, site) -> None:
    from leadcapture.forms import letters
    from leadcapture.forms.outcome import Outcome

    letters.send(
        session, now, site=site, to=addresses.Address(contact.email, contact.email_key), language="en",
        outcome=Outcome("News"), subject="News", why="You asked.", contact=contact, purpose="newsletter",
        unsubscribe=True,
    )  # fmt: skip


# ---- to take along --------------------------------------------------------------------------------------------------


def test_everything_can_be_taken_along_as_json_and_csv(client, visitor, forms, confirm, app):
    visitor.ask(email="erin@example.net", name="Erin", message="=Is it blue?")
    confirm("erin@example.net")
    with db.read() as session:
        erin = session.scalars(select(Contact).where(Contact.email == "erin@example.net")).one()
    held = client.get(page(erin, "/data.json"))
    assert held.headers["Content-Disposition"].startswith("attachment")
    assert held.headers["Cache-Control"] == "no-store"
    data = held.json
    assert (data["email"], data["name"], data["status"]) == ("erin@example.net", "Erin", "confirmed")
    assert data["submissions"][0]["answers"] == [{"question": "Message", "answer": "=Is it blue?"}]
    assert data["conversations"][0]["messages"][0]["text"] == "=Is it blue?"
    assert [entry["purpose"] for entry in data["consents"]] == ["reply"]
    assert any("confirm" in mail["text"] for mail in data["emails"])
    rows = list(csv.reader(io.StringIO(client.get(page(erin, "/data.csv")).get_data(as_text=True).lstrip("\ufeff"))))
    assert rows[0] == ["what", "number", "field", "value"]
    assert ["email", "", "", "erin@example.net"] in rows
    assert ["conversations", "1", "messages.1.text", "'=Is it blue?"] in rows, "no spreadsheet runs it"


def test_the_proof_is_there_to_take_and_comes_by_mail_as_often_as_mails_may(client, erin, environ):
    caps.configure(settings.load({**environ, "LEADCAPTURE_MAIL_PER_ADDRESS": "1/hour;3/day"}))
    assert client.get(page(erin, "/receipt.json")).json["contact"]["email"] == "erin@example.net"
    pdf = client.get(page(erin, "/receipt.pdf"))
    assert (pdf.mimetype, pdf.data[:5]) == ("application/pdf", b"%PDF-")
    answers = [client.post(page(erin, "/receipt")).status_code for _time in range(4)]
    assert answers == [200, 200, 200, 409]
    assert [mail.name for mail in mails_to("erin@example.net")] == ["receipt"] * 3


# ---- rules ----------------------------------------------------------------------------------------------------------


def test_being_sure_lasts_half_an_hour_and_is_ones_own(now):
    value = rules.sure_value("con_one", now)
    assert rules.still_sure(value, "con_one", now + timedelta(minutes=30))
    assert not rules.still_sure(value, "con_one", now + timedelta(minutes=31))
    assert not rules.still_sure(value, "con_two", now)
    assert not rules.still_sure("con_one.x", "con_one", now)


def test_an_erased_person_has_no_preferences(people, now):
    erin = db.write(known, now, people.site, "newsletter")
    db.write(lambda session: session.delete(session.get(Contact, erin.id)))
    from leadcapture.errors import NotFound

    with pytest.raises(NotFound):
        db.write(preferences.pause, now, contact_id=erin.id, days=30, asker=Asker())
