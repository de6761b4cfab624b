"""Signing in and out, and what ends a session."""

from __future__ import annotations

import re
from datetime import datetime
from types import SimpleNamespace

import pytest
from argon2 import PasswordHasher
from sqlalchemy import update

from leadcapture import db
from leadcapture.operators import operations, presence, queries
from leadcapture.operators.models import Operator


def test_alice_signs_in_and_lands_in_the_console(somebody) -> None:
    alice = somebody()
    answer = alice.sign_in("alice@example.org")
    assert (answer.status_code, answer.location) == (302, "/console/")
    assert alice.get("/console/contacts").status_code == 200


def test_an_address_is_known_in_whatever_case(somebody) -> None:
    assert somebody().sign_in("Alice@EXAMPLE.org").location == "/console/"


def test_the_cookie_is_for_this_server_and_no_script(somebody) -> None:
    cookie = somebody().sign_in("alice@example.org").headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie


class TestBehindTls:
    @pytest.fixture
    def environ(self, environ: dict[str, str]) -> dict[str, str]:
        return environ | {"LEADCAPTURE_PUBLIC_URL": "https://chat.example.org"}

    def test_the_cookie_travels_by_tls_alone(self, app) -> None:
        answer = app.test_client().get("/console/sign-in")
        assert "Secure" in answer.headers["Set-Cookie"]


def test_an_unknown_address_and_a_wrong_password_get_the_same_answer(somebody) -> None:
    def said(email: str) -> str:
        page = somebody().sign_in(email, "wrong horse").text.replace(email, "")
        return re.sub(r'name="csrf_token" value="[^"]+"', "", page)

    assert said("alice@example.org") == said("nobody@example.org") == said("no address at all")


class TestGuessing:
    @pytest.fixture
    def environ(self, environ: dict[str, str]) -> dict[str, str]:
        return environ | {"LEADCAPTURE_RATE_SIGN_IN": "2/15 minutes"}

    def test_after_too_many_failures_even_the_right_password_must_wait(self, somebody) -> None:
        attacker = somebody()
        for _ in range(2):
            assert attacker.sign_in("alice@example.org", "wrong horse").status_code == 422
        refused = attacker.sign_in("alice@example.org")
        assert refused.status_code == 429
        assert int(refused.headers["Retry-After"]) > 0
        assert "Too many attempts" in refused.text
        assert somebody().sign_in("bob@example.org").status_code == 302

    def test_one_ip_address_cannot_try_many_accounts(self, somebody) -> None:
        attacker = somebody()
        answers = [attacker.sign_in(f"person{n}@example.org", "a guess").status_code for n in range(7)]
        assert answers == [422] * 6 + [429]


def test_a_form_without_its_token_is_refused(somebody) -> None:
    answer = somebody().client.post(
        "/console/sign-in", data={"email": "alice@example.org", "password": "correct horse"}
    )
    assert answer.status_code == 400


def test_what_the_cookie_held_before_a_sign_in_is_gone_after_it(somebody) -> None:
    alice = somebody()
    with alice.client.session_transaction() as cookie:
        cookie["site"] = "planted"
        cookie["anything"] = "planted"
    alice.sign_in("alice@example.org")
    with alice.client.session_transaction() as cookie:
        assert "planted" not in cookie.values()


def test_who_is_not_signed_in_is_led_to_the_sign_in_and_back(somebody) -> None:
    alice = somebody()
    sent_to = alice.get("/console/contacts?search=x").location
    assert sent_to == "/console/sign-in?next=/console/contacts?search%3Dx"
    answer = alice.post(
        "/console/sign-in",
        seen_at=sent_to,
        email="alice@example.org",
        password="correct horse",
        next="/console/contacts?search=x",
    )
    assert answer.location == "/console/contacts?search=x"


def test_the_sign_in_page_sends_nobody_elsewhere(somebody) -> None:
    assert somebody().sign_in("alice@example.org", next="https://evil.example.org/").location == "/console/"


def test_signing_out_ends_the_session_and_the_presence_at_once(
    somebody, people: SimpleNamespace, now: datetime
) -> None:
    alice = somebody()
    alice.sign_in("alice@example.org")
    db.write(presence.connected, now, people.alice.id, "socket", device=device_of(alice))
    assert alice.post("/console/sign-out", seen_at="/console/account").location == "/console/sign-in"
    assert alice.get("/console/account").status_code == 302
    with db.read() as session:
        assert not presence.anyone_available(session, now, people.site.id, 30)
        assert presence.signed_in(session, ["socket"]) == set()


