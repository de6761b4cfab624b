"""The page on which an owner sets how the chat works: all is kept, what is wrong is marked, charlie gets nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import asdict, fields
from html import unescape
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import update

from leadcapture import db
from leadcapture.console.chat_form import form_of, values_of
from leadcapture.sites import chat_settings, queries
from leadcapture.sites.chat_settings import DEFAULTS, ChatSettings
from leadcapture.sites.models import Site
from tests.console.conftest import Browser

PAGE = "/console/chat"
# Every setting of the page as something else than by default.
OTHERS = ChatSettings(
    routing="auto",
    capacity=7,
    idle_minutes=0,
    tell_after=15,
    mail_after=35,
    preview_typing=True,
    masking=False,
    visitor_files=False,
    file_mb=4,
    see_visitors=True,
    pre_chat=[
        {"name": "email", "label": {"en": "Where to?", "ar": "بريدك الإلكتروني"}, "required": True, "choices": None},
        {"name": "q_topic", "label": {"en": "About?"}, "required": False, "choices": {"en": ["An order", "A return"]}},
    ],
    phone="+49 30 123456",
    signature={"en": "Blue things\nsince 1999", "ar": "أشياء زرقاء"},
    country="DE",
    subdivision="BY",
    exceptions=[
        {"date": "2026-12-24", "spans": [["09:00", "12:00"]], "why": {"en": "Christmas Eve"}},
        {"date": "2027-01-02", "spans": [], "why": {}},
    ],
    invitations=[{"id": "inv_1", "text": {"en": "Any question?"}, "enabled": True}],
)


def set_chat(people: SimpleNamespace, settings: ChatSettings) -> None:
    chat = settings.as_json() or None
    db.write(lambda session: session.execute(update(Site).where(Site.id == people.site.id).values(chat=chat)))


def site(people: SimpleNamespace) -> Site:
    with db.read() as session:
        return queries.by_id(session, people.site.id)


def chat_of(people: SimpleNamespace) -> ChatSettings:
    return chat_settings.of(site(people).chat)


def shown(page: str) -> dict[str, str]:
    """What a browser would send of the page's form as it stands, without its buttons."""
    form = page.partition("data-form-editor")[2].partition("</form>")[0]
    form = re.sub(r"<template>.*?</template>", "", form, flags=re.DOTALL)
    sent: dict[str, str] = {}
    for tag in re.findall(r"<input [^>]*>", form):
        said = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        if said.get("type") in ("checkbox", "radio") and not re.search(r"\schecked\b", tag):
            continue
        if "name" in said:
            sent[said["name"]] = unescape(said.get("value", "y" if said.get("type") == "checkbox" else ""))
    for name, text in re.findall(r'<textarea [^>]*?name="([^"]+)"[^>]*>\r?\n?(.*?)</textarea>', form, re.DOTALL):
        sent[name] = unescape(text)
    for select in re.findall(r"<select .*?</select>", form, re.DOTALL):
        [name] = re.findall(r'<select [^>]*?name="([^"]+)"', select)
        chosen = re.search(r'<option selected value="([^"]*)"', select) or re.search(r'<option value="([^"]*)"', select)
        sent[name] = unescape(chosen[1]) if chosen else ""
    return sent


@pytest.fixture
def alice(somebody: Callable[..., Browser]) -> Browser:
    return somebody("alice")


