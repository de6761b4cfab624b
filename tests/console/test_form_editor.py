"""Setting a form up in the console, as a browser without scripts does it, and what the live preview is told."""

from __future__ import annotations

import re
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict
from wtforms import StringField

from leadcapture import db
from leadcapture.console import form_rows
from leadcapture.forms import kinds, operations, queries
from leadcapture.forms.fields import Row, RowsField
from leadcapture.forms.kind import SettingsForm

QUESTION = {"fields-0-id": "", "fields-0-type": "text", "fields-0-label": "Favourite colour"}


@pytest.fixture
def alice(somebody) -> Any:
    return somebody("alice")


def made(alice, kind: str = "subscription", preset: str = "") -> str:
    """The path of the settings of a new form."""
    return alice.post("/console/forms/new", kind=kind, preset=preset).location


def kept(people: SimpleNamespace, page: str) -> Any:
    with db.read() as session:
        return queries.by_public_id(session, people.site.id, page.split("/")[3].split("?")[0])


def test_a_form_begins_from_a_ready_template(alice, people: SimpleNamespace) -> None:
    page = alice.get("/console/forms/new").text
    for kind in kinds.registry().values():
        assert str(kind.title) in page
        assert all(str(preset.title).replace("'", "&#39;") in page for preset in kind.presets.values())
    form = kept(people, made(alice, "calculator", "kitchen"))
    assert (form.title, form.published) == ("Kitchen", False)
    assert form.settings["inputs"] == kinds.by_name("calculator").presets["kitchen"].settings["inputs"]


def test_a_template_that_is_not_there_makes_nothing(alice, people: SimpleNamespace) -> None:
    assert alice.post("/console/forms/new", kind="subscription", preset="none").status_code == 404
    with db.read() as session:
        assert queries.of_site(session, people.site.id) == []


def test_every_kind_shows_its_settings_and_its_preview(alice, people: SimpleNamespace, now) -> None:
    def make(session) -> list[Any]:
        make = partial(operations.create, session, now, site_id=people.site.id)
        return [make(kind=kind.name, preset=next(iter(kind.presets), "")) for kind in kinds.registry().values()]

    for form in db.write(make):
        page = f"/console/forms/{form.public_id}"
        shown = alice.get(page)
        assert shown.status_code == 200, form.kind
        preview = alice.client.post(f"{page}/preview", data={**inputs(shown.text), "language": "ar"})
        assert preview.json["descriptor"]["lang"] == "ar", form.kind


def inputs(page: str) -> dict[str, str]:
    """What a browser would send of the page's inputs that hold one line; enough for a form that is only looked at."""
    form = re.sub(r"<template>.*?</template>", "", page, flags=re.DOTALL)
    found = re.findall(r'<input[^>]*? name="([\w-]+)"[^>]*? value="([^"]*)"', form)
    return {name: value for name, value in found if name != "language"}


