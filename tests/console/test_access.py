"""Who gets which page: alice owns the site, bob answers on it, charlie is of another site."""

from __future__ import annotations

from datetime import datetime
from types import SimpleNamespace

import pytest

from leadcapture import addresses, db
from leadcapture.contacts import operations as contacts
from leadcapture.forms import operations as forms
from leadcapture.mail import operations as mail
from leadcapture.operators import operations as operators

# path, the role it needs
PAGES = [
    ("/console/", "operator"),
    ("/console/account", "operator"),
    ("/console/contacts", "operator"),
    ("/console/contacts/{contact}", "operator"),
    ("/console/contacts.csv", "admin"),
    ("/console/forms", "admin"),
    ("/console/forms/work", "operator"),
    ("/console/forms/new", "admin"),
    ("/console/forms/{form}", "admin"),
    ("/console/forms/{form}/page", "admin"),
    ("/console/forms/{form}/place", "admin"),
    ("/console/forms/{form}/qr.svg", "admin"),
    ("/console/forms/{form}/qr.png", "admin"),
    ("/console/forms/{form}/entries", "admin"),
    ("/console/forms/{form}/entries.csv", "admin"),
    ("/console/forms/{form}/versions", "admin"),
    ("/console/forms/{form}/versions/1", "admin"),
    ("/console/outbox", "admin"),
    ("/console/outbox/{email}", "admin"),
    ("/console/outbox/{email}/html", "admin"),
    ("/console/site", "admin"),
    ("/console/site/preview", "admin"),
    ("/console/team", "admin"),
]
ACTIONS = [
    "/console/forms/{form}",
    "/console/forms/{form}/archive",
    "/console/forms/{form}/duplicate",
    "/console/forms/{form}/place",
    "/console/forms/{form}/preview",
    "/console/forms/{form}/publish",
    "/console/forms/{form}/unarchive",
    "/console/forms/{form}/unpublish",
    "/console/outbox/{email}/retry",
    "/console/team/{bob}/role",
    "/console/team/{bob}/remove",
]
OWN_ACTIONS = ["/console/forms/new", "/console/site", "/console/site/recipient", "/console/team"]


@pytest.fixture
def things(people: SimpleNamespace, now: datetime) -> dict[str, str]:
    """One of each kind of thing that belongs to the site."""

    def make(session):
        contact = contacts.upsert_confirmed(
            session, now, site_id=people.site.id, address=addresses.parse("visitor@example.org"), name="Visitor"
        )
        form = forms.create(session, now, site_id=people.site.id, kind="subscription")
        email = mail.enqueue(
            session,
            now,
            site=people.site,
            name="verify_recipient",
            to=addresses.parse("alice@example.org"),
            language="en",
            values={"link": "https://example.org/"},
        )
        return {
            "contact": contact.public_id,
            "form": form.public_id,
            "email": email.public_id,
            "bob": people.bob.public_id,
        }

    return db.write(make)


@pytest.mark.parametrize(("path", "role"), PAGES)
def test_a_page_is_for_those_whose_role_reaches_and_for_nobody_else(somebody, things, path: str, role: str) -> None:
    path = path.format(**things)
    assert somebody("alice").get(path).status_code == 200
    assert somebody("bob").get(path).status_code == (200 if role == "operator" else 403)
    assert somebody().get(path).location.startswith("/console/sign-in")
    outsider = somebody("charlie").get(path)
    if any(thing in path for thing in things.values()):
        assert outsider.status_code == 404
    else:
        assert "visitor@example.org" not in outsider.text
        assert "Demo shop" not in outsider.text


@pytest.mark.parametrize("path", ACTIONS + OWN_ACTIONS)
def test_nobody_without_the_role_changes_anything(somebody, things, path: str) -> None:
    assert somebody("bob").post(path.format(**things), seen_at="/console/account").status_code == 403
    stranger = somebody()
    assert stranger.post(path.format(**things), seen_at="/console/sign-in").location == "/console/sign-in"


@pytest.mark.parametrize("path", ACTIONS)
def test_things_of_the_site_are_unknown_to_charlie(somebody, things, path: str) -> None:
    answer = somebody("charlie").post(
        path.format(**things), seen_at="/console/account", role="owner", title="Mine", sure="yes"
    )
    assert answer.status_code == 404


@pytest.mark.parametrize("path", ACTIONS + OWN_ACTIONS + ["/console/switch", "/console/account", "/console/sign-out"])
def test_nothing_changes_without_the_token_of_a_page(somebody, things, path: str) -> None:
    assert somebody("alice").client.post(path.format(**things)).status_code == 400


def test_an_operator_of_two_sites_changes_between_them(somebody, people: SimpleNamespace, now: datetime) -> None:
    db.write(operators.add_membership, now, operator_id=people.alice.id, site_id=people.other_site.id, role="operator")
    alice = somebody("alice")
    assert people.site.key in alice.get("/console/").text
    alice.post("/console/switch", seen_at="/console/account", site=people.other_site.key)
    assert f"/widget/{people.other_site.key}.js" in alice.get("/console/").text
    assert alice.get("/console/site").status_code == 403, "there she is an operator"


def test_nobody_switches_to_a_site_of_others(somebody, people: SimpleNamespace) -> None:
    answer = somebody("charlie").post("/console/switch", seen_at="/console/account", site=people.site.key)
    assert answer.status_code == 404
