"""The demo: its data and its host pages."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from leadcapture import db
from leadcapture.chat.models import Conversation, Message
from leadcapture.consent import queries as consent
from leadcapture.consent.models import LedgerEvent
from leadcapture.contacts.models import Contact
from leadcapture.demo import operations, rules
from leadcapture.forms import kinds
from leadcapture.forms.models import Form
from leadcapture.mail.models import Email
from leadcapture.operators import queries as operators
from leadcapture.operators import rules as operator_rules
from leadcapture.settings import Settings
from leadcapture.sites import operations as site_operations
from leadcapture.sites import queries as sites
from tests.conftest import copied

URL = "http://127.0.0.1:8000"


@pytest.fixture
def database(seeded: Path, settings: Settings) -> Iterator[db.Database]:
    """A database with the demo's data."""
    with copied(seeded / "leadcapture.db", settings) as database:
        yield database


@pytest.fixture
def demo(database: db.Database, now: datetime) -> operations.Demo:
    return db.write(operations.seed, now, public_url=URL)


def counted(*tables: type) -> list[int]:
    with db.read() as session:
        return [session.scalar(select(func.count()).select_from(table)) or 0 for table in tables]


def test_it_prints_what_programs_rely_on(demo: operations.Demo) -> None:
    printed = json.loads(json.dumps(demo.for_json()))
    assert printed["site_key"] == rules.SITE_KEY
    assert set(printed["forms"]) == set(kinds.registry())
    assert printed["forms"]["subscription"] == "newsletter"
    assert printed["forms"]["offline"] == "question"
    assert printed["operators"] == [
        {"email": "alice@example.org", "password": "demo-password-alice", "role": "owner"},
        {"email": "bob@example.org", "password": "demo-password-bob", "role": "operator"},
    ]
    assert printed["api_token"].startswith("lc_")
    assert printed["other_site"]["site_key"] != printed["site_key"]
    assert [person["email"] for person in printed["other_site"]["operators"]] == ["charlie@example.org"]


def test_made_again_it_is_the_same_and_nothing_is_there_twice(demo: operations.Demo, now: datetime) -> None:
    tables = (Contact, LedgerEvent, Conversation, Message, Email, Form)
    before = counted(*tables)
    again = db.write(operations.seed, now + timedelta(hours=5), public_url=URL)
    assert again == demo
    assert counted(*tables) == before


def test_everybody_can_sign_in_where_they_belong_and_nowhere_else(demo: operations.Demo) -> None:
    with db.read() as session:
        for site in (demo, demo.other):
            for person in site.operators:
                found = operators.by_email(session, person.email)
                assert found is not None
                assert operator_rules.password_matches(found.password_hash, person.password)
                assert [(m.site.key, m.role) for m in found.memberships] == [(site.site_key, person.role)]


def test_the_api_token_is_the_sites(demo: operations.Demo) -> None:
    with db.read() as session:
        found = sites.by_token(session, site_operations.token_digest(demo.api_token))
    assert found is not None
    assert found[1].key == demo.site_key


def test_the_console_looks_alive(demo: operations.Demo, now: datetime) -> None:
    with db.read() as session:
        site = sites.by_key(session, demo.site_key)
        contacts = session.scalars(select(Contact).where(Contact.site_id == site.id)).all()
        statuses = session.scalars(select(Conversation.status).where(Conversation.site_id == site.id)).all()
        mails = session.scalars(select(Email.status).where(Email.site_id == site.id)).all()
        latest = session.scalar(select(func.max(Message.created_at)))
    assert len(contacts) >= 25
    assert {contact.status for contact in contacts} == {"confirmed", "unsubscribed"}
    assert {contact.language for contact in contacts} == {"en", "ar"}
    assert set(statuses) == {"waiting", "active", "unanswered", "closed"}
    assert len(statuses) == 13  # one of them held as spam
    assert set(mails) == {"sent", "bounced", "suppressed", "ambiguous"}
    assert latest is not None
    assert timedelta(0) <= now - latest < timedelta(hours=1)


