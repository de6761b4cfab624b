"""The page of invitations: what is added there is told to the site's pages, and to nobody else's."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from leadcapture import db
from leadcapture.sites import invitations
from leadcapture.sites.models import Site

PAGE = "/console/invitations"
HOSTILE = '<img src=x onerror="alert(1)">'


def kept(people: SimpleNamespace) -> list[dict[str, Any]]:
    with db.read() as session:
        return invitations.of(session.get_one(Site, people.site.id))


def told(browser: Any, people: SimpleNamespace, language: str = "en") -> list[dict[str, Any]]:
    """What the panel's configuration says shows itself."""
    config = browser.client.get(f"/v1/{people.site.key}/config?lang={language}").get_json()
    return list(config["placed"])


def test_an_invitation_is_added_changed_paused_and_deleted(somebody: Any, people: SimpleNamespace) -> None:
    alice = somebody("alice")
    words = {"text_en": "Looking for a size?", "text_ar": "هل تبحث عن مقاس؟", "name": "Alice"}
    rules = {"delay": "20", "urls": "/shop/*\n/كتب", "every_days": "", "most": "2"}
    assert alice.post(PAGE, **words, **rules).location == PAGE
    page = alice.get(PAGE).text
    assert "Looking for a size?" in page
    assert "after 20 seconds" in page
    [one] = kept(people)
    assert told(alice, people) == [
        {
            "slug": f"invitation:{one['id']}",
            "where": "invitation",
            "delay": 20,
            "urls": ["/shop/*", "/%D9%83%D8%AA%D8%A8"],
            "most": 2,
            "text": "Looking for a size?",
            "name": "Alice",
        }
    ]
    assert told(alice, people, "ar")[0]["text"] == "هل تبحث عن مقاس؟"

    edit = f"{PAGE}/{one['id']}"
    assert "Looking for a size?" in alice.get(edit).text
    assert alice.post(edit, text_en=HOSTILE, exit="on").location == PAGE
    assert HOSTILE not in alice.get(PAGE).text
    assert told(alice, people)[0] | {"slug": ""} == {
        "slug": "", "where": "invitation", "exit": True, "text": HOSTILE, "name": "",
    }  # fmt: skip

    alice.post(f"{edit}/pause", seen_at=PAGE)
    assert told(alice, people) == []
    assert "Paused" in alice.get(PAGE).text
    alice.post(f"{edit}/resume", seen_at=PAGE)
    assert len(told(alice, people)) == 1
    alice.post(f"{edit}/delete", seen_at=PAGE)
    assert kept(people) == []


def test_the_loader_knows_the_rules_and_not_the_words(somebody: Any, people: SimpleNamespace) -> None:
    alice = somebody("alice")
    alice.post(PAGE, text_en="Words that cost bytes", delay="5")
    script = alice.client.get(f"/widget/{people.site.key}.js").text
    assert '"where":"invitation"' in script
    assert '"placement":' in script
    assert "Words that cost bytes" not in script


@pytest.mark.parametrize(
    "given",
    [
        {"delay": "5"},
        {"text_en": "Hello"},
        {"text_en": "Hello", "delay": "soon"},
        {"text_en": "x" * 201, "delay": "5"},
        {"text_en": "Hello", "delay": "5", "urls": "shop"},
        {"text_en": "Hello", "scroll": "101"},
    ],
)
def test_what_cannot_be_used_is_said_and_not_kept(
    somebody: Any, people: SimpleNamespace, given: dict[str, str]
) -> None:
    answer = somebody("alice").post(PAGE, **given)
    assert answer.status_code == 422
    assert 'class="problem"' in answer.text
    assert kept(people) == []


def test_only_admins_of_the_site_have_it(somebody: Any, people: SimpleNamespace) -> None:
    alice, bob, charlie = somebody("alice"), somebody("bob"), somebody("charlie")
    alice.post(PAGE, text_en="Hello", delay="5")
    [one] = kept(people)
    for path in (PAGE, f"{PAGE}/{one['id']}"):
        assert bob.get(path).status_code == 403
        assert bob.post(path, text_en="Mine", delay="5").status_code == 403
    for path in ("", "/pause", "/resume", "/delete"):
        assert bob.post(f"{PAGE}/{one['id']}{path}", text_en="Mine", delay="5").status_code == 403
        assert charlie.post(f"{PAGE}/{one['id']}{path}", text_en="Mine", delay="5").status_code == 404
    assert charlie.get(f"{PAGE}/{one['id']}").status_code == 404
    assert "Hello" not in charlie.get(PAGE).text
    assert kept(people) == [one]


def test_a_site_has_so_many_and_no_more(somebody: Any, people: SimpleNamespace, now: Any) -> None:
    alice = somebody("alice")
    for number in range(invitations.MOST):
        values = {"text": {"en": str(number)}, "delay": 5}
        db.write(invitations.add, now, site_id=people.site.id, values=values)
    assert alice.post(PAGE, text_en="One more", delay="5").status_code == 409
    assert len(kept(people)) == invitations.MOST