class TestRows:
    def test_a_row_is_added_without_scripts_and_nothing_is_saved(self, alice, people: SimpleNamespace) -> None:
        page = made(alice)
        answer = alice.post(page, title="Typed", rows="add:fields", **QUESTION)
        assert answer.status_code == 200
        assert 'value="Typed"' in answer.text
        assert 'value="Favourite colour"' in answer.text
        assert 'name="fields-1-label"' in answer.text
        form = kept(people, page)
        assert (form.version, form.settings["texts"], form.settings.get("fields")) == (1, {}, None)

    def test_rows_are_saved_in_their_order_and_keep_their_ids(self, alice, people: SimpleNamespace) -> None:
        page = made(alice)
        two = {**QUESTION, "fields-1-id": "", "fields-1-type": "number", "fields-1-label": "Age"}
        assert alice.post(page, **two).status_code == 302
        colour, age = kept(people, page).settings["fields"]
        assert (colour["label"], age["label"]) == ({"en": "Favourite colour"}, {"en": "Age"})
        again = {**two, "fields-0-id": colour["id"], "fields-1-id": age["id"]}
        moved = alice.post(page, rows="up:fields:1", **again)
        assert re.search(rf'name="fields-0-id"[^>]*value="{age["id"]}"', moved.text)
        removed = alice.post(page, rows="remove:fields:0", **again)
        assert f'value="{colour["id"]}"' not in removed.text
        assert re.search(rf'name="fields-0-id"[^>]*value="{age["id"]}"', removed.text)
        assert len(kept(people, page).settings["fields"]) == 2, "nothing is saved yet"

    def test_the_first_button_of_the_form_saves(self, alice) -> None:
        page = alice.get(made(alice)).text
        form = page[page.index("data-form-editor") :]
        assert 'name="rows"' not in re.search(r"<button[^>]*>", form).group(), "Enter in a field must not move rows"

    def test_a_text_of_a_row_may_stay_empty_where_another_language_has_it(self, alice, people: SimpleNamespace) -> None:
        page = made(alice)
        alice.post(page, language="en", **QUESTION)
        [row] = kept(people, page).settings["fields"]
        shown = alice.get(f"{page}?language=ar").text
        assert 'placeholder="Favourite colour"' in shown
        arabic = {"fields-0-id": row["id"], "fields-0-type": "text", "fields-0-label": ""}
        assert alice.post(page, language="ar", title="عنوان", **arabic).status_code == 302
        form = kept(people, page)
        assert form.settings["fields"][0]["label"] == {"en": "Favourite colour"}
        assert form.settings["texts"]["ar"]["title"] == "عنوان"

    @settings(max_examples=40, deadline=None)
    @given(st.lists(st.tuples(st.sampled_from(["add", "remove", "up", "down"]), st.integers(0, 5)), max_size=12))
    def test_any_presses_do_to_the_rows_what_they_say(self, presses: list[tuple[str, int]]) -> None:
        class Named(Row):
            title = StringField()

        class Listed(SettingsForm):
            names = RowsField(Named, max_entries=5)

        model = ["a", "b", "c"]
        for what, at in presses:
            sent = MultiDict((f"names-{place}-title", name) for place, name in enumerate(model))
            editor = Listed(sent)
            form_rows.press(editor, "add:names" if what == "add" else f"{what}:names:{at}")
            other = at + {"up": -1, "down": 1}.get(what, 0)
            if what == "add":
                model += [""] if len(model) < 5 else []
            elif at < len(model) and 0 <= other < len(model):
                if what == "remove":
                    del model[at]
                else:
                    model[at], model[other] = model[other], model[at]
            assert [row["title"] or "" for row in editor.names.data] == model
            assert [entry.form["title"].name for entry in editor.names] == [
                f"names-{n}-title" for n in range(len(model))
            ]

    @pytest.mark.parametrize(
        "button", ["", "add", "add:nothing", "up:fields", "remove:fields:-1", "remove:fields:²", "x:y:z"]
    )
    def test_a_button_that_is_not_there_changes_nothing(self, alice, button: str) -> None:
        answer = alice.post(made(alice), rows=button, **QUESTION)
        assert answer.status_code == 200
        assert answer.text.count('value="Favourite colour"') == 1


def test_the_country_of_phone_numbers_stands_where_one_is_asked_for(alice) -> None:
    when = 'data-when="fields-*-type:tel"'
    page = alice.get(made(alice)).text
    assert "None: every number begins with +" in page
    assert when in page, "for scripts: as soon as a question is a phone number"
    assert when not in alice.get(made(alice, "order", "shop")).text, "an order always asks for one"


def test_a_folded_row_of_a_calculator_says_its_name_in_formulas_too(alice) -> None:
    preset = next(iter(kinds.by_name("calculator").presets))
    page = alice.get(made(alice, "calculator", preset)).text
    row = kinds.by_name("calculator").presets[preset].settings["inputs"][0]
    assert (
        f'<bdi class="row-title">{row["label"]["en"]}</bdi> <code class="row-mark" dir="ltr">{row["name"]}</code>'
        in page
    )


class TestPreview:
    def test_it_shows_what_is_typed_before_it_is_saved(self, alice, people: SimpleNamespace) -> None:
        page = made(alice)
        answer = alice.post(f"{page}/preview", seen_at=page, language="en", title="Spring", **QUESTION)
        described = answer.json["descriptor"]
        assert described["title"] == "Spring"
        assert "Favourite colour" in [field["label"] for field in described["fields"]]
        assert answer.json["says"] == ""
        form = kept(people, page)
        assert (form.version, form.settings["texts"]) == (1, {})

    def test_it_speaks_the_language_that_is_edited(self, alice) -> None:
        page = made(alice)
        described = alice.post(f"{page}/preview", seen_at=page, language="ar", button="اشترك").json["descriptor"]
        assert (described["lang"], described["dir"], described["button"]) == ("ar", "rtl", "اشترك")

    def test_what_is_not_right_yet_is_left_out_and_named(self, alice) -> None:
        page = made(alice)
        unready = {**QUESTION, "fields-1-id": "", "fields-1-type": "radio", "fields-1-label": "Size"}
        answer = alice.post(f"{page}/preview", seen_at=page, language="en", title="T" * 161, **unready)
        labels = [field["label"] for field in answer.json["descriptor"]["fields"]]
        assert "Favourite colour" in labels
        assert "Size" not in labels, "it has no choices yet"
        assert answer.json["descriptor"]["title"] == "Get our newsletter", "as it is saved"
        assert "Title" in answer.json["says"]
        assert "Questions of your own" in answer.json["says"]

    def test_a_form_that_takes_nothing_now_is_drawn_all_the_same(self, alice) -> None:
        page = made(alice, "webinar")
        answer = alice.post(f"{page}/preview", seen_at=page, language="en")
        assert answer.json["descriptor"]["closed"] is None
        assert "Now visitors read instead" in answer.json["says"]

    def test_codes_that_were_never_given_are_not_said_to_be_given_out(self, alice) -> None:
        typed = {"language": "en", "type": "percent", "value": "10", "supply": "shared", "per_contact": "1"}
        for page in (made(alice, "coupon", "shared"), made(alice, "coupon", "shared")):  # the second has no code yet
            for code in ("WELCOME10", "SPRING20"):
                answer = alice.post(f"{page}/preview", seen_at=page, shared_code=code, **typed)
                assert answer.json["says"] == "", code

    def test_without_scripts_the_saved_draft_can_be_looked_at_and_not_sent(self, alice) -> None:
        page = made(alice)
        alice.post(page, title="Spring")
        shown = alice.get(f"{page}/page").text
        assert "Spring" in shown
        assert re.search(r"<fieldset[^>]* disabled>.*<form", shown, re.DOTALL)
        assert 'dir="rtl"' in alice.get(f"{page}/page?lang=ar").text


