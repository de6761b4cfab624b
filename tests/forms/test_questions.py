"""An owner's own questions, of every kind of answer: asked, checked, kept, and read again in words."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from leadcapture import db, i18n
from leadcapture.forms import checking, operations, queries, questions
from leadcapture.forms.models import Submission


def question(id: str, type: str, **more: Any) -> dict[str, Any]:
    return {"id": id, "type": type, "label": {"en": id.capitalize(), "ar": f"س {id}"}, **more}


COLOURS = {"options": {"en": "Red\nGreen\nBlue", "ar": "أحمر\nأخضر\nأزرق"}}
EVERY = [
    question("text", "text"),
    question("story", "textarea"),
    question("other", "email"),
    question("tel", "tel"),
    question("size", "number", least="1", most="10.5"),
    question("day", "date"),
    question("colour", "radio", **COLOURS),
    question("list", "select", **COLOURS),
    question("many", "checks", **COLOURS),
    question("box", "checkbox"),
    question("from", "hidden", param="utm_source"),
]


@pytest.fixture
def asking(make_form):
    return make_form("subscription", slug="asking", fields=EVERY)


def stored(sent: Any) -> Submission:
    with db.read() as session:
        return session.scalars(select(Submission).where(Submission.public_id == sent.json["submission"])).one()


def fields(**answers: Any) -> dict[str, Any]:
    given = {"email": "erin@example.net", "consent": ["newsletter"]}
    return {**given, **{f"field_{name}": value for name, value in answers.items()}}


def test_every_kind_of_answer_is_kept_and_read_again_in_words(asking, visitor):
    sent = visitor.send(
        "asking",
        **fields(
            text="Hello",
            story="Two\nlines",
            other="bob@example.org",
            tel="+44 20 7946 0958",
            size="2.5",
            day="2026-12-24",
            colour="2",
            list="1",
            many=["1", "3"],
            box="on",
            **{"from": "letter"},
        ),
    )
    assert sent.status_code == 202, sent.json
    with db.read() as session:
        found = operations.summary(session, queries.submission(session, sent.json["submission"]))
    assert found == [
        ("Text", "Hello"),
        ("Story", "Two\nlines"),
        ("Other", "bob@example.org"),
        ("Tel", "+442079460958"),
        ("Size", "2.5"),
        ("Day", "2026-12-24"),
        ("Colour", "Green"),
        ("List", "Red"),
        ("Many", "Red, Blue"),
        ("Box", "yes"),
        ("From", "letter"),
    ]


WRONG = {
    "other": "nobody",
    "tel": "12",
    "size": "many",
    "day": "yesterday",
    "colour": "9",
    "list": "9",
    "many": ["9"],
}


@pytest.mark.parametrize("language", ["en", "ar"])
@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_answer_gets_a_sentence_in_the_visitors_language(asking, visitor, name, language):
    answer = visitor.send("asking", lang=language, **fields(**{name: WRONG[name]}))
    assert answer.status_code == 422
    sentences = answer.json["error"]["fields"][f"field_{name}"]
    assert sentences
    assert sentences[0].isascii() is (language == "en")


def test_a_number_out_of_its_range_is_told_the_range(asking, visitor):
    answer = visitor.send("asking", **fields(size="11"))
    assert answer.json["error"]["fields"]["field_size"] == ["Between 1 and 10.5."]


@pytest.mark.parametrize("type_", [row["type"] for row in EVERY if row["type"] != "hidden"])
def test_an_answer_that_must_be_given_is_asked_for(make_form, visitor, type_):
    row = next(row for row in EVERY if row["type"] == type_)
    make_form("subscription", slug="must", fields=[{**row, "required": True}])
    answer = visitor.send("must", **fields())
    assert answer.status_code == 422
    assert answer.json["error"]["fields"][f"field_{row['id']}"]


def test_a_question_that_no_answer_shows_is_neither_required_nor_kept(make_form, visitor):
    make_form(
        "subscription",
        slug="when",
        fields=[
            question("pet", "radio", options={"en": "Cat\nDog", "ar": "قطة\nكلب"}),
            question("breed", "text", required=True, show_if="field_pet", show_value="Dog"),
            question("papers", "text", required=True, show_if="field_breed"),
        ],
    )
    cat = visitor.send("when", **fields(pet="1", breed="left over", papers="left over"))
    assert cat.status_code == 202
    assert stored(cat).data == {"field_pet": "1"}
    dog = visitor.send("when", **fields(pet="2"))
    assert set(dog.json["error"]["fields"]) == {"field_breed"}
    assert set(visitor.send("when", **fields(pet="2", breed="Poodle")).json["error"]["fields"]) == {"field_papers"}
    described = {field["name"]: field for field in visitor.describe("when").json["fields"]}
    assert described["field_breed"]["show_if"] == {"field": "field_pet", "values": ["2"]}
    assert described["field_papers"]["show_if"] == {"field": "field_breed", "values": None}


def test_a_hidden_answer_comes_from_the_address_of_the_page(asking, visitor, client, people):
    page = client.get(f"/f/{people.site.key}/asking?utm_source=%22%3E%3Cb%3Eletter").get_data(as_text=True)
    assert 'name="field_from" value="&#34;&gt;&lt;b&gt;letter"' in page


def test_a_submission_reads_as_the_version_that_was_seen(asking, visitor, people, now):
    sent = visitor.send("asking", form_version="1", **fields(colour="1"))
    changed = [{**EVERY[6], "label": {"en": "Shade"}, "options": {"en": "Pink\nGrey"}}]

    def change(session):
        form = queries.by_slug(session, people.site.id, "asking")
        editor = operations.editor(form, people.site, "en")
        values = {**editor.data, "fields": [{**changed[0], "label": "Shade", "options": "Pink\nGrey"}]}
        operations.update(session, now, site_id=people.site.id, public_id=form.public_id, language="en", values=values)

    db.write(change)
    with db.read() as session:
        assert operations.summary(session, queries.submission(session, sent.json["submission"])) == [
            ("Colour", "Red"),
            ("Box", "no"),
        ]
    assert [field["label"] for field in visitor.describe("asking").json["fields"]][-1] == "Shade"


def test_owners_are_told_what_a_question_lacks(make_form, people):
    form = make_form("subscription", slug="set")
    given = MultiDict(
        {
            "fields-0-type": "radio",
            "fields-0-label": "",
            "fields-0-options": "Only one",
            "fields-1-type": "hidden",
            "fields-1-label": "From",
            "fields-1-param": "a b",
            "fields-2-type": "number",
            "fields-2-label": "Size",
            "fields-2-least": "5",
            "fields-2-most": "1",
        }
    )
    editor = operations.editor(form, people.site, "en", given)
    assert not editor.validate()
    first, second, third = editor["fields"].errors
    assert set(first) == {"label", "options"}
    assert set(second) == {"param"}
    assert set(third) == {"most"}


def test_the_words_of_a_question_are_kept_by_language_under_a_lasting_id(make_form, people, now):
    form = make_form("subscription", slug="set")

    def save(session, language, label):
        current = queries.by_slug(session, people.site.id, "set")
        rows = [{"id": row["id"]} for row in current.settings.get("fields", [])] or [{}]
        given = MultiDict({"fields-0-type": "text", "fields-0-label": label, "fields-0-id": rows[0].get("id", "")})
        editor = operations.editor(current, people.site, language, given)
        assert editor.validate(), editor.errors
        where = {"site_id": people.site.id, "public_id": form.public_id}
        return operations.update(session, now, **where, language=language, values=editor.data)

    first = db.write(save, "en", "Size").settings["fields"][0]
    second = db.write(save, "ar", "المقاس").settings["fields"][0]
    assert second["label"] == {"en": "Size", "ar": "المقاس"}
    assert second["id"] == first["id"]


@examples(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from([f"field_{row['id']}" for row in EVERY]),
        st.one_of(st.text(max_size=30), st.lists(st.text(max_size=4), max_size=3)),
    )
)
def test_nothing_that_is_sent_breaks_the_check(answers):
    kind = checking.kinds.by_name("subscription")
    given = MultiDict()
    for name, value in answers.items():
        given.setlist(name, value if isinstance(value, list) else [value])
    with i18n.speaking("en"):
        form = kind.fields({"fields": EVERY}, given)
        form.validate()
        for sentences in form.errors.values():
            assert all(str(sentence).endswith(".") for sentence in sentences)


@given(st.one_of(st.none(), st.text(max_size=5), st.lists(st.text(max_size=3)), st.booleans()))
def test_a_field_without_a_condition_is_always_shown(value):
    assert questions.holds(None, value)