class TestEverySetting:
    def test_is_on_the_page_or_on_that_of_the_invitations(self) -> None:
        named = {name.removesuffix("_en").removesuffix("_ar") for name in form_of(DEFAULTS)._fields}
        assert named == {one.name for one in fields(ChatSettings)} - {"invitations"}

    @pytest.mark.parametrize("wanted", [DEFAULTS, OTHERS], ids=["as by default", "all otherwise"])
    def test_goes_through_the_page_as_it_is(
        self, alice: Browser, people: SimpleNamespace, wanted: ChatSettings
    ) -> None:
        set_chat(people, wanted)
        fields_shown = shown(alice.get(PAGE).text)
        # What a browser shows of the one is saved over the other, so that nothing stays by chance.
        set_chat(people, DEFAULTS if wanted is OTHERS else OTHERS)
        saved = alice.client.post(PAGE, data=fields_shown)
        assert saved.status_code == 302, re.findall(r'class="problem"[^>]*>.*?<span>(.*?)</span>', saved.text)
        expected = {name: value for name, value in asdict(wanted).items() if name != "invitations"}
        found = asdict(chat_of(people))
        assert {name: found[name] for name in expected} == expected
        assert found["invitations"] == (DEFAULTS if wanted is OTHERS else OTHERS).invitations, "another page's"

    def test_the_way_there_and_back_changes_nothing(self) -> None:
        form = form_of(OTHERS)
        assert values_of(form) == {name: value for name, value in asdict(OTHERS).items() if name != "invitations"}


class TestWrongValues:
    @pytest.mark.parametrize(
        ("name", "value", "sentence"),
        [
            ("capacity", "0", "Choose a number from 1 to 100."),
            ("capacity", "many", "Write a whole number."),
            ("idle_minutes", "", "Write a whole number."),
            ("tell_after", "90", "Choose a number from 5 to 60."),
            ("mail_after", "10", "choose at least as many seconds"),
            ("file_mb", "1000", "Choose a number from 1 to 100."),
            ("phone", "call me", "Write digits"),
            ("country", "XX", "Choose one of the list."),
            ("exceptions-0-hours", "17-9", "ends before it begins"),
            ("exceptions-0-date", "soon", "Write a day like"),
            ("exceptions-1-date", "2026-12-24", "This day is there already."),
            ("pre_chat-1-what", "email", "This is asked already."),
            ("pre_chat-1-label_en", "", "Write what is asked."),
            ("pre_chat-1-choices_en", "Only one", "Write at least two choices"),
            ("signature_en", "x" * 501, "At most 500 characters."),
        ],
    )
    def test_each_is_marked_where_it_stands_and_nothing_is_saved(
        self, alice: Browser, people: SimpleNamespace, name: str, value: str, sentence: str
    ) -> None:
        set_chat(people, OTHERS)
        sent = shown(alice.get(PAGE).text) | {name: value}
        refused = alice.client.post(PAGE, data=sent)
        assert refused.status_code == 422
        assert chat_of(people) == OTHERS
        at = name.replace("pre_chat-1-label_en", "pre_chat-1-what").replace("pre_chat-1-choices_en", "pre_chat-1-what")
        problem = re.search(rf'<p class="problem" id="{at}-problem">.*?</p>', refused.text)
        assert problem, "at its field"
        assert sentence in unescape(problem[0])
        assert re.search(rf'aria-describedby="[^"]*{at}-problem', refused.text)


class TestWithoutScripts:
    def test_rows_come_and_go_and_what_was_typed_stays(self, alice: Browser, people: SimpleNamespace) -> None:
        sent = shown(alice.get(PAGE).text) | {"phone": "030 1234", "rows": "add:pre_chat"}
        page = alice.client.post(PAGE, data=sent)
        assert page.status_code == 200
        with_row = shown(page.text)
        assert (with_row["pre_chat-0-what"], with_row["phone"]) == ("question", "030 1234")
        assert chat_of(people) == DEFAULTS, "nothing is saved"
        with_row |= {"pre_chat-0-label_en": "About?", "pre_chat-0-required": "y"}
        assert alice.client.post(PAGE, data=with_row).status_code == 302
        [question] = chat_of(people).pre_chat
        assert question["name"].startswith("q_")
        assert question | {"name": ""} == {"name": "", "label": {"en": "About?"}, "required": True, "choices": None}
        again = shown(alice.get(PAGE).text)
        alice.client.post(PAGE, data=again | {"pre_chat-0-label_en": "What about?"})
        assert chat_of(people).pre_chat[0]["name"] == question["name"], "answers that were given still belong to it"
        without = shown(alice.client.post(PAGE, data=again | {"rows": "remove:pre_chat:0"}).text)
        alice.client.post(PAGE, data=without)
        assert chat_of(people).pre_chat == []

    def test_a_question_about_the_address_needs_no_words(self, alice: Browser, people: SimpleNamespace) -> None:
        sent = shown(alice.get(PAGE).text) | {"pre_chat-0-id": "", "pre_chat-0-what": "email"}
        assert alice.client.post(PAGE, data=sent).status_code == 302
        [question] = chat_of(people).pre_chat
        assert question["name"] == "email"
        assert question["label"]["en"] == "Your e-mail address"

    def test_a_country_shows_its_parts_and_its_next_holidays_before_it_is_saved(self, alice: Browser, people) -> None:
        sent = shown(alice.get(PAGE).text) | {"country": "DE", "rows": "look"}
        page = unescape(alice.client.post(PAGE, data=sent).text)
        assert '<option value="BY">Bayern</option>' in page
        assert "Christmas Day" in page or "New Year's Day" in page or "Good Friday" in page
        assert chat_of(people) == DEFAULTS

    def test_a_part_of_another_country_is_not_kept(self, alice: Browser, people: SimpleNamespace) -> None:
        set_chat(people, OTHERS)
        sent = shown(alice.get(PAGE).text) | {"country": "FR"}
        assert alice.client.post(PAGE, data=sent).status_code == 302
        assert (chat_of(people).country, chat_of(people).subdivision) == ("FR", "")


