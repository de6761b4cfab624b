"""The page of canned replies: admins write them, operators read them, other sites know nothing of them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from leadcapture import db
from leadcapture.chat import canned
from tests.chat.test_canned import add, replies

PAGE = "/console/canned"
HOSTILE = '<script>alert(1)</script> {{visitor.name|"><img src=x>}}'


def test_an_admin_adds_changes_and_deletes_one_without_scripts(somebody: Any, people: SimpleNamespace) -> None:
    alice = somebody("alice")
    assert alice.post(PAGE, shortcut="/Hours", body="Nine to five.").location == PAGE
    assert "Nine to five." in alice.get(PAGE).text
    with db.read() as session:
        [reply] = canned.of_site(session, people.site.id)
    one = f"{PAGE}/{reply.id}"
    assert "Nine to five." in alice.get(one).text
    refused = alice.post(one, shortcut="hours", body="Ask {{nobody}}")
    assert (refused.status_code, "{{nobody}}" in refused.text) == (422, True)
    assert alice.post(one, shortcut="times", body="Nine to six.").location == PAGE
    assert replies(people) == [("times", "Nine to six.")]
    assert alice.post(f"{one}/delete", seen_at=PAGE).location == PAGE
    assert replies(people) == []


def test_what_stands_in_one_is_only_text(somebody: Any, people: SimpleNamespace) -> None:
    alice = somebody("alice")
    alice.post(PAGE, shortcut="hostile", body=HOSTILE)
    assert "<script>alert" not in alice.get(PAGE).text
    assert "<img src=x>" not in alice.post(PAGE, shortcut="hostile", body=HOSTILE).text


def test_an_operator_reads_them_and_writes_none(somebody: Any, people: SimpleNamespace, now) -> None:
    reply = add(people, now, "hours", "Nine to five.")
    bob = somebody("bob")
    assert "Nine to five." in bob.get(PAGE).text
    assert "<textarea" not in bob.get(PAGE).text
    assert bob.post(PAGE, shortcut="x", body="x").status_code == 403
    for path in (f"{PAGE}/{reply}", f"{PAGE}/{reply}/delete"):
        assert bob.post(path, seen_at=PAGE, shortcut="x", body="x").status_code == 403
    assert bob.get(f"{PAGE}/{reply}").status_code == 403
    assert replies(people) == [("hours", "Nine to five.")]


def test_charlie_of_another_site_finds_none_of_them(somebody: Any, people: SimpleNamespace, now) -> None:
    reply = add(people, now, "hours", "Nine to five.")
    charlie = somebody("charlie")
    assert "Nine to five." not in charlie.get(PAGE).text
    assert charlie.get(f"{PAGE}/{reply}").status_code == 404
    for path in (f"{PAGE}/{reply}", f"{PAGE}/{reply}/delete"):
        assert charlie.post(path, seen_at=PAGE, shortcut="x", body="x").status_code == 404
    assert replies(people) == [("hours", "Nine to five.")]
