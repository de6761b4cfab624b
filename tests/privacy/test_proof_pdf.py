"""The proof on paper: what stands there, in both directions of writing, and what a stranger typed stays text."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadcapture import db, i18n
from leadcapture.consent import ledger
from leadcapture.consent import operations as consent
from leadcapture.contacts.models import Contact
from leadcapture.privacy.proof import pack as packs
from leadcapture.privacy.proof import page, rendering

from . import pdftext
from .proven import PAGE, PUBLIC_URL, agree, make_form


def proof(people: SimpleNamespace, now: datetime, *, withdrawn: bool = False, **agreed: Any) -> dict[str, Any]:
    form = db.write(make_form, now, people.site)
    contact = db.write(agree, now, site=people.site, form=form, **agreed)
    if withdrawn:
        db.write(consent.withdraw, now + timedelta(days=1), contact=contact, method="one_click")
    at = now + timedelta(days=2)
    return db.write(packs.build, at, site=people.site, contact=contact, public_url=PUBLIC_URL)


def printed(pack: dict[str, Any], language: str = "en") -> str:
    with i18n.speaking(language):
        return pdftext.text(rendering.pdf(pack))


def test_the_paper_says_who_agreed_to_what_when_and_how_to_check_it(people: SimpleNamespace, now: datetime) -> None:
    pack = proof(people, now, withdrawn=True)
    pdf = rendering.pdf(pack)
    said = " ".join(pdftext.text(pdf).split())
    checkpoint = pack["chain"]["segments"][-1]["checkpoint"]
    for wanted in (
        "Proof of consent Contact",
        "alice@example.org",
        "Demo shop",
        pack["record"]["pii_processing"][0]["statement"],
        "Asked for 4 March 2026, 10:30:00 UTC",
        "Confirmed 4 March 2026, 10:31:00 UTC",
        "In force no",
        "Withdrawn 5 March 2026, 10:30:00 UTC",
        PAGE,
        "203.0.113.7",
        "Browser/1",
        "The form as it was shown",
        pack["forms"][0]["button"],
        "Subject Confirm your address",
        "open this page and press the button there:",
        "<1@shop.example.org>",
        *(row["hash"] for row in pack["chain"]["rows"]),
        checkpoint["hash"],
        checkpoint["public_key"],
        "python3 check_proof.py proof.json",
    ):
        assert wanted in said, wanted
    files = pdftext.attached(pdf)
    assert files == {"proof.json": packs.written(pack), "check_proof.py": rendering.CHECKER.read_bytes()}
    assert b"<pdfaid:part>3</pdfaid:part>" in pdf


def test_arabic_is_joined_and_runs_from_right_to_left_whatever_the_papers_language(
    people: SimpleNamespace, now: datetime
) -> None:
    pack = proof(people, now, language="ar", name="ععع")
    (form,) = pack["forms"]
    pdf = rendering.pdf(pack)
    said = pdftext.text(pdf)
    assert "Proof of consent" in said
    # In the file the letters of a line stand as they are drawn, from left to right.
    assert form["button"][::-1] in said
    assert form["title"][::-1] in said
    # The letter has a form of its own at the beginning, in the middle and at the end of a word.
    fonts = [pdftext.glyphs(pdf, body) for body in pdftext.objects(pdf).values() if b"/ToUnicode" in body]
    assert max(list(font.values()).count("ع") for font in fonts) >= 3
    with i18n.speaking("ar"):
        paper = page.Paper("", "")
    assert paper.rtl


def test_what_a_stranger_typed_stays_text_and_goes_into_no_log(
    people: SimpleNamespace, now: datetime, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    hostile = "{nb} <b>x</b> **y** \\(\\)/Tj → \u202egnp.exe 王 \ue000"
    said = printed(proof(people, now, name=hostile))
    assert "{nb} <b>x</b> **y** \\(\\)/Tj → [U+202E]gnp.exe [U+738B] [U+E000]" in said
    assert not [record for record in caplog.records if record.name.startswith(("fpdf", "fontTools"))]


@settings(max_examples=40)
@given(st.text(max_size=40))
def test_nothing_is_shown_that_nobody_can_see(text: str) -> None:
    known = frozenset().union(*map(page.characters, (page.SANS, page.ARABIC, page.MONO)))
    assert all(char == "\n" or char in known for char in page.shown(text))
    assert not {"\u202e", "\u2066", "\x00", "\ue000"} & set(page.shown(text))


@settings(max_examples=40)
@given(line=st.text("ab c", max_size=60), width=st.integers(1, 12))
def test_lines_fit_and_lose_nothing_but_blanks(line: str, width: int) -> None:
    parts = page.fitted(line, width, len)
    assert all(len(part) <= width for part in parts)
    assert "".join(parts).replace(" ", "") == line.replace(" ", "")


def test_a_proof_of_much_is_made_in_under_two_seconds(people: SimpleNamespace, now: datetime) -> None:
    form = db.write(make_form, now, people.site)
    contact = db.write(agree, now, site=people.site, form=form, name="Anna " * 20)
    often = [
        ledger.Row("changed", contact.public_id, {"what": {"name": f"Anna {n}"}, "method": "preferences"})
        for n in range(400)
    ]
    db.write(ledger.append_many, now, people.site.id, often)
    began = time.thread_time()
    pack = db.write(packs.build, now, site=people.site, contact=contact, public_url=PUBLIC_URL)
    pack["forms"][0]["fields"][0] |= {"type": "textarea", "given": "Long and longer words.\n" * 100}
    pack["events"][1]["email_text"] = "A line of the mail that everybody gets who asks for it.\n" * 100
    said = pdftext.text(rendering.pdf(pack))
    assert time.thread_time() - began < 2
    assert said.count("Proof of consent ·") >= 8
    assert "370 older events stand in the attached proof.json alone." in said
    assert "Confirmed: newsletter" in said


def test_changes_answers_to_being_asked_again_and_imports_are_told(people: SimpleNamespace, now: datetime) -> None:
    proof(people, now)
    contact = db.write(lambda session: session.get_one(Contact, 1))
    agreed = {"purpose": "calls", "statement": "You may call me.", "statement_version": "2-x"}
    asked = {"purpose": "calls", "statement": "You may call me.", "version": "2-x", "email_public_id": "eml_2"}
    db.write(
        consent.changed, now, contact=contact, what={"channel": {"from": "mail", "to": None}}, method="preferences"
    )
    db.write(consent.asked_again, now, contact=contact, **asked)
    mail = {"email_public_id": "eml_2", "email_subject": "May we call?", "email_text": "Press yes.\n"}
    answer = {"action": "grant", "method": "re_permission", "requested_at": now}
    db.write(consent.record, now + timedelta(hours=1), contact=contact, **agreed, **mail, **answer)
    said = {"statement": "I want news.", "method": "import", "source": "Fair", "collected": "2019-05-01"}
    evidence = {"evidence": {"name": "cards.pdf", "sha256": "ab" * 32}}
    row = ledger.Row("imported", contact.public_id, said | evidence, purpose="news", version="paper")
    db.write(ledger.append_many, now, people.site.id, [row])
    pack = db.write(packs.build, now, site=people.site, contact=contact, public_url=PUBLIC_URL)
    assert [one["purpose"] for one in pack["record"]["pii_processing"]] == ["newsletter", "calls", "news"]
    assert pack["record"]["pii_processing"][1]["rows"] == [5, 6]
    text = " ".join(printed(pack).split())
    for wanted in (
        "channel from mail to –",
        "agreed by the answer to the mail that asked again, to these words: You may call me.",
        "Subject May we call?",
        "given elsewhere and imported on 4 March 2026",
        "Where it comes from Fair Collected 2019-05-01",
        "Evidence cards.pdf, SHA-256 abab",
    ):
        assert wanted in text, wanted


def test_what_was_erased_is_said_to_be(people: SimpleNamespace, now: datetime) -> None:
    form = db.write(make_form, now, people.site)
    contact = db.write(agree, now, site=people.site, form=form)
    db.write(consent.erase_traces, now + timedelta(days=2), site_id=people.site.id, before=now + timedelta(days=1))
    pack = db.write(packs.build, now + timedelta(days=3), site=people.site, contact=contact, public_url=PUBLIC_URL)
    said = printed(pack)
    assert "IP address and browser were erased; their hash still stands in the chain." in said
    assert "203.0.113.7" not in said
