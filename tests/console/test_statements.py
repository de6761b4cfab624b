"""The page of statements: every version of the words, who agrees to which, and asking again from there."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from leadcapture import clock, db, i18n
from leadcapture.consent import operations as consent
from leadcapture.forms import kinds, operations, statements
from leadcapture.forms.models import Form
from leadcapture.mail.models import Email
from leadcapture.repermission import asking
from leadcapture.repermission.models import PermissionCampaign
from tests.console.conftest import Browser
from tests.repermission.conftest import Asking, people_of
from tests.repermission.test_asking import hand_over

WORDS = "I agree that Demo shop sends me its newsletter twice a month."


@pytest.fixture
def form(people: SimpleNamespace, now: datetime) -> Form:
    """A published newsletter, whose words two people agreed to before they changed, and one after."""

    def make(session: Session) -> Form:
        made = operations.create(session, now, site_id=people.site.id, kind="subscription", slug="news")
        return operations.publish(session, now, site_id=people.site.id, public_id=made.public_id)

    made = db.write(make)
    agree(people, now, made, "erin@example.org", "frank@example.org")
    return made


def agree(people: SimpleNamespace, now: datetime, form: Form, *addresses: str) -> None:
    (said,) = operations.statements(form, people.site, "en")
    people_of(now, people.site, addresses, version=said.version, words=said.statement, purpose=said.purpose)


def change(people: SimpleNamespace, now: datetime, form: Form, language: str = "en", **texts: str) -> Form:
    return db.write(
        operations.update, now, site_id=people.site.id, public_id=form.public_id, language=language, values=texts
    )


def plain(page: Any) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page.text).split())


@pytest.mark.parametrize("name", list(kinds.registry()))
def test_other_words_make_a_version_of_their_own_in_every_language(
    people: SimpleNamespace, now: datetime, name: str
) -> None:
    form = db.write(operations.create, now, site_id=people.site.id, kind=name)
    asked = [ask.text for ask in kinds.by_name(name).asks(form.settings) if ask.text]
    assert asked
    before = {language: _versions(form, people, language) for language in i18n.LANGUAGES}
    for language in i18n.LANGUAGES:
        changed = change(people, now, form, language, **dict.fromkeys(asked, f"Other words ({language})."))
        assert changed.version > form.version
        assert not _versions(changed, people, language) & before[language]
        form = changed
    with db.read() as session:
        said = statements.of_form(session, form, people.site)
    assert {one.version for one in said if one.holds} >= {
        version for language in i18n.LANGUAGES for version in _versions(form, people, language)
    }
    assert {one.version for one in said} > before["en"] | before["ar"], "what somebody agreed to is found again"


def _versions(form: Form, people: SimpleNamespace, language: str) -> set[str]:
    return {said.version for said in operations.statements(form, people.site, language)}


def test_the_page_says_who_agrees_to_which_words(
    somebody: Callable[..., Browser], people: SimpleNamespace, now: datetime, form: Form
) -> None:
    alice = somebody("alice")
    changed = change(people, now, form, statement=WORDS)
    agree(people, now, changed, "gina@example.org")
    # Another setting names the same words anew; it concerns nobody.
    change(people, now, changed, statement=WORDS, title="Our letter")
    page = alice.get("/console/statements")
    text = plain(page)
    assert text.index(WORDS) < text.index("1 contact agrees to it") < text.index("2 contacts agree to it")
    assert text.count(WORDS) == 1
    (mine, _older, *_more) = re.findall(r'href="(/console/contacts\?purpose=[^"]+)"', page.text)
    listed = plain(alice.get(mine.replace("&amp;", "&")))
    assert "gina@example.org" in listed
    assert "erin@example.org" not in listed
    everybody = plain(alice.get("/console/contacts?purpose=newsletter"))
    assert all(f"{name}@example.org" in everybody for name in ("erin", "frank", "gina"))
    assert "erin@example.org" not in plain(alice.get("/console/contacts?purpose=calls"))


def test_a_form_says_that_its_words_are_new_and_whom_that_concerns(
    somebody: Callable[..., Browser], people: SimpleNamespace, now: datetime, form: Form
) -> None:
    alice, path = somebody("alice"), f"/console/forms/{form.public_id}"
    assert "agreed to older words" not in alice.get(path).text
    typed = {"form_name": "News", "language": "en", "title": "News", "button": "Go", "statement": WORDS}
    alice.post(path, **typed)
    page = plain(alice.get(path))
    assert "that is a new version of the statement" in page
    assert "2 contacts agreed to older words of this form, and to those alone. ( newsletter )" in page
    alice.post(path, **{**typed, "title": "News of ours"})
    assert "that is a new version" not in alice.get(path).text


def test_asking_again_shows_mail_and_number_first_and_then_asks_exactly_those(
    somebody: Callable[..., Browser], people: SimpleNamespace, now: datetime, form: Form
) -> None:
    alice = somebody("alice")
    changed = change(people, now, form, statement=WORDS)
    agree(people, now, changed, "gina@example.org")
    page = alice.get(f"/console/statements/ask?form={form.public_id}&purpose=newsletter")
    (old,) = re.findall(r'name="old" value="([^"]+)" checked', page.text)
    asked = {"form": form.public_id, "purpose": "newsletter", "old": old, "per_hour": "100"}
    ask = "/console/statements/ask"
    where = {"seen_at": f"{ask}?form={form.public_id}&purpose=newsletter"}
    assert alice.post(ask, **where, **{**asked, "per_hour": "many"}).status_code == 422
    assert alice.post(ask, **where, **{**asked, "old": ""}).status_code == 422
    made = alice.post(ask, **where, **asked).headers["Location"]
    shown = plain(alice.get(made))
    assert "2 people would be asked, by the mail below. Nobody has been yet." in shown
    assert WORDS in alice.get(f"{made}/mail/en").text
    asking.due(clock.now())
    assert _asked() == []
    alice.post(made, act="start")
    asking.due(clock.now())
    assert _asked() == ["erin@example.org", "frank@example.org"]
    assert "Asked 2" in plain(alice.get(made))
    assert "All are asked" in plain(alice.get("/console/statements"))
    alice.post(made, act="start")
    asking.due(clock.now())
    assert len(_asked()) == 2


def _asked() -> list[str]:
    with db.read() as session:
        return sorted(session.scalars(select(Email.to_key).where(Email.name == "re_permission")))


def test_a_campaign_of_people_without_a_proof_shows_on_what_ground_they_are_asked(
    somebody: Callable[..., Browser], people: SimpleNamespace, now: datetime
) -> None:
    campaign = hand_over(Asking(people.site, now), 1, 2, ground="They <b>bought</b> from us.")
    page = somebody("alice").get(f"/console/statements/campaigns/{campaign.public_id}")
    assert "They &lt;b&gt;bought&lt;/b&gt; from us." in page.text
    assert "2 still to ask" in plain(page)
    assert "May Demo shop write to you?" in plain(page)


def test_a_hostile_statement_stays_text(
    somebody: Callable[..., Browser], people: SimpleNamespace, now: datetime, form: Form
) -> None:
    alice, hostile = somebody("alice"), '<script>alert(1)</script>"><img src=x>'
    people_of(now, people.site, ["mallory@example.org"], version="scan-7", words=hostile, purpose="newsletter")
    change(people, now, form, statement=hostile)
    for path in ("/console/statements", f"/console/statements/ask?form={form.public_id}&purpose=newsletter"):
        assert "<script>alert" not in alice.get(path).text


def test_operators_and_owners_of_other_sites_see_nothing_of_it(
    somebody: Callable[..., Browser], people: SimpleNamespace, now: datetime, form: Form
) -> None:
    change(people, now, form, statement=WORDS)
    bob, charlie = somebody("bob"), somebody("charlie")
    assert bob.get("/console/statements").status_code == 403
    assert "newsletter" not in charlie.get("/console/statements").text
    assert charlie.get(f"/console/statements/ask?form={form.public_id}&purpose=newsletter").status_code == 404


def test_a_withdrawal_leaves_the_count_of_those_who_agree(
    somebody: Callable[..., Browser], people: SimpleNamespace, now: datetime, form: Form
) -> None:
    (erin,) = people_of(now, people.site, ["erin@example.org"], version="1-aaaaaaaaaa", words="x", purpose="calls")
    db.write(consent.withdraw, now, contact=erin, method="preferences", purpose="newsletter")
    assert "1 contact agrees to it" in plain(somebody("alice").get("/console/statements"))
    with db.read() as session:
        assert session.scalars(select(PermissionCampaign)).all() == []
