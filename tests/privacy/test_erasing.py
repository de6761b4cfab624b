"""Erasing a person leaves nothing that names them: not in any table, not in the folder of uploads."""

from __future__ import annotations

import io
import re
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from leadcapture import clock, db, signing, uploads
from leadcapture.chat import operations as chat
from leadcapture.chat import tokens
from leadcapture.chat.models import Conversation, Message, Visitor
from leadcapture.contacts import operations as contacts
from leadcapture.contacts.models import Contact
from leadcapture.forms.kinds.order import SHOP
from leadcapture.imports.models import Import, Quarantined
from leadcapture.mail import gone as mail_gone
from leadcapture.mail import operations as mail
from leadcapture.mail.models import Email, Suppression
from leadcapture.privacy import erasing
from leadcapture.repermission.models import PermissionAsk, PermissionCampaign
from tests.conftest import add_people
from tests.forms.kinds.test_order import FIELDS
from tests.privacy.test_preferences import BROWSER, intact, known, page

ADDRESS, NAME, WORD = "Erintrude@example.net", "Erintrude Zz", "zanzibarquestion"


def traces(instance: Path, *words: str) -> set[str]:
    """Where any of the words stands, whatever its case: "table.column" of the database, index tables too, or the name
    of a file."""
    found = set()
    with sqlite3.connect(instance / "leadcapture.db") as tables:
        # What a virtual table has lies in tables of its own, which are among the others.
        listed = "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'"
        names = [name for (name,) in tables.execute(listed)]
        for name in names:
            rows = tables.execute(f"SELECT * FROM {name}")
            columns = [column[0] for column in rows.description]
            for row in rows:
                for column, value in zip(columns, row, strict=True):
                    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
                    if any(word.lower() in text.lower() for word in words):
                        found.add(f"{name}.{column}")
    for path in (path for path in (instance / "uploads").rglob("*") if path.is_file()):
        content = path.read_bytes().lower()
        if any(word.lower().encode() in content for word in words):
            found.add(path.name)
    return found


def the_contact(address: str = ADDRESS) -> Contact | None:
    with db.read() as session:
        return session.scalar(select(Contact).where(Contact.email_key == address.lower()))


@pytest.fixture
def lived(client, people, now, make_form, visitor, forms, confirm, settings) -> Contact:
    """Somebody who has left traces wherever one can."""
    for kind, more in (
        ("order", SHOP.settings),
        ("registration", {}),
        ("review", {}),
        ("transcript", {}),
    ):
        make_form(kind, **more)
    token = _chats(client, people)
    bearer = {"Origin": "https://shop.example.org", "Authorization": f"Bearer {token}"}
    for slug, fields in (
        ("subscription", {"consent": ["newsletter"], "name": NAME}),
        ("order", {**FIELDS, "name": NAME, "note": WORD, "street": WORD}),
        ("registration", {"name": NAME, "consent": ["membership"]}),
        ("review", {"name": NAME, "stars": "5", "text": f"{WORD} is nice", "consent": ["review"]}),
        ("offline", {"name": NAME, "message": f"What is {WORD}?"}),
        ("transcript", {}),
    ):
        sent = visitor.send(slug, headers=bearer, **{**fields, "email": ADDRESS})
        assert sent.status_code == 202, (slug, sent.json)
        assert confirm(ADDRESS).status_code == 200
    # Sent and never confirmed.
    assert visitor.ask(email=ADDRESS, name=NAME, message=WORD).status_code == 202
    contact = the_contact()
    assert contact is not None
    db.write(_more, now, contact, people.site, settings)
    client.post(page(contact), data={"channel": "phone", "phone": "+44 20 7946 0999", "name": NAME}, headers=BROWSER)
    client.post(page(contact, "/address"), data={"new_address": "erintrude@new.example.net"}, headers=BROWSER)
    return contact


def _chats(client, people) -> str:
    """Writes, with a file; the visitor's token."""
    token = tokens.check(people.site, None)
    bearer = {"Origin": "https://shop.example.org", "Authorization": f"Bearer {token.text}"}
    said = client.post(
        f"/v1/{people.site.key}/chat/messages", json={"client_id": "m1", "body": f"{WORD} {NAME}"}, headers=bearer
    )
    assert said.status_code == 200, said.json
    file = client.post(
        f"/v1/{people.site.key}/chat/files",
        data={"file": (io.BytesIO(f"A file about {WORD}".encode()), "Erintrude.txt")},
        headers=bearer,
    ).json["file"]
    client.post(
        f"/v1/{people.site.key}/chat/messages", json={"client_id": "m2", "body": "", "file": file["id"]}, headers=bearer
    )
    return token.text


def _more(session, now, contact: Contact, site, settings) -> None:
    """An import that named them, a row of the quarantine, and questions about their consent."""
    with uploads.received(io.BytesIO(f"email;name\r\n{ADDRESS};{NAME}\r\n".encode())) as path:
        stored = uploads.keep(path)
    made = Import(
        public_id="imp_one", site_id=site.id, name="list.csv", stored=stored, state="done", encoding="utf-8",
        created_at=now, finished_at=now,
    )  # fmt: skip
    campaign = PermissionCampaign(
        public_id="rpc_one", site_id=site.id, purpose="newsletter", version="2-x", state="running", created_at=now
    )
    session.add_all([made, campaign])
    session.flush()
    session.add_all(
        [
            Quarantined(
                public_id="qua_one", site_id=site.id, import_id=made.id, email=ADDRESS, email_key=ADDRESS.lower(),
                name=NAME, row_no=1,
            ),
            PermissionAsk(public_id="ask_one", campaign_id=campaign.id, contact_id=contact.id),
            PermissionAsk(public_id="ask_two", campaign_id=campaign.id, quarantined_id=1, email=ADDRESS, name=NAME),
        ]
    )  # fmt: skip


