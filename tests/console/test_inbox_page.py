"""The inbox's page: who gets it, what it hands over to the script, and the same to read where no scripts run."""

from __future__ import annotations

import json
import re
from datetime import datetime
from types import SimpleNamespace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from leadcapture import db
from leadcapture.chat import operations
from leadcapture.chat.protocol import Incoming

HOSTILE = "</script><script>alert(1)</script>"


@pytest.fixture
def conversation(people: SimpleNamespace, now: datetime) -> str:
    """A visitor's question to the site; its public id."""
    posted = db.write(
        operations.post_by_visitor,
        now,
        site_id=people.site.id,
        visitor="vis_dora",
        incoming=Incoming("c1", f"Do you deliver on Saturdays? {HOSTILE}"),
        available=True,
        name=HOSTILE,
    )
    return posted.message.conversation


def signed_in(app: Flask, people: SimpleNamespace, name: str) -> FlaskClient:
    client = app.test_client()
    with client.session_transaction() as cookie:
        operator = getattr(people, name)
        cookie["operator"], cookie["epoch"] = operator.public_id, operator.session_epoch
    return client


def given(page: str) -> dict:
    found = re.search(r'<script type="application/json" id="inbox-given">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    return json.loads(found.group(1))


def test_nobody_sees_the_inbox_without_signing_in(
    client: FlaskClient, people: SimpleNamespace, conversation: str
) -> None:
    for path in ("/console/inbox", f"/console/inbox/{conversation}", f"/console/inbox/{conversation}?plain=1"):
        answer = client.get(path)
        assert answer.status_code == 302
        assert "/console/sign-in" in answer.headers["Location"]


@pytest.mark.parametrize("name", ["alice", "bob"])
def test_operators_of_the_site_open_a_conversation_by_its_address(
    app: Flask, people: SimpleNamespace, conversation: str, name: str
) -> None:
    answer = signed_in(app, people, name).get(f"/console/inbox/{conversation}")
    assert answer.status_code == 200
    handed = given(answer.text)
    assert handed["opened"] == conversation
    assert handed["operator"]["id"] == getattr(people, name).public_id
    assert handed["urls"]["conversation"].replace("CONVERSATION", conversation) == f"/console/inbox/{conversation}"
    assert people.site.key in handed["snippet"]


def test_charlie_of_another_site_gets_nothing_of_it(app: Flask, people: SimpleNamespace, conversation: str) -> None:
    charlie = signed_in(app, people, "charlie")
    for query in ("", "?plain=1"):
        answer = charlie.get(f"/console/inbox/{conversation}{query}")
        assert answer.status_code == 404
        assert "Saturdays" not in answer.text
    assert "Saturdays" not in charlie.get("/console/inbox?plain=1").text
    assert people.site.key not in charlie.get("/console/inbox").text


def test_the_inbox_speaks_the_operators_language(app: Flask, people: SimpleNamespace) -> None:
    alice = signed_in(app, people, "alice")
    english = given(alice.get("/console/inbox").text)
    arabic_page = alice.get("/console/inbox", headers={"Accept-Language": "ar"}).text
    arabic = given(arabic_page)
    assert (english["lang"], arabic["lang"]) == ("en", "ar")
    assert english["strings"].keys() == arabic["strings"].keys()
    assert english["strings"]["inbox.send"] != arabic["strings"]["inbox.send"]
    assert 'dir="rtl"' in arabic_page


def test_the_page_keeps_the_strict_policy(app: Flask, people: SimpleNamespace) -> None:
    answer = signed_in(app, people, "alice").get("/console/inbox")
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "'unsafe-inline'" not in answer.headers["Content-Security-Policy"]
    inline = [tag for tag in re.findall(r"<script\b[^>]*>", answer.text) if "src=" not in tag]
    assert inline == ['<script type="application/json" id="inbox-given">'], "data, and nothing that runs"
    assert not re.search(r"\sstyle=|\son\w+=", answer.text)


def test_conversations_can_be_read_without_scripts(
    app: Flask, people: SimpleNamespace, conversation: str, now: datetime
) -> None:
    db.write(
        operations.post_by_operator,
        now,
        operator_id=people.bob.id,
        epoch=people.bob.session_epoch,
        conversation=conversation,
        incoming=Incoming("c2", "She asked before."),
        kind="note",
    )
    alice = signed_in(app, people, "alice")
    queue = alice.get("/console/inbox?plain=1").text
    assert "Do you deliver on Saturdays?" in queue
    assert f"/console/inbox/{conversation}?plain=1" in queue
    thread = alice.get(f"/console/inbox/{conversation}?plain=1").text
    assert "Do you deliver on Saturdays?" in thread
    assert "She asked before." in thread
    assert "only your team sees this" in thread
    for page in (queue, thread):
        assert HOSTILE not in page, "what visitors write is text, never markup"
