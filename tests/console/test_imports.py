"""The pages on which an admin imports people: from the file to the report, and the quarantine."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import func, select

from leadcapture import clock, db
from leadcapture.contacts import queries as contacts
from leadcapture.imports import running
from leadcapture.imports.models import Import, Quarantined
from leadcapture.mail.models import Email
from leadcapture.repermission import answering
from leadcapture.repermission import operations as repermission
from leadcapture.repermission.models import PermissionAsk
from tests.console.conftest import Browser

TABLE = (
    "E-mail;Vorname;Nachname;Ort\r\n"
    "anna@example.org;Anna;<script>alert(1)</script>;=1+1\r\n"
    "nonsense;;;\r\n"
    'bert@example.org;Bert;"two\r\nlines";\r\n'
)
ORIGIN = {"source": "the shop's former tool", "collected": "2024-06-01"}
PROOF = {**ORIGIN, "proof": "yes", "statement": "I agree to <b>mails</b>.", "purpose": "newsletter"}
PDF = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"


def sent(browser: Browser, path: str, field: str, content: bytes, name: str, **fields: str) -> Any:
    page = browser.get("/console/account").text
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token is not None
    return browser.client.post(
        path, data={"csrf_token": token[1], **fields, field: (io.BytesIO(content), name)}, follow_redirects=False
    )


@pytest.fixture
def alice(somebody: Callable[..., Browser], people: SimpleNamespace) -> Browser:
    return somebody("alice")


def uploaded(browser: Browser, content: bytes = TABLE.encode("utf-16")) -> str:
    answer = sent(browser, "/console/imports", "file", content, "people.csv")
    assert answer.status_code == 302, answer.text
    return str(answer.headers["Location"])


def tried(browser: Browser, path: str, **origin: str) -> str:
    told = {"column-0": "email", "column-1": "name", "column-2": "name", "column-3": "attribute:",
            "attribute-3": "Ort", "header": "yes"}  # fmt: skip
    assert browser.post(f"{path}/columns", **told).status_code == 302
    if origin.get("proof") == "yes":
        answer = sent(browser, f"{path}/origin", "evidence", PDF, "form.pdf", **origin)
    else:
        answer = browser.post(f"{path}/origin", **origin)
    assert answer.status_code == 302, answer.text
    assert browser.get(path).headers["Refresh"] == "2"
    running.due(clock.now())
    return browser.get(path).text


def test_from_the_file_to_the_report(alice: Browser, people: SimpleNamespace) -> None:
    path = uploaded(alice)
    columns = alice.get(path).text
    assert re.search(r'<option value="name" selected>', columns)
    assert "&lt;script&gt;alert(1)" in columns
    assert "<script>alert" not in columns
    shown = tried(alice, path, **PROOF)
    assert "Nothing is changed yet" in shown
    with db.read() as session:
        assert contacts.count(session, people.site.id) == 0
    assert alice.post(f"{path}/run", act="start").status_code == 302
    running.due(clock.now())
    page = alice.get(path)
    assert "Refresh" not in page.headers
    assert "I agree to &lt;b&gt;mails&lt;/b&gt;." in page.text
    report = alice.get(f"{path}/report.csv")
    lines = report.get_data().decode("utf-8-sig").splitlines()
    assert lines[0] == "row,address,outcome,reason"
    assert [line.split(",")[:3] for line in lines[1:]] == [
        ["1", "anna@example.org", "new"],
        ["2", "nonsense", "invalid"],
        ["3", "bert@example.org", "new"],
    ]
    evidence = alice.get(f"{path}/evidence")
    assert evidence.get_data() == PDF
    assert "sandbox" in evidence.headers["Content-Security-Policy"]
    assert evidence.headers["Content-Disposition"].startswith("attachment")
    with db.read() as session:
        anna = contacts.by_email(session, people.site.id, "anna@example.org")
        assert (anna.name, anna.attributes) == ("Anna <script>alert(1)</script>", {"Ort": "=1+1"})
    for where in ("/console/imports", f"/console/contacts/{anna.public_id}"):
        assert "<script>alert" not in alice.get(where).text


def test_a_file_reads_otherwise_when_its_encoding_is_chosen(alice: Browser) -> None:
    path = uploaded(alice, "a@example.org;Анна\r\n".encode("koi8-r"))
    answer = alice.post(f"{path}/columns", act="read", encoding="koi8-r", delimiter="semicolon")
    assert "Анна" in answer.text
    assert alice.post(f"{path}/columns", encoding="koi8-r", **{"column-0": "name"}).status_code == 422


@pytest.mark.parametrize("content", [b"", b"\n\n\n", b"," * 300], ids=["empty", "blank", "columns"])
def test_what_is_no_table_is_refused_with_a_sentence(alice: Browser, content: bytes) -> None:
    answer = sent(alice, "/console/imports", "file", content, "x.csv")
    assert answer.status_code == 422
    assert "problem" in answer.text


def test_what_is_missing_is_said_and_no_program_is_evidence(alice: Browser) -> None:
    path = uploaded(alice)
    alice.post(f"{path}/columns", header="yes", **{"column-0": "email"})
    assert alice.post(f"{path}/origin", **ORIGIN).status_code == 422
    bare = alice.post(f"{path}/origin", proof="yes")
    assert bare.status_code == 422
    assert bare.text.count('aria-invalid="true"') == 5
    for name, content in (("run.html", b"<script>"), ("form.pdf", b"<script>alert(1)</script>"), ("x.exe", b"MZ")):
        refused = sent(alice, f"{path}/origin", "evidence", content, name, **PROOF)
        assert refused.status_code == 422, name
        assert "I agree to &lt;b&gt;mails" in refused.text  # what was typed stays


def test_an_operator_may_not_import(somebody: Callable[..., Browser], people: SimpleNamespace) -> None:
    assert somebody("bob").get("/console/imports").status_code == 403
    assert somebody("bob").get("/console/quarantine").status_code == 403


def kept_apart(alice: Browser) -> str:
    path = uploaded(alice)
    tried(alice, path, **ORIGIN, proof="no")
    alice.post(f"{path}/run", act="start")
    running.due(clock.now())
    return path


GROUND = {"ground": "customers", "words": "They bought coffee from us last year.", "statement": "Send me news.",
          "purpose": "newsletter", "per_hour": "50", "sure": "yes"}  # fmt: skip


def asked(public_url: str = "https://example.org") -> None:
    """The job asks whoever is to be asked now."""
    with db.read() as session:
        campaigns = session.scalars(select(PermissionAsk.campaign_id).distinct()).all()
    for campaign in campaigns:
        db.write(repermission.ask_some, clock.now(), campaign_id=campaign, public_url=public_url)


def test_the_quarantine_is_asked_once_on_a_ground_that_is_typed(alice: Browser, people: SimpleNamespace) -> None:
    path = kept_apart(alice)
    assert "anna@example.org" in alice.get("/console/quarantine").text
    assert alice.post(f"{path}/ask", **{**GROUND, "words": "because"}).status_code == 422
    assert alice.post(f"{path}/ask", **{**GROUND, "sure": ""}).status_code == 422
    assert alice.post(f"{path}/ask", **GROUND).status_code == 302
    assert alice.post(f"{path}/ask", seen_at="/console/account", **GROUND).status_code == 409
    asked()
    asked()
    with db.read() as session:
        assert sorted(session.scalars(select(Email.to_key))) == ["anna@example.org", "bert@example.org"]
        asks = {ask.email: ask.public_id for ask in session.scalars(select(PermissionAsk))}
    db.write(answering.answer, clock.now(), ask=asks["anna@example.org"], yes=True)
    db.write(answering.answer, clock.now(), ask=asks["bert@example.org"], yes=False)
    with db.read() as session:
        assert session.scalar(select(func.count()).select_from(Quarantined)) == 0
        assert contacts.by_email(session, people.site.id, "anna@example.org").status == "confirmed"
        assert contacts.by_email(session, people.site.id, "bert@example.org") is None
    # Who said no is not brought back, with or without a proof.
    again = uploaded(alice)
    assert "Were asked and said no" in tried(alice, again, **PROOF)


def test_a_bought_list_stays_in_the_quarantine_for_good(alice: Browser) -> None:
    path = kept_apart(alice)
    assert alice.post(f"{path}/ask", ground="bought").status_code == 302
    assert "never mailed" in alice.get(path).text
    assert alice.post(f"{path}/ask", seen_at="/console/account", **GROUND).status_code == 409
    with db.read() as session:
        assert session.scalar(select(func.count()).select_from(PermissionAsk)) == 0


def test_who_came_by_themselves_meanwhile_is_not_asked(alice: Browser, people: SimpleNamespace) -> None:
    from leadcapture import addresses
    from leadcapture.contacts import operations

    path = kept_apart(alice)
    alice.post(f"{path}/ask", **GROUND)
    anna = addresses.parse("anna@example.org")
    db.write(operations.upsert_confirmed, clock.now(), site_id=people.site.id, address=anna)
    asked()
    with db.read() as session:
        assert session.scalars(select(Email.to_key)).all() == ["bert@example.org"]


def test_an_import_that_was_cancelled_may_not_start(alice: Browser) -> None:
    path = uploaded(alice)
    assert alice.post(f"{path}/run", act="start").status_code == 409
    assert alice.post(f"{path}/run", act="cancel").status_code == 302
    assert alice.post(f"{path}/run", act="resume").status_code == 409
    with db.read() as session:
        assert session.scalars(select(Import.state)).all() == ["cancelled"]
