"""The page on which an owner sets how the site protects itself: all is kept, and it holds for the next visitor."""

from __future__ import annotations

from dataclasses import asdict, fields

import pytest

from leadcapture import db
from leadcapture.sites import protection, queries
from leadcapture.sites.protection import Protection

PAGE = "/console/protection"
# Every setting as something else than by default, as the page sends it.
OTHERS = {
    "disposable": "hold",
    "blocked": "rival.net\n\n *.rival.net \nerin@example.net\nrival.net",
    "allowed": "partner.net",
    "spam_threshold": "0.75",
    "min_seconds": "5",
}


def kept(people) -> Protection:
    with db.read() as session:
        return protection.of(queries.by_id(session, people.site.id))


def test_every_setting_is_kept_and_shown(somebody, people):
    alice = somebody("alice")
    page = alice.get(PAGE).text
    assert all(f'name="{one.name}"' in page for one in fields(Protection))
    assert alice.post(PAGE, **OTHERS).status_code == 302
    assert kept(people) == Protection(
        disposable="hold",
        blocked=["rival.net", "*.rival.net", "erin@example.net"],
        allowed=["partner.net"],
        check_mx=False,
        hold_spam=False,
        spam_threshold=0.75,
        min_seconds=5,
        ask_code=False,
    )
    shown = alice.get(PAGE).text
    for text in (
        "*.rival.net\nerin@example.net",
        "partner.net",
        'value="0.75"',
        'value="5"',
        'checked id="disposable-1"',
    ):
        assert text in shown
    checked = dict.fromkeys(("check_mx", "hold_spam", "ask_code"), "y")
    alice.post(PAGE, disposable="refuse", spam_threshold="0.9", min_seconds="2", **checked)
    assert asdict(kept(people)) == asdict(Protection())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("spam_threshold", "0.4"),
        ("spam_threshold", "NaN"),
        ("spam_threshold", "sNaN"),
        ("spam_threshold", "1e400"),
        ("min_seconds", "61"),
        ("min_seconds", "²"),
        ("blocked", "not a domain"),
        ("allowed", "a\n" * 1001),
    ],
)
def test_what_will_not_do_is_marked_and_nothing_is_saved(somebody, people, name, value):
    alice = somebody("alice")
    answer = alice.post(PAGE, **{**OTHERS, name: value})
    assert answer.status_code == 422
    assert f'id="{name}-problem"' in answer.text
    assert value[:10] in answer.text, "what was typed is still there"
    assert kept(people) == Protection()


def test_who_is_no_admin_sets_nothing(somebody, people):
    assert somebody("bob").post(PAGE, seen_at="/console/account", **OTHERS).status_code in (403, 404)
    assert kept(people) == Protection()


def test_what_the_owner_blocks_is_told_at_the_field(somebody, people, client):
    from leadcapture.forms import operations

    def publish(session):
        form = operations.create(
            session, people.site.created_at, site_id=people.site.id, kind="subscription", slug="news", settings={}
        )
        operations.publish(session, people.site.created_at, site_id=people.site.id, public_id=form.public_id)

    db.write(publish)
    path = f"/v1/{people.site.key}/forms/news"
    sent = {"email": "erin@mail.rival.net", "consent": "newsletter"}
    assert client.post(path, json=sent).status_code == 202
    somebody("alice").post(PAGE, **OTHERS)
    refused = client.post(path, json=sent)
    assert refused.status_code == 422
    assert refused.json["error"]["fields"] == {"email": ["This site does not take this address. Use another one."]}
    assert client.post(path, json={**sent, "email": "erin@example.org"}).status_code == 202