def test_signing_out_on_one_device_leaves_the_other_one_there(somebody, people: SimpleNamespace, now: datetime) -> None:
    laptop, phone = somebody(), somebody()
    for device, socket in ((laptop, "laptop"), (phone, "phone")):
        device.sign_in("alice@example.org")
        db.write(presence.connected, now, people.alice.id, socket, device=device_of(device))
    laptop.post("/console/sign-out", seen_at="/console/account")
    with db.read() as session:
        assert presence.anyone_available(session, now, people.site.id, 30)
        assert presence.signed_in(session, ["laptop", "phone"]) == {"phone"}


def device_of(browser) -> str:
    with browser.client.session_transaction() as cookie:
        return cookie["device"]


def test_a_new_password_signs_out_every_other_browser(somebody) -> None:
    here, elsewhere = somebody("alice"), somebody("alice")
    answer = here.post("/console/account", name="Alice", current="correct horse", password="a better staple")
    assert answer.status_code == 302
    assert here.get("/console/account").status_code == 200
    assert elsewhere.get("/console/account").status_code == 302
    assert somebody().sign_in("alice@example.org").status_code == 422
    assert somebody().sign_in("alice@example.org", "a better staple").status_code == 302


def test_a_new_password_asks_for_the_old_one(somebody) -> None:
    alice = somebody("alice")
    assert alice.post("/console/account", name="Alice", current="wrong", password="a better staple").status_code == 422
    assert somebody().sign_in("alice@example.org").status_code == 302


def test_whoever_is_taken_off_the_team_is_out_at_once(somebody, people: SimpleNamespace) -> None:
    bob = somebody("bob")
    assert bob.get("/console/contacts").status_code == 200
    alice = somebody("alice")
    alice.post(f"/console/team/{people.bob.public_id}/remove", seen_at="/console/team")
    assert bob.get("/console/contacts").location.startswith("/console/sign-in")


def test_an_outdated_hash_is_made_anew_at_the_next_sign_in(somebody, people: SimpleNamespace) -> None:
    old = PasswordHasher(time_cost=1, memory_cost=8192).hash("correct horse")
    db.write(
        lambda session: session.execute(
            update(Operator).where(Operator.id == people.alice.id).values(password_hash=old)
        )
    )
    assert somebody().sign_in("alice@example.org").status_code == 302
    with db.read() as session:
        renewed = queries.by_email(session, "alice@example.org").password_hash
    assert renewed != old
    assert somebody().sign_in("alice@example.org").status_code == 302


def test_pages_of_the_console_are_kept_by_no_cache(somebody) -> None:
    alice = somebody("alice")
    for path in ("/console/contacts", "/console/contacts.csv", "/console/sign-in"):
        assert alice.get(path).headers.get("Cache-Control", "no-store") == "no-store"


class TestSetUp:
    """The first start: nobody is there yet."""

    FIELDS = {
        "name": "Alice",
        "email": "alice@example.org",
        "password": "correct horse",
        "site_name": "Demo shop",
        "site_url": "https://shop.example.org/some/page",
    }

    def test_the_first_owner_makes_an_account_and_a_site_and_is_in(self, browser) -> None:
        alice = browser()
        path = f"/console/set-up/{operations.setup_token()}"
        assert alice.get(path).status_code == 200
        assert alice.post(path, **self.FIELDS).location == "/console/"
        page = alice.get("/console/").text
        assert "/widget/site_" in page
        with db.read() as session:
            operator = queries.by_email(session, "alice@example.org")
            site = operator.memberships[0].site
        assert (operator.memberships[0].role, site.name) == ("owner", "Demo shop")
        assert site.allowed_origins == ["https://shop.example.org"]
        assert site.recipient_verified_at is None

    def test_the_link_is_dead_as_soon_as_there_is_an_operator(self, browser) -> None:
        path = f"/console/set-up/{operations.setup_token()}"
        late = browser()
        late.get(path)
        browser().post(path, **self.FIELDS)
        assert browser().get(path).status_code == 404
        assert (
            late.post(path, seen_at="/console/sign-in", **self.FIELDS | {"email": "charlie@example.org"}).status_code
            == 404
        )
        with db.read() as session:
            assert queries.by_email(session, "charlie@example.org") is None

    def test_a_link_that_was_not_signed_here_opens_nothing(self, browser) -> None:
        assert browser().get("/console/set-up/made-up").status_code == 404

    def test_a_weak_password_is_said_at_its_field_and_nothing_is_made(self, browser) -> None:
        path = f"/console/set-up/{operations.setup_token()}"
        answer = browser().post(path, **self.FIELDS | {"password": "short"})
        assert answer.status_code == 422
        assert "at least 10 characters" in answer.text
        with db.read() as session:
            assert operations.setup_needed(session)
