"""The pack that proves what one contact agreed to: whole, true to what was shown, and checked without us."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, update

from leadcapture import addresses, clock, db
from leadcapture.consent import keys, ledger, rules
from leadcapture.consent import operations as consent
from leadcapture.contacts import operations as contacts
from leadcapture.contacts.models import Contact
from leadcapture.errors import NotFound
from leadcapture.forms.models import FormVersion, Submission
from leadcapture.privacy.erasing import erase
from leadcapture.privacy.proof import check_proof
from leadcapture.privacy.proof import pack as packs
from leadcapture.sites.models import Site
from tests.forms.test_ledger_of_a_submission import hand_over

from .proven import MAIL, PAGE, PUBLIC_URL, agree, make_form

CHECKER = Path(check_proof.__file__)


@pytest.fixture
def proven(people: SimpleNamespace, now: datetime) -> SimpleNamespace:
    """alice has agreed to the newsletter of the site by its form; `pack()` is the proof of it."""
    form = db.write(make_form, now, people.site)
    contact = db.write(agree, now, site=people.site, form=form)

    def pack(at: datetime = now + timedelta(days=1), who: Contact = contact) -> dict[str, Any]:
        return db.write(packs.build, at, site=people.site, contact=who, public_url=PUBLIC_URL)

    return SimpleNamespace(site=people.site, form=form, contact=contact, pack=pack)


def checked(pack: Any, folder: Path, *arguments: str) -> tuple[int, str]:
    """What the checker says of the pack when it is run bare: without site packages, the environment, or this folder."""
    (folder / "proof.json").write_bytes(pack if isinstance(pack, bytes) else packs.written(pack))
    (folder / "check_proof.py").write_bytes(CHECKER.read_bytes())
    done = subprocess.run(
        [sys.executable, "-I", "-S", "check_proof.py", "proof.json", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=30,
        env={"PYTHONIOENCODING": "utf-8"},
    )
    return done.returncode, done.stdout + done.stderr


def wrong(pack: Any) -> list[str]:
    """What the checker finds wrong."""
    return [what for holds, what in check_proof.checks(json.loads(packs.written(pack))) if not holds]


# ---- what is in it ---------------------------------------------------------------------------------------------------


def test_a_pack_tells_statement_form_mail_times_and_page(proven: SimpleNamespace, now: datetime) -> None:
    pack = proven.pack()
    (agreed,) = pack["record"]["pii_processing"]
    assert (agreed["purpose"], agreed["holds"], agreed["withdrawn"]) == ("newsletter", True, None)
    assert "newsletter" in agreed["statement"]
    assert agreed["version"].startswith("1")
    assert agreed["given"]["page_url"] == PAGE
    assert agreed["given"]["requested_at"] == rules.moment(now)
    assert agreed["given"]["mailed_at"] == [rules.moment(now + timedelta(seconds=2))]
    assert agreed["given"]["at"] == rules.moment(now + timedelta(minutes=1))
    assert agreed["rows"] == [1, 2, 3]
    mail = pack["events"][1]
    assert (mail["email_subject"], mail["email_text"], mail["message_id"]) == (
        "Confirm your address",
        MAIL,
        "<1@shop.example.org>",
    )
    assert {one["party_role"]: one["party_name"] for one in pack["record"]["party_identification"]} == {
        "PII controller": "Demo shop",
        "PII principal": "Alice",
        "PII processor": "LeadCapture",
    }
    assert [one["event_state"] for one in pack["record"]["events"]] == ["requested", "requested", "given"]
    assert pack["record"]["schema_version"] == "ISO/IEC TS 27560:2023"


def test_who_came_by_the_real_form_has_the_same_proof(visitor, confirm, forms, people: SimpleNamespace) -> None:
    visitor.send(name="Alice", page_url=PAGE)
    email = hand_over()
    confirm("alice@example.org")
    with db.read() as session:
        contact = session.scalars(select(Contact)).one()
    pack = db.write(packs.build, clock.now(), site=people.site, contact=contact, public_url=PUBLIC_URL)
    assert [one["event"] for one in pack["events"]] == ["requested", "mailed", "confirmed"]
    assert (pack["events"][1]["email_text"], pack["events"][1]["message_id"]) == (email.text, email.message_id)
    (shown,) = pack["forms"]
    assert (shown["requested"], shown["slug"], shown["answers_kept"]) == (1, "subscription", True)
    assert {one["name"]: one["given"] for one in shown["fields"]} == {"name": "Alice", "email": "alice@example.org"}
    assert [(one["agreed"], one["rows"]) for one in shown["statements"]] == [(True, [3])]
    assert not wrong(pack)


def test_the_form_stands_in_it_as_it_was_shown_and_filled(people: SimpleNamespace, now: datetime) -> None:
    questions = [
        {"id": "tea", "type": "radio", "label": {"en": "Tea or coffee?"}, "options": {"en": "Tea\nCoffee"}},
        {
            "id": "which",
            "type": "text",
            "label": {"en": "Which one?"},
            "show_if": "field_tea",
            "show_value": "Coffee",
        },
    ]
    form = db.write(make_form, now, people.site, fields=questions, newsletter=True)
    contact = db.write(agree, now, site=people.site, form=form, field_tea="1")
    (shown,) = db.write(packs.build, now, site=people.site, contact=contact, public_url=PUBLIC_URL)["forms"]
    assert (shown["slug"], shown["version"], shown["language"], shown["dir"]) == ("news", 1, "en", "ltr")
    fields = {one["name"]: one for one in shown["fields"]}
    assert fields["email"]["given"] == "alice@example.org"
    assert (fields["field_tea"]["chosen"], fields["field_tea"]["given"]) == (["1"], "Tea")
    assert [one["label"] for one in fields["field_tea"]["options"]] == ["Tea", "Coffee"]
    assert fields["field_which"]["shown"] is False
    (statement,) = shown["statements"]
    assert (statement["agreed"], statement["box"], statement["rows"]) == (True, True, [3])


def test_words_that_were_agreed_to_stay_when_the_site_is_renamed(proven: SimpleNamespace) -> None:
    before = proven.pack()["forms"][0]["statements"][0]["statement"]
    assert "Demo shop" in before
    db.write(lambda session: session.execute(update(Site).values(name="Renamed")))
    with db.read() as session:
        site = session.get_one(Site, proven.site.id)
    pack = db.write(packs.build, site.created_at, site=site, contact=proven.contact, public_url=PUBLIC_URL)
    assert pack["forms"][0]["statements"][0]["statement"] == before
    assert not wrong(pack)


def test_a_form_of_which_no_version_is_kept_still_shows_the_words(proven: SimpleNamespace) -> None:
    db.write(lambda session: session.execute(delete(FormVersion)))
    (shown,) = proven.pack()["forms"]
    assert shown["title"] is None
    assert "newsletter" in shown["statements"][0]["statement"]


def test_arabic_is_as_it_was_written(people: SimpleNamespace, now: datetime) -> None:
    form = db.write(make_form, now, people.site)
    contact = db.write(agree, now, site=people.site, form=form, language="ar", name="أليس")
    pack = db.write(packs.build, now, site=people.site, contact=contact, public_url=PUBLIC_URL)
    assert pack["forms"][0]["dir"] == "rtl"
    assert "أليس" in packs.written(pack).decode()
    assert not wrong(pack)


def test_a_withdrawal_is_part_of_the_proof(proven: SimpleNamespace, now: datetime) -> None:
    gone_at = now + timedelta(days=2)
    db.write(consent.withdraw, gone_at, contact=proven.contact, method="one_click", ip="203.0.113.9")
    pack = proven.pack(now + timedelta(days=3))
    (agreed,) = pack["record"]["pii_processing"]
    assert agreed["holds"] is False
    assert agreed["withdrawn"] == {"at": rules.moment(gone_at), "method": "one_click"}
    assert agreed["rows"] == [1, 2, 3, 4]
    assert not wrong(pack)


def test_an_imported_contact_has_no_mail_and_says_where_it_came_from(people: SimpleNamespace, now: datetime) -> None:
    def bring(session: Any) -> Contact:
        contact = contacts.upsert_confirmed(
            session,
            now,
            site_id=people.site.id,
            address=addresses.parse("erin@example.org"),
            name="Erin",
            phone="",
            language="en",
            source="import",
        )
        consent.record(
            session,
            now,
            contact=contact,
            action="grant",
            event="imported",
            purpose="newsletter",
            method="import",
            statement="I want the shop's news.",
            statement_version="paper-2019",
        )
        return contact

    contact = db.write(bring)
    pack = db.write(packs.build, now, site=people.site, contact=contact, public_url=PUBLIC_URL)
    (agreed,) = pack["record"]["pii_processing"]
    assert (agreed["given"]["event"], agreed["collection_method"], agreed["given"]["mailed_at"]) == (
        "imported",
        "import",
        [],
    )
    assert pack["forms"] == []
    assert not wrong(pack)


# ---- checking it without us ------------------------------------------------------------------------------------------


def test_an_exported_pack_holds_for_plain_python(proven: SimpleNamespace, tmp_path: Path) -> None:
    pack = proven.pack()
    code, said = checked(pack, tmp_path)
    assert code == 0, said
    assert "WRONG" not in said
    assert "the checkpoint at row 3" in said
    assert checked(pack, tmp_path, pack["seal"]["public_key"])[0] == 0
    code, said = checked(pack, tmp_path, "0" * 64)
    assert code == 1
    assert "WRONG this is the key that you gave" in said


def test_what_is_no_pack_is_refused_in_words(tmp_path: Path) -> None:
    file, said = tmp_path / "proof.json", list[str]()
    for content in (b"{", b"[]", b"{}", b"\xff", b'{"format": 1, "format": 2}', b"null", b"[" * 100_000):
        file.write_bytes(content)
        assert check_proof.main([str(file)], said.append) == 1
    assert check_proof.main([str(tmp_path / "nothing.json")], said.append) == 1
    assert all(line.startswith("WRONG") for line in said)
    assert check_proof.main([], said.append) == 2


def test_a_forged_pack_cannot_write_lines_of_its_own(proven: SimpleNamespace, tmp_path: Path) -> None:
    file, said = tmp_path / "proof.json", list[str]()
    file.write_bytes(packs.written({**proven.pack(), "made_at": "now\nok    all of it\x1b[2J"}))
    assert check_proof.main([str(file)], said.append) == 1
    assert all(line.isprintable() for line in said)


def test_who_was_erased_meanwhile_has_no_proof(proven: SimpleNamespace) -> None:
    db.write(erase, proven.site.created_at, contact=proven.contact, reason="person")
    with pytest.raises(NotFound):
        proven.pack()


def test_a_stretch_of_the_chain_holds_other_peoples_leaves_and_nothing_else_of_them(
    proven: SimpleNamespace, now: datetime
) -> None:
    db.write(agree, now + timedelta(hours=1), site=proven.site, form=proven.form, email="erin@example.org", name="Erin")
    pack = proven.pack()
    assert [row["seq"] for row in pack["chain"]["rows"]] == [1, 2, 3]
    assert len(pack["chain"]["segments"][0]["leaves"]) == 6
    assert "erin" not in packs.written(pack).decode().lower()
    assert not wrong(pack)


def test_rows_far_apart_lead_to_checkpoints_of_their_own(proven: SimpleNamespace, now: datetime) -> None:
    proven.pack()  # signs rows 1 to 3
    noise = [ledger.Row("changed", "con_other", {"n": number}) for number in range(40)]
    db.write(ledger.append_many, now + timedelta(days=2), proven.site.id, noise)
    db.write(consent.withdraw, now + timedelta(days=3), contact=proven.contact, method="preferences")
    chain = proven.pack(now + timedelta(days=4))["chain"]
    assert [(one["first"], one["checkpoint"]["seq"], len(one["leaves"])) for one in chain["segments"]] == [
        (1, 3, 3),
        (44, 44, 1),
    ]


def test_erased_traces_leave_a_proof_that_holds(proven: SimpleNamespace, now: datetime, tmp_path: Path) -> None:
    db.write(consent.erase_traces, now + timedelta(days=2), site_id=proven.site.id, before=now + timedelta(days=1))
    pack = proven.pack(now + timedelta(days=3))
    assert "203.0.113.7" not in packs.written(pack).decode()
    code, said = checked(pack, tmp_path)
    assert code == 0, said
    assert "the trace of row 1 is gone, and an erasure in the ledger says so" in said
    without = copy.deepcopy(pack)
    without["chain"]["rows"] = [row for row in pack["chain"]["rows"] if row["event"] != "erased"]
    without["events"] = [one for one in pack["events"] if one["event"] != "erased"]
    assert "the trace of row 1 is gone, and an erasure in the ledger says so" in wrong(resealed(without))


def test_answers_that_were_deleted_are_said_to_be_gone(proven: SimpleNamespace) -> None:
    db.write(lambda session: session.execute(delete(Submission)))
    pack = proven.pack()
    assert pack["forms"][0]["answers_kept"] is False
    assert pack["forms"][0]["fields"][0]["given"] is None
    assert not wrong(pack)


def resealed(pack: dict[str, Any]) -> dict[str, Any]:
    """The pack with the seal that the service itself would put on it: what the ledger says must hold on its own."""
    digests = {part: rules.digest(rules.canonical(pack[part])) for part in check_proof.PARTS}
    text = rules.canonical({"format": pack["format"], "made_at": pack["made_at"], "digests": digests})
    public_key, signature = keys.sign(text)
    return {**pack, "seal": {"digests": digests, "public_key": public_key, "signature": signature}}


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The ways to everything in the pack that is no list and no object."""
    if isinstance(value, dict):
        return [found for name, one in value.items() for found in places(one, (*path, name))]
    if isinstance(value, list):
        return [found for number, one in enumerate(value) for found in places(one, (*path, number))]
    return [path]