def erase_by_hand(client, contact: Contact):
    asked = client.get(page(contact, "/erase"))
    sure = re.search(r'name="sure" value="([^"]+)"', asked.text)[1]
    return client.post(page(contact, "/erase"), data={"sure": sure}, headers=BROWSER)


def test_nothing_that_names_a_person_is_left_anywhere_and_the_ledger_still_verifies(client, lived, people, settings):
    words = ("erintrude", WORD, "79460999", "7946 0999")
    before = traces(settings.instance, *words)
    # Else the test would find nothing for having nothing to find.
    assert {"contacts.email", "submissions.email", "orders.note", "reviews.text", "messages.body"} <= before
    assert {"ledger.body", "emails.text", "chat_files.name", "visitors.name", "quarantined.email"} <= before
    assert {"permission_asks.email", "address_changes.email", "confirmations.email", "conversations.email"} <= before
    assert len([name for name in before if "." not in name]) == 2, "a file of the chat, an imported list"
    answer = erase_by_hand(client, lived)
    assert "Everything is erased" in answer.text
    assert traces(settings.instance, *words) == set()
    assert intact(people.site.id)
    assert the_contact() is None
    assert client.get(page(lived)).status_code == 404
    with db.read() as session:
        assert mail_gone.among(session, people.site.id, [ADDRESS.lower()]) == {ADDRESS.lower(): "erasure"}


def test_what_others_said_and_were_sent_stays(client, lived, people, now, visitor, forms, confirm):
    """joerintrude's address has hers in it, and the same browser wrote under another address too."""
    visitor.ask(email="joerintrude@example.net", name="Joe", message="Mine")
    confirm("joerintrude@example.net")
    with db.read() as session:
        before = session.scalars(select(Email.id).where(Email.text.contains("joerintrude@example.net"))).all()
    erase_by_hand(client, lived)
    assert the_contact("joerintrude@example.net") is not None
    with db.read() as session:
        left = session.scalars(select(Email.id).where(Email.text.contains("joerintrude@example.net"))).all()
    assert left == before


def test_erasing_asks_twice_and_the_second_press_must_come_from_the_page_that_asked(client, app, people, now):
    erin = db.write(known, now, people.site, "newsletter")
    frank = db.write(known, now, people.site, "newsletter", email="frank@example.net")
    old = signing.sign("erase", f"{erin.public_id}.{int((clock.now() - timedelta(minutes=31)).timestamp())}")
    franks = signing.sign("erase", f"{frank.public_id}.{int(clock.now().timestamp())}")
    for sure in ("", "x", old, franks, signing.sign("preferences", erin.public_id)):
        answer = client.post(page(erin, "/erase"), data={"sure": sure}, headers=BROWSER)
        assert "Erase everything about you?" in answer.text
    assert the_contact("erin@example.net") is not None
    assert "Everything is erased" in erase_by_hand(client, erin).text
    assert the_contact("erin@example.net") is None
    assert the_contact("frank@example.net") is not None


def test_who_was_erased_can_come_back_by_their_own_act(client, visitor, forms, confirm, people):
    visitor.send(email=ADDRESS)
    confirm(ADDRESS)
    first = the_contact()
    erase_by_hand(client, first)
    visitor.send(email=ADDRESS)
    confirm(ADDRESS)
    again = the_contact()
    assert again is not None
    assert again.public_id != first.public_id
    assert again.status == "confirmed"


def test_an_address_that_bounced_is_kept_in_clear_no_longer(people, now, app):
    erin = db.write(known, now, people.site, "newsletter")
    db.write(mail.suppress, now, site_id=people.site.id, email_key="erin@example.net", reason="bounce")
    assert erasing.erase_now(erin, "operator")
    assert not erasing.erase_now(erin, "operator"), "twice is once"
    with db.read() as session:
        assert [row.email_key[:5] for row in session.scalars(select(Suppression))] == ["hmac:"]


def test_an_admin_erases_by_typing_the_address_and_an_operator_does_not(somebody, people, now):
    erin = db.write(known, now, people.site, "newsletter")
    path = f"/console/contacts/{erin.public_id}"
    alice, bob = somebody("alice"), somebody("bob")
    assert "Erase for good" in alice.get(path).text
    assert "Erase for good" not in bob.get(path).text
    assert bob.post(f"{path}/erase", seen_at=path, address="erin@example.net").status_code == 403
    wrong = alice.post(f"{path}/erase", seen_at=path, address="frank@example.net")
    assert wrong.status_code == 422
    assert "Nothing was erased." in wrong.text
    assert the_contact("erin@example.net") is not None
    assert alice.post(f"{path}/erase", seen_at=path, address=" Erin@example.net ").status_code == 302
    assert the_contact("erin@example.net") is None
    assert alice.get(path).status_code == 404


def test_erasing_on_either_database(either_database, now):
    site = db.write(add_people, now).site

    def wrote(session) -> None:
        contact = known(session, now, site, "newsletter")
        conversation = chat.question(
            session, now, site_id=site.id, conversation=None, visitor_token_id=None, name="Erin",
            email="erin@example.net", body="Hello", page_url="", language="en", client_id="c1",
        )  # fmt: skip
        assert conversation
        contacts.suppress(session, now, site_id=site.id, email_key=contact.email_key)

    db.write(wrote)
    erin = the_contact("erin@example.net")
    assert db.write(erasing.erase, now, contact=erin, reason="retention")
    with db.read() as session:
        assert [session.scalars(select(table)).all() for table in (Contact, Conversation, Message, Visitor)] == [[]] * 4
    assert intact(site.id)