class TestTheSecret:
    def test_it_is_made_shown_to_admins_and_renewed_without_a_gap(
        self, alice: Browser, people: SimpleNamespace
    ) -> None:
        assert alice.post(f"{PAGE}/secret", seen_at=PAGE).status_code == 302
        [first] = queries.identity_secrets(site(people))
        page = unescape(alice.get(PAGE).text)
        assert first in page
        for said in ("hash_hmac", "hmac.new(", "createHmac(", "leadcapture.identify("):
            assert said in page
        alice.post(f"{PAGE}/secret", seen_at=PAGE)
        second, old = queries.identity_secrets(site(people))
        assert old == first
        assert first not in alice.get(PAGE).text
        alice.post(f"{PAGE}/secret/end", seen_at=PAGE)
        assert queries.identity_secrets(site(people)) == (second,)


class TestWhoMay:
    @pytest.mark.parametrize("path", [PAGE, f"{PAGE}/secret", f"{PAGE}/secret/end"])
    def test_operators_may_not_and_charlie_reaches_only_the_own_site(
        self, somebody: Callable[..., Browser], people: SimpleNamespace, path: str
    ) -> None:
        set_chat(people, OTHERS)
        assert somebody("bob").get(PAGE).status_code == 403
        assert somebody("bob").post(path, seen_at="/console/account").status_code == 403
        charlie = somebody("charlie")
        page = charlie.get(PAGE).text
        assert "Blue things" not in page
        data: dict[str, Any] = shown(page) | {"phone": "030 9999"}
        assert charlie.client.post(path, data=data).status_code == 302
        assert chat_of(people) == OTHERS
        assert site(people).identity_secret is None

    def test_nobody_signed_in_is_sent_to_sign_in(self, somebody: Callable[..., Browser]) -> None:
        assert "/console/sign-in" in somebody().get(PAGE).headers["Location"]

    def test_without_the_token_of_the_page_nothing_is_saved(self, alice: Browser, people: SimpleNamespace) -> None:
        sent = shown(alice.get(PAGE).text) | {"phone": "030 1234", "csrf_token": "forged"}
        assert alice.client.post(PAGE, data=sent).status_code == 400
        assert chat_of(people) == DEFAULTS


def test_hostile_words_stay_words(alice: Browser, people: SimpleNamespace) -> None:
    hostile = '"><script>alert(1)</script>'
    sent = shown(alice.get(PAGE).text) | {
        "pre_chat-0-id": hostile,
        "pre_chat-0-what": "question",
        "pre_chat-0-label_en": hostile,
    }
    assert alice.client.post(PAGE, data=sent).status_code == 302
    assert re.fullmatch(r"q_\w+", chat_of(people).pre_chat[0]["name"])
    assert "<script>alert" not in alice.get(PAGE).text
