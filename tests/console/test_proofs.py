"""The proof on a contact's page: who sees it, who may take it away, and the receipt that goes by mail."""

from __future__ import annotations

import json
from datetime import datetime
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from leadcapture import clock, db
from leadcapture import settings as settings_module
from leadcapture.cli import leadcapture
from leadcapture.consent import operations as consent
from leadcapture.mail import caps
from leadcapture.mail.models import Email
from leadcapture.privacy.proof import check_proof, receipts
from tests.privacy import pdftext
from tests.privacy.proven import PUBLIC_URL, agree, make_form


@pytest.fixture
def contact(people: SimpleNamespace, now: datetime):
    """erin, who agreed to the newsletter."""
    form = db.write(make_form, now, people.site)
    return db.write(agree, now, site=people.site, form=form, email="erin@example.org", name="Erin")


def holds(pack: bytes) -> bool:
    return all(well for well, _what in check_proof.checks(json.loads(pack)))


def receipt_mails() -> list[Email]:
    with db.read() as session:
        return list(session.scalars(select(Email).where(Email.name == "receipt").order_by(Email.id)))


def test_an_owner_downloads_the_proof_and_the_program_that_checks_it(somebody, contact) -> None:
    alice = somebody("alice")
    page = alice.get(f"/console/contacts/{contact.public_id}").text
    for name in ("proof.pdf", "proof.json", "receipt"):
        assert f"/console/contacts/{contact.public_id}/{name}" in page
    pack = alice.get(f"/console/contacts/{contact.public_id}/proof.json")
    assert pack.headers["Content-Disposition"] == f'attachment; filename="proof-{contact.public_id}.json"'
    assert pack.headers["Cache-Control"] == "private, no-store"
    assert holds(pack.data)
    paper = alice.get(f"/console/contacts/{contact.public_id}/proof.pdf")
    assert paper.mimetype == "application/pdf"
    assert "erin@example.org" in pdftext.text(paper.data)
    assert holds(pdftext.attached(paper.data)["proof.json"])
    program = alice.get("/check_proof.py")
    assert program.text.startswith("#!/usr/bin/env python3")
    assert "1, 2, 3" in alice.get(f"/console/contacts/{contact.public_id}").text


def test_an_operator_sees_where_it_stands_and_takes_nothing_away(somebody, contact) -> None:
    bob = somebody("bob")
    page = bob.get(f"/console/contacts/{contact.public_id}").text
    assert "1, 2, 3" in page
    assert "proof.pdf" not in page
    for name in ("proof.pdf", "proof.json"):
        assert bob.get(f"/console/contacts/{contact.public_id}/{name}").status_code == 403
    assert bob.post(f"/console/contacts/{contact.public_id}/receipt").status_code == 403
    assert receipt_mails() == []


def test_an_owner_mails_a_receipt_that_proves_itself(somebody, contact) -> None:
    alice, here = somebody("alice"), f"/console/contacts/{contact.public_id}"
    assert alice.post(f"{here}/receipt", seen_at=here).location == here
    (mail,) = receipt_mails()
    assert (mail.to_email, mail.contact, mail.purpose, mail.status) == (
        "erin@example.org",
        contact.public_id,
        None,
        "queued",
    )
    with db.read() as session:
        (agreed,) = consent.queries.granted(session, contact.id)
    for wanted in (agreed.statement, agreed.statement_version, agreed.page_url, "10:30:00 UTC", "10:31:00 UTC"):
        assert wanted in " ".join(mail.text.replace("\n> ", " ").split()), wanted
        assert wanted in mail.html or wanted == agreed.statement
    assert mail.attachments is not None
    (attached,) = mail.attachments
    assert attached["filename"] == "proof.json"
    assert holds(attached["content"].encode())
    pack = json.loads(attached["content"])
    assert pack["seal"]["public_key"] in mail.text
    assert "A receipt is on its way to erin@example.org." in alice.get(here).text


def test_receipts_share_the_mails_an_address_gets_a_day(
    people: SimpleNamespace, contact, now: datetime, environ
) -> None:
    caps.configure(settings_module.load(environ | {"LEADCAPTURE_MAIL_PER_ADDRESS": "1/hour;3/day"}))
    asked = {"site": people.site, "contact": contact, "public_url": PUBLIC_URL}
    sent = [db.write(receipts.send, now, **asked) for _ in range(5)]
    assert [mail is not None for mail in sent] == [True, True, True, False, False]


def test_who_has_withdrawn_gets_the_proof_of_that(people: SimpleNamespace, contact, now: datetime) -> None:
    db.write(consent.withdraw, now, contact=contact, method="one_click")
    mail = db.write(receipts.send, clock.now(), site=people.site, contact=contact, public_url=PUBLIC_URL)
    assert mail is not None
    assert "In force: no" in mail.text
    assert "Withdrawn: " in mail.text


def test_a_name_that_is_markup_stays_a_name(people: SimpleNamespace, now: datetime) -> None:
    form = db.write(make_form, now, people.site)
    contact = db.write(agree, now, site=people.site, form=form, name="<b>Erin</b>\r\nBcc: x@example.net")
    mail = db.write(receipts.send, now, site=people.site, contact=contact, public_url=PUBLIC_URL)
    assert mail is not None
    assert "<b>Erin" not in mail.html
    assert "\nBcc:" not in mail.text


def test_the_command_writes_the_same_files(people: SimpleNamespace, contact, environ, tmp_path, monkeypatch) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    files = {name: tmp_path / name for name in ("proof.json", "proof.pdf", "check_proof.py")}
    wanted = ["--json", files["proof.json"], "--pdf", files["proof.pdf"], "--checker", files["check_proof.py"]]
    asked = ["proof", "--site", people.site.key, "ERIN@example.org", *map(str, wanted)]
    done = CliRunner().invoke(leadcapture, asked)
    assert done.exit_code == 0, done.output
    assert holds(files["proof.json"].read_bytes())
    assert pdftext.attached(files["proof.pdf"].read_bytes())["proof.json"] == files["proof.json"].read_bytes()
    nobody = CliRunner().invoke(leadcapture, ["proof", "--site", people.site.key, "no@example.org", "--json", "x"])
    assert nobody.exit_code == 1
    assert "no contact with this address" in nobody.output
    assert CliRunner().invoke(leadcapture, ["proof", "--site", "x", "erin@example.org"]).exit_code == 2