class TestMistakes:
    def test_a_mistake_in_a_row_is_said_there_and_nothing_is_saved(self, alice, people: SimpleNamespace) -> None:
        page = made(alice)
        answer = alice.post(page, title="Typed", **{**QUESTION, "fields-0-label": ""})
        assert answer.status_code == 422
        assert re.search(r'<input[^>]*aria-invalid="true"[^>]*name="fields-0-label"', answer.text)
        assert "Write what is asked." in answer.text
        assert 'value="Typed"' in answer.text
        assert kept(people, page).version == 1

    def test_what_the_kind_refuses_is_said_and_nothing_is_saved(self, alice, people: SimpleNamespace) -> None:
        page = made(alice, "calculator", "window")
        before = kept(people, page).settings
        results = {
            f"results-0-{name}": value for name, value in {"id": "", "name": "all", "formula": "width * ("}.items()
        }
        assert alice.post(page, **results).status_code == 422
        assert kept(people, page).settings == before


class TestPublishing:
    def test_it_needs_words_of_consent_for_each_purpose(self, alice, people: SimpleNamespace, now) -> None:
        topics = [
            {"id": "news", "name": "news", "statement": {"en": "News, please."}},
            {"id": "sale", "name": "sale", "statement": {}},
        ]
        form = db.write(
            operations.create, now, site_id=people.site.id, kind="subscription", settings={"topics": topics}
        )
        page = f"/console/forms/{form.public_id}"
        assert "It does not say what people agree to." in alice.get(page).text, "before anybody tries"
        alice.post(f"{page}/publish", seen_at=page)
        assert not kept(people, page).published
        assert "does not say what people agree to" in alice.get(page).text

    def test_a_published_form_can_be_put_away_and_taken_back(self, alice, people: SimpleNamespace) -> None:
        page = made(alice)
        alice.post(f"{page}/publish", seen_at=page)
        form = kept(people, page)
        hosted = f"/f/{people.site.key}/{form.slug}"
        assert alice.get(hosted).status_code == 200
        alice.post(f"{page}/archive", seen_at=page)
        assert alice.get(hosted).status_code == 404
        listed = alice.get("/console/forms").text
        assert form.title in listed[listed.index('<details class="archived"') :]
        assert "Archived" in alice.get(page).text
        alice.post(f"{page}/unarchive", seen_at=page)
        assert "Draft" in alice.get(page).text
        assert "archived" not in alice.get("/console/forms").text

    def test_a_copy_is_a_form_of_its_own(self, alice, people: SimpleNamespace) -> None:
        page = made(alice)
        alice.post(page, title="Spring")
        copy = alice.post(f"{page}/duplicate", seen_at=page).location
        assert copy != page
        alice.post(copy, title="Summer")
        assert kept(people, page).settings["texts"]["en"]["title"] == "Spring"
        assert kept(people, copy).settings["texts"]["en"]["title"] == "Summer"


def test_a_version_tells_what_it_changed_and_can_be_looked_at(alice, people: SimpleNamespace) -> None:
    page = made(alice)
    alice.post(page, title="Spring", statement="I agree to spring.", ask_name="y", send_welcome="y")
    alice.post(page, title="Summer", statement="I agree to spring.", ask_name="y", send_welcome="y", **QUESTION)
    listed = alice.get(f"{page}/versions").text
    assert re.findall(r">Version (\d)<", listed) == ["3", "2", "1"]
    newest, second = re.findall(r"Changed:(.*?)</p>", listed, re.DOTALL)
    assert "Questions of your own" in newest
    assert "Title (English)" in newest
    assert "What people agree to (English)" in second
    seen = alice.get(f"{page}/versions/2").text
    assert "I agree to spring." in seen
    assert f"{page}/page?version=2" in seen
    shown = alice.get(f"{page}/page?version=2").text
    assert "Spring" in shown
    assert "Favourite colour" not in shown
    assert alice.get(f"{page}/versions/9").status_code == 404
    assert alice.get(f"{page}/page?version=9").status_code == 404
