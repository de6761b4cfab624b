"""The page of API tokens: made, shown once, revoked; for owners alone."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest
from sqlalchemy import select

from leadcapture import clock, db
from leadcapture.operators import operations as operators
from leadcapture.sites import operations
from leadcapture.sites.models import ApiToken

PAGE = "/console/tokens"


def made(page: str) -> str:
    """The token that the page shows."""
    return re.search(r'<code id="new-token"[^>]*>(lc_[\w-]+)</code>', page)[1]


def calls(browser, token: str) -> int:
    """What the API answers a program with that token."""
    headers = {"Authorization": f"Bearer {token}"}
    return browser.client.post("/api/v1/coupons/validate", json={"code": "NONE-1"}, headers=headers).status_code


def test_a_token_is_shown_once_and_only_its_digest_is_kept(somebody, people: SimpleNamespace) -> None:
    alice = somebody("alice")
    token = made(alice.post(PAGE, name="checkout of the shop").text)
    again = alice.get(PAGE).text
    assert "checkout of the shop" in again
    assert token not in again
    with db.read() as session:
        [row] = session.scalars(select(ApiToken))
    assert token not in (row.digest, row.name, row.public_id)
    assert calls(somebody(), token) == 404, "the API knows the token: it is the code that it does not know"


def test_when_it_was_used_last_is_said(somebody, people: SimpleNamespace) -> None:
    alice = somebody("alice")
    token = made(alice.post(PAGE, name="checkout").text)
    assert "never" in alice.get(PAGE).text
    calls(somebody(), token)
    assert "never" not in alice.get(PAGE).text


def test_a_revoked_token_opens_nothing(somebody, people: SimpleNamespace) -> None:
    alice = somebody("alice")
    token = made(alice.post(PAGE, name="checkout").text)
    with db.read() as session:
        public_id = session.scalar(select(ApiToken.public_id))
    assert alice.post(f"{PAGE}/{public_id}/revoke", seen_at=PAGE).location == PAGE
    assert calls(somebody(), token) == 401
    assert "Revoked" in alice.get(PAGE).text


def test_a_token_needs_a_name_and_a_hostile_one_is_only_text(somebody, people: SimpleNamespace) -> None:
    alice = somebody("alice")
    refused = alice.post(PAGE, name="  ")
    assert refused.status_code == 422
    assert "Say what will use it." in refused.text
    assert "<b>x</b>" not in alice.post(PAGE, name="<b>x</b>").text


def test_the_settings_lead_there_for_owners_alone(somebody, people: SimpleNamespace) -> None:
    assert f'href="{PAGE}"' in somebody("alice").get("/console/site").text
    db.write(
        operators.change_role,
        clock.now(),
        site_id=people.site.id,
        by_id=people.alice.id,
        public_id=people.bob.public_id,
        role="admin",
    )
    bob = somebody("bob")
    assert f'href="{PAGE}"' not in bob.get("/console/site").text
    assert bob.get(PAGE).status_code == 403
    assert bob.post(PAGE, seen_at="/console/account", name="mine").status_code == 403


@pytest.fixture
def token(people: SimpleNamespace) -> ApiToken:
    return db.write(operations.create_token, clock.now(), site_id=people.site.id, name="checkout of alice")[0]


def test_charlie_sees_and_ends_none_of_them(somebody, people: SimpleNamespace, token: ApiToken) -> None:
    charlie = somebody("charlie")
    assert "checkout of alice" not in charlie.get(PAGE).text
    assert charlie.post(f"{PAGE}/{token.public_id}/revoke", seen_at=PAGE).status_code == 404
    with db.read() as session:
        assert session.scalar(select(ApiToken.revoked_at)) is None


def test_nobody_makes_or_ends_one_without_signing_in_and_the_token_of_a_page(somebody, token: ApiToken) -> None:
    stranger = somebody()
    assert stranger.get(PAGE).location.startswith("/console/sign-in")
    assert stranger.post(PAGE, seen_at="/console/sign-in", name="mine").location == "/console/sign-in"
    for path in (PAGE, f"{PAGE}/{token.public_id}/revoke"):
        assert somebody("alice").client.post(path, data={"name": "mine"}).status_code == 400