def test_every_contact_of_the_demo_has_proof_of_consent(demo: operations.Demo) -> None:
    with db.read() as session:
        contacts = session.scalars(select(Contact)).all()
        for contact in contacts:
            proof = consent.history(session, contact.id)[-1]
            assert proof.action == "grant"
            assert proof.statement
            assert proof.email_text
            assert proof.requested_at is not None
            assert proof.requested_at < proof.at


def test_no_mail_of_the_demo_waits_to_be_sent_to_anybody(demo: operations.Demo) -> None:
    with db.read() as session:
        waiting = session.scalar(
            select(func.count()).select_from(Email).where(Email.status.in_(("queued", "deferred")))
        )
    assert waiting == 0


def test_addresses_of_the_demo_belong_to_nobody(demo: operations.Demo) -> None:
    with db.read() as session:
        addresses = {*session.scalars(select(Email.to_email)), *session.scalars(select(Contact.email))}
    assert {address.partition("@")[2] for address in addresses} <= {"example.org", "example.com", "example.net"}


def test_the_other_shop_has_published_forms_and_no_contacts(demo: operations.Demo) -> None:
    with db.read() as session:
        other = sites.by_key(session, demo.other.site_key)
        slugs = session.scalars(select(Form.slug).where(Form.site_id == other.id, Form.published.is_(True))).all()
        contacts = session.scalars(select(Contact).where(Contact.site_id == other.id)).all()
    assert sorted(slugs) == sorted(demo.other.forms.values())
    assert contacts == []


def test_served_on_another_port_the_privacy_link_follows(demo: operations.Demo, now: datetime) -> None:
    db.write(operations.seed, now, public_url="http://127.0.0.1:8123")
    with db.read() as session:
        assert sites.by_key(session, demo.site_key).privacy_url == "http://127.0.0.1:8123/demo/privacy"


# ---- the host pages -------------------------------------------------------------------------------------------------


class Page(HTMLParser):
    """What a page loads, runs and styles by itself."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.inline: list[str] = []
        self.root: dict[str, str | None] = {}
        self.scripts: list[dict[str, str | None]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "html":
            self.root = given
        if tag == "script":
            self.scripts.append(given)
        if tag in ("img", "script", "link"):
            self.loads.append(given.get("src") or given.get("href") or "")
        if tag == "style" or (tag == "script" and "src" not in given):
            self.inline.append(tag)
        self.inline += [name for name in given if name == "style" or name.startswith("on")]


@pytest.mark.parametrize("path", ["/demo", "/demo/", "/demo/about", "/demo/privacy", "/demo?lang=ar"])
def test_a_demo_page_loads_its_own_files_and_the_snippet_alone(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    page = Page(answer.text)
    snippet = f"{URL}/widget/{rules.SITE_KEY}.js"
    assert answer.status_code == 200
    assert snippet in page.loads
    assert page.inline == []
    for address in set(page.loads) - {snippet}:
        assert address.startswith("/"), address
        assert client.get(address).status_code == 200, address


def test_a_demo_page_has_the_policy_of_a_careful_owner(client: FlaskClient) -> None:
    policy = client.get("/demo").headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    assert "connect-src 'self' http://127.0.0.1:8000 ws://127.0.0.1:8000;" in policy


def test_the_newsletter_form_is_placed_by_one_element(client: FlaskClient) -> None:
    assert client.get("/demo").text.count('data-leadcapture-form="newsletter"') == 1


def test_in_arabic_the_page_and_its_panel_turn_round(client: FlaskClient) -> None:
    page = Page(client.get("/demo?lang=ar").text)
    assert (page.root["lang"], page.root["dir"]) == ("ar", "rtl")
    assert page.scripts[0]["data-lang"] == "ar"
    assert re.search("[\u0600-\u06ff]", client.get("/demo/about?lang=ar").text)


def test_without_the_demo_there_is_no_demo_page(settings, database: db.Database) -> None:
    from leadcapture.app import create_app

    assert create_app(settings).test_client().get("/demo").status_code == 404