def other(value: Any, at: int) -> Any:
    """The value with one byte changed."""
    if isinstance(value, str) and value:
        place = at % len(value)
        return value[:place] + ("0" if value[place] != "0" else "1") + value[place + 1 :]
    return {None: "x", True: False, False: True, "": "x"}.get(value, 1) if not isinstance(value, int) else value + 1


def changed(pack: dict[str, Any], path: tuple[Any, ...], at: int) -> dict[str, Any]:
    found = copy.deepcopy(pack)
    inner: Any = found
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = (not inner[path[-1]]) if isinstance(inner[path[-1]], bool) else other(inner[path[-1]], at)
    return found


def test_any_byte_changed_in_a_pack_is_found_and_its_part_is_named(proven: SimpleNamespace, tmp_path: Path) -> None:
    pack = json.loads(packs.written(proven.pack()))
    everywhere = places(pack)

    @settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
    @given(path=st.sampled_from(everywhere), at=st.integers(0, 500))
    def flip(path: tuple[Any, ...], at: int) -> None:
        file = tmp_path / "changed.json"
        file.write_bytes(packs.written(changed(pack, path, at)))
        said: list[str] = []
        assert check_proof.main([str(file)], said.append) == 1, path
        problems = "\n".join(line for line in said if line.startswith("WRONG"))
        assert {"format": "seal", "made_at": "seal"}.get(path[0], str(path[0])) in problems

    flip()


