"""Who registers becomes a member, has a page, and can prove it to the site, for as long as the membership stands."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import gevent
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from leadcapture import clock, db, signing
from leadcapture.consent import operations as consent
from leadcapture.contacts.models import Contact
from leadcapture.errors import BadToken, Invalid
from leadcapture.forms import kinds, operations
from leadcapture.forms.kinds.registration import operations as members
from leadcapture.forms.kinds.registration import rules
from leadcapture.forms.kinds.registration.models import Member
from leadcapture.mail import caps
from leadcapture.settings import Settings
from leadcapture.sites import operations as sites
from tests.conftest import add_people
from tests.consent.spoken import spoken

NOW = datetime(2026, 3, 4, 10, 30, tzinfo=UTC)
HOME = "https://shop.example.org/club?from=mail"
EVIL = "=1+1<script>alert(1)</script>"
PERKS = [
    {"id": "a", "title": {"en": EVIL}, "text": {"en": "<b>bold</b>"}, "link": "javascript:alert(1)", "code": "CLUB10"},
    {"id": "b", "title": {"en": "Early"}, "text": {}, "link": "https://shop.example.org/early", "code": ""},
]


@pytest.fixture
def club(make_form):
    return make_form("registration", return_url=HOME, numbered=True, perks=PERKS)


@pytest.fixture
def join(club, visitor, confirm, letters):
    """Registers somebody by the widget and returns the path of their member page."""

    def register(email: str = "erin@example.net", **fields: Any) -> str:
        assert visitor.send("registration", email=email, **fields).status_code == 202
        assert confirm(email).status_code == 200
        return page_in(letters(email)[-1].text)

    return register


def page_in(text: str) -> str:
    found = re.search(r"http://\S+(/f/\S+/member/\S+)", text)
    assert found
    return found[1]


@pytest.fixture
def check(client, people):
    """Asks the API about a proof, as a program of the site (or of the other one)."""
    tokens = {
        site: db.write(sites.create_token, clock.now(), site_id=getattr(people, site).id, name="shop")[1]
        for site in ("site", "other_site")
    }

    def ask(proof: str, site: str = "site") -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {tokens[site]}"}
        answer = client.get("/api/v1/members/check", query_string={"token": proof}, headers=headers)
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "no-store"
        return answer.json

    return ask


def home_link(page: Any) -> str:
    found = re.search(r'data-lc="link" href="([^"]+)"', page.text)
    return found[1].replace("&amp;", "&") if found else ""


def proof_on(page: Any) -> str:
    return parse_qs(urlsplit(home_link(page)).query)["leadcapture_member"][0]


def all_members() -> list[Member]:
    with db.read() as session:
        return list(session.scalars(select(Member).order_by(Member.number)))


# ---- becoming a member ----------------------------------------------------------------------------------------------


def test_nobody_is_a_member_before_confirming(club, visitor, letters):
    visitor.send("registration", email="erin@example.net")
    assert all_members() == []
    assert letters("erin@example.net") == []


def test_who_confirms_is_a_member_shown_and_mailed_the_way_to_the_page(club, visitor, confirm, letters):
    sent = visitor.send("registration", email="erin@example.net", name="Erin")
    confirm("erin@example.net")
    result = visitor.state(sent).json["result"]
    (mail,) = letters("erin@example.net")
    assert result["title"] == "You are a member"
    assert result["rows"] == [{"label": "Member number", "value": "1"}]
    assert result["links"][0]["url"] in mail.text
    assert [one.purpose for one in spoken()] == ["membership"]


def test_the_page_shows_what_members_get_and_runs_nothing_of_it(join, client):
    page = client.get(join(name=EVIL))
    assert page.status_code == 200
    assert "CLUB10" in page.text
    assert "https://shop.example.org/early" in page.text
    assert "<script>alert" not in page.text
    assert "<b>" not in page.text
    assert "javascript:" not in page.text
    assert (page.headers["Referrer-Policy"], page.headers["Cache-Control"]) == ("no-referrer", "no-store")


def test_questions_of_the_owner_are_asked_and_a_box_can_be_the_way_to_agree(make_form, visitor, confirm):
    question = {"id": "q", "type": "text", "label": {"en": "Favourite chair"}, "required": True}
    make_form("registration", slug="box", agreeing="box", fields=[question], ask_name=False)
    described = visitor.describe("box").json
    assert [field["name"] for field in described["fields"]] == ["email", "field_q"]
    assert described["consents"][0]["purpose"] == "membership"
    refused = visitor.send("box", email="erin@example.net")
    assert set(refused.json["error"]["fields"]) == {"field_q", "consent"}
    assert visitor.send("box", email="erin@example.net", field_q="Oak", consent="on").status_code == 202
    confirm("erin@example.net")
    assert len(all_members()) == 1


def test_numbers_follow_one_another_also_when_many_confirm_at_once(either_database, now):
    people = db.write(add_people, now)

    def make(session: Any) -> tuple[int, list[int]]:
        form = operations.create(session, now, site_id=people.site.id, kind="registration")
        found = []
        for number in range(12):
            email = f"person{number}@example.net"
            contact = Contact(
                public_id=f"con_{number}", site_id=people.site.id, email=email, email_key=email,
                confirmed_at=now, active_at=now, created_at=now, updated_at=now,
            )  # fmt: skip
            session.add(contact)
            session.flush()
            found.append(contact.id)
        return form.id, found

    form_id, contacts = db.write(make)

    def become(contact_id: int) -> None:
        db.write(members.join, now, form_id=form_id, contact_id=contact_id, language="en")

    if either_database.sqlite:
        gevent.joinall([gevent.spawn(become, one) for one in contacts * 2], raise_error=True)
    else:
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(become, contacts * 2))
    assert [member.number for member in all_members()] == list(range(1, 13))


# ---- proving it -----------------------------------------------------------------------------------------------------


def test_the_page_leads_to_the_site_with_a_proof_that_its_program_can_check(join, client, check):
    page = client.get(join(name="Erin"))
    link = home_link(page)
    assert link.startswith("https://shop.example.org/club?from=mail&leadcapture_member=")
    (member,) = all_members()
    answer = check(proof_on(page))
    assert answer.pop("until") > clock.wire(clock.now() + timedelta(days=29))
    assert answer == {
        "member": True,
        "id": member.public_id,
        "since": clock.wire(member.since),
        "form": "registration",
        "name": "Erin",
        "number": 1,
    }


def test_a_check_needs_a_token_and_charlies_own_finds_nobody(join, client, check):
    proof = proof_on(client.get(join()))
    for headers in ({}, {"Authorization": "Bearer lc_nonsense"}, {"Authorization": "Basic eDp5"}):
        answer = client.get("/api/v1/members/check", query_string={"token": proof}, headers=headers)
        assert (answer.status_code, answer.json["error"]["code"]) == (401, "unauthorized")
    assert check(proof, "other_site") == {"member": False, "reason": "unknown"}
    assert check(proof)["member"] is True


def test_only_a_proof_proves(join, client, check, people):
    page = join()
    proof = proof_on(client.get(page))
    (member,) = all_members()
    for forged in (
        "",
        "x",
        f"{proof}x",
        page.rsplit("/", 1)[1],
        signing.sign("seat", rules.proof_text("mem_x", NOW, 1)),
    ):
        assert check(forged) == {"member": False, "reason": "unknown"}
    old = signing.sign("member", rules.proof_text(member.public_id, clock.now() - timedelta(days=31), 30))
    assert check(old) == {"member": False, "reason": "expired"}
    shown_to_the_site = f"/f/{people.site.key}/registration/member/{proof}"
    assert client.get(shown_to_the_site).status_code == 404, "whoever is shown a proof must not get to the page"


def test_leaving_ends_it_at_once_and_withdraws_the_consent(join, client, check):
    page = join()
    proof = proof_on(client.get(page))
    assert client.get(page).status_code == 200, "looking ends nothing"
    assert client.post(page).status_code == 410
    assert client.post(page).status_code == 410, "again is the same"
    assert "CLUB10" not in client.get(page).text
    assert check(proof) == {"member": False, "reason": "ended"}
    assert [one.action for one in spoken()] == ["grant", "withdraw"]


def test_who_left_comes_back_by_registering_again_with_the_same_number(join, client, check):
    page = join()
    join("dora@example.net")
    client.post(page)
    again = join()
    assert [member.number for member in all_members()] == [1, 2]
    assert check(proof_on(client.get(again)))["member"] is True


def test_withdrawing_or_erasing_ends_it_too(join, client, check):
    page = join()
    proof = proof_on(client.get(page))
    with db.read() as session:
        contact = session.scalars(select(Contact)).one()
    db.write(consent.withdraw, clock.now(), contact=contact, method="preferences", purpose="membership")
    assert check(proof) == {"member": False, "reason": "withdrawn"}
    assert client.get(page).status_code == 410
    db.write(kinds.by_name("registration").forget, clock.now(), contact.id)
    assert check(proof) == {"member": False, "reason": "unknown"}
    assert client.get(page).status_code == 404


def test_leaving_the_newsletter_leaves_the_membership(club, make_form, visitor, confirm, letters, client, check):
    make_form("registration", slug="both", newsletter=True, return_url=HOME)
    visitor.send("both", email="erin@example.net", consent="newsletter")
    confirm("erin@example.net")
    page = page_in(letters("erin@example.net")[-1].text)
    with db.read() as session:
        contact = session.scalars(select(Contact)).one()
    db.write(consent.withdraw, clock.now(), contact=contact, method="preferences", purpose="newsletter")
    assert check(proof_on(client.get(page)))["member"] is True


# ---- the way to the site --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example.org/",
        "https://shop.example.org@evil.example.org/",
        "https://shop.example.org.evil.example.org/",
        "http://shop.example.org/",
        "//shop.example.org/",
        "javascript:alert(1)",
    ],
)
def test_a_proof_is_never_taken_to_somebody_elses_site(url, people, club, join, client):
    assert not rules.leads_home(url, people.site.allowed_origins)
    with pytest.raises(Invalid) as refused:
        db.write(operations.update, NOW, site_id=people.site.id, public_id=club.public_id, values={"return_url": url})
    assert "return_url" in refused.value.fields


def test_an_origin_that_is_allowed_no_more_takes_the_way_off_the_page(club, join, client, people):
    page = join()

    def move(session: Any) -> None:
        from leadcapture.sites import queries

        queries.by_id(session, people.site.id).allowed_origins = ["https://new.example.org"]

    db.write(move)
    assert home_link(client.get(page)) == ""


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=60), st.integers(1, 365))
def test_what_is_no_proof_is_read_as_none(text, days):
    proof = rules.read_proof(rules.proof_text("mem_x", NOW, days))
    assert (proof.member, proof.until) == ("mem_x", NOW + timedelta(days=days))
    for other in (text, rules.page_text(text)):
        with pytest.raises(BadToken):
            rules.read_proof(other)
    with pytest.raises(BadToken):
        rules.read_page(rules.proof_text("mem_x", NOW, days))


# ---- a lost link ----------------------------------------------------------------------------------------------------


def test_a_lost_link_is_mailed_again_and_the_answer_never_tells_who_is_a_member(join, client, letters, people):
    page = join()
    address = f"/f/{people.site.key}/registration/member"
    assert f'href="{address}?lang=en"' in client.get(f"/f/{people.site.key}/registration").text
    assert client.get(address).status_code == 200
    member, stranger = (client.post(address, data={"email": f"{name}@example.net"}) for name in ("erin", "dora"))
    assert (member.status_code, stranger.status_code) == (200, 200)
    assert member.text.replace("erin@", "dora@") == stranger.text
    assert page_in(letters("erin@example.net")[-1].text) == page
    assert len(letters("erin@example.net")) == 2
    assert letters("dora@example.net") == []
    client.post(page)
    client.post(address, data={"email": "erin@example.net"})
    assert len(letters("erin@example.net")) == 2, "who has left gets none"


def test_an_address_is_not_flooded_and_a_wrong_one_is_said(join, client, letters, people):
    join()
    caps.configure(Settings({"MAIL_PER_ADDRESS": "1/hour;3/day"}))
    address = f"/f/{people.site.key}/registration/member"
    answers = {client.post(address, data={"email": "erin@example.net"}).data for _ in range(8)}
    assert len(answers) == 1
    assert len(letters("erin@example.net")) == 1 + 2, "the confirmation and two links, beside the welcome"
    wrong = client.post(address, data={"email": "no address<b>"})
    assert wrong.status_code == 422
    assert "no address&lt;b&gt;" in wrong.text


# ---- the owner's page -----------------------------------------------------------------------------------------------


def test_the_owner_ends_a_membership_and_takes_somebody_back(club, join, signed_in, client, check, visitor, confirm):
    proof = proof_on(client.get(join(name=EVIL)))
    alice, path = signed_in("alice"), f"/console/forms/{club.public_id}/members"
    (member,) = all_members()
    page = alice.get(path)
    assert page.status_code == 200
    assert "<script>alert" not in page.text
    alice.post(f"{path}/{member.public_id}/end")
    assert check(proof) == {"member": False, "reason": "ended"}
    # Whom the owner has sent away stays away, also by registering again.
    visitor.send("registration", email="erin@example.net")
    assert "has ended your membership" in confirm("erin@example.net").text
    assert check(proof)["member"] is False
    alice.post(f"{path}/{member.public_id}/restore")
    assert check(proof)["member"] is True


def test_the_owner_cannot_bring_back_who_has_left(club, join, signed_in, client, check):
    page = join()
    proof = proof_on(client.get(page))
    client.post(page)
    alice, path = signed_in("alice"), f"/console/forms/{club.public_id}/members"
    answer = alice.post(f"{path}/{all_members()[0].public_id}/restore", follow_redirects=True)
    assert "can come back only by registering again" in answer.text
    assert check(proof)["member"] is False


def test_the_file_of_members_runs_no_formula(club, join, signed_in):
    join(name=EVIL)
    answer = signed_in("alice").get(f"/console/forms/{club.public_id}/members.csv")
    (line,) = csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff")))
    assert (line["email"], line["name"], line["state"]) == ("erin@example.net", f"'{EVIL}", "member")


def test_bob_may_not_and_charlie_finds_nothing(club, join, signed_in, make_form):
    join()
    member, base = all_members()[0].public_id, f"/console/forms/{club.public_id}/members"
    for name, status in (("bob", 403), ("charlie", 404)):
        browser = signed_in(name)
        assert browser.get(base).status_code == status
        assert browser.get(f"{base}.csv").status_code == status
        assert browser.post(f"{base}/{member}/end").status_code == status
        assert browser.post(f"{base}/{member}/restore").status_code == status
    other = make_form("registration", slug="another")
    assert signed_in("alice").post(f"/console/forms/{other.public_id}/members/{member}/end").status_code == 404
    assert all_members()[0].ended_at is None


def test_a_list_of_many_members_goes_on_a_page_later(club, people, now, signed_in):
    def fill(session: Any) -> None:
        for number in range(1, 54):
            email = f"person{number}@example.net"
            contact = Contact(
                public_id=f"con_{number}", site_id=people.site.id, email=email, email_key=email,
                confirmed_at=now, active_at=now, created_at=now, updated_at=now,
            )  # fmt: skip
            session.add(contact)
            session.flush()
            members.join(session, now, form_id=club.id, contact_id=contact.id, language="en")

    db.write(fill)
    alice, path = signed_in("alice"), f"/console/forms/{club.public_id}/members"
    first = alice.get(path).text
    assert "person53@" in first
    assert "person3@" not in first
    assert f"{path}?before=4" in first
    assert "person3@" in alice.get(f"{path}?before=4").text