def test_the_ledgers_rows_hold_against_who_could_seal_the_pack_anew(proven: SimpleNamespace) -> None:
    """Even the service itself cannot change what a signed checkpoint covers."""
    pack = proven.pack()
    for name in pack["chain"]["rows"][2]:
        found = wrong(resealed(changed(pack, ("chain", "rows", 2, name), 30)))
        assert any("row 3" in what for what in found), (name, found)
    moved = copy.deepcopy(pack)
    first = moved["chain"]["rows"][0]
    first["body"], first["body_salt"] = first["body_salt"][-1] + first["body"], first["body_salt"][:-1]
    with pytest.raises(ValueError, match="hexadecimal"):
        wrong(resealed(moved))
    said = copy.deepcopy(pack)
    said["forms"][0]["statements"][0]["statement"] += " And anything else."
    assert any("word for word" in what for what in wrong(resealed(said)))
    told = copy.deepcopy(pack)
    told["events"][0]["page_url"] = "https://elsewhere.example.org/"
    assert any("what is told of event 1" in what for what in wrong(resealed(told)))


# ---- Ed25519 ---------------------------------------------------------------------------------------------------------

# RFC 8032, 7.1: public key, message, signature.
VECTORS = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
]


@pytest.mark.parametrize(("key", "message", "signature"), VECTORS)
def test_signatures_of_the_rfc_hold_and_changed_ones_do_not(key: str, message: str, signature: str) -> None:
    public, text, signed = bytes.fromhex(key), bytes.fromhex(message), bytes.fromhex(signature)
    assert check_proof.signed_by(public, text, signed)
    assert not check_proof.signed_by(public, text + b"x", signed)
    assert not check_proof.signed_by(public, text, bytes([signed[0] ^ 1]) + signed[1:])
    # S and S + L are the same number to who does not look: one of the two must not count (RFC 8032, 5.1.7).
    twice = int.from_bytes(signed[32:], "little") + check_proof.ORDER
    assert not check_proof.signed_by(public, text, signed[:32] + twice.to_bytes(32, "little"))


@settings(max_examples=8, deadline=None)
@given(seed=st.binary(min_size=32, max_size=32), message=st.binary(max_size=200))
def test_signatures_agree_with_cryptography(seed: bytes, message: bytes) -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.from_private_bytes(seed)
    assert check_proof.signed_by(key.public_key().public_bytes_raw(), message, key.sign(message))
