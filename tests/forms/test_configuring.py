"""What an owner sets about a form, and what visitors are told of it."""

from __future__ import annotations

import pytest
from werkzeug.datastructures import MultiDict

from leadcapture import db
from leadcapture.errors import Conflict, Invalid, NotFound
from leadcapture.forms import operations, queries
from leadcapture.forms.models import FormVersion
from leadcapture.sites import queries as sites

from .conftest import count


def test_the_description_has_the_fields_the_statement_and_an_unchecked_box(forms, people):
    described = operations.describe(forms.subscription, people.site)
    assert [(field["name"], field["type"], field["required"]) for field in described["fields"]] == [
        ("name", "text", False),
        ("email", "email", True),
    ]
    assert described["fields"][1]["autocomplete"] == "email"
    assert described["consents"] == [{**described["consent"], "required": True}]
    assert "Demo shop" in described["consent"]["statement"]
    assert described["notice"] is None
    assert described["privacy_url"] == "https://shop.example.org/privacy"


def test_sending_a_question_is_a_notice_and_the_newsletter_a_separate_box(forms, people):
    described = operations.describe(forms.offline, people.site)
    assert described["notice"]["purpose"] == described["consent"]["purpose"] == "reply"
    assert [(c["purpose"], c["required"]) for c in described["consents"]] == [("newsletter", False)]
    assert [field["maxlength"] for field in described["fields"]] == [120, None, 4000]


def test_the_description_speaks_the_visitors_language(visitor):
    described = visitor.describe("subscription", lang="ar").json
    assert (described["lang"], described["dir"]) == ("ar", "rtl")
    assert visitor.describe("subscription", lang="xx").json["lang"] == "en"


def change(form, people, now, **values):
    editor = operations.editor(form, people.site, "en", MultiDict(values))
    assert editor.validate(), editor.errors
    found = {"site_id": people.site.id, "public_id": form.public_id}
    return db.write(operations.update, now, **found, language="en", values=editor.data)


def test_a_changed_statement_is_a_new_version_and_the_old_words_are_kept(forms, people, now):
    before = operations.describe(forms.subscription, people.site)
    changed = change(forms.subscription, people, now, statement="I want the letter.", ask_name="on")
    after = operations.describe(changed, people.site)
    assert after["version"] == before["version"] + 1
    assert after["consent"]["statement"] == "I want the letter."
    assert after["consent"]["version"] != before["consent"]["version"]
    with db.read() as session:
        old = queries.version(session, changed.id, before["version"])
        assert old is not None
        assert operations.statements(changed, people.site, "en", old)[0].statement == before["consent"]["statement"]


def test_saving_without_a_change_makes_no_version(forms, people, now):
    versions = count(FormVersion)
    changed = change(forms.subscription, people, now, send_welcome="on", ask_name="on")
    assert changed.version == forms.subscription.version
    assert count(FormVersion) == versions


def test_words_of_one_language_leave_the_others_alone(forms, people, now):
    changed = change(forms.subscription, people, now, title="Our letter", ask_name="on")
    assert operations.describe(changed, people.site, "en")["title"] == "Our letter"
    assert operations.describe(changed, people.site, "ar")["title"] != "Our letter"


def test_a_name_that_is_not_asked_for_is_no_field(forms, people, now):
    changed = change(forms.subscription, people, now)
    assert [field["name"] for field in operations.describe(changed, people.site)["fields"]] == ["email"]


def test_a_question_form_that_nobody_would_receive_cannot_be_published(people, now):
    form = db.write(operations.create, now, site_id=people.other_site.id, kind="offline")
    with pytest.raises(Conflict, match="Nobody would receive"):
        db.write(operations.publish, now, site_id=people.other_site.id, public_id=form.public_id)
    with db.read() as session:
        assert not queries.by_slug(session, people.other_site.id, form.slug).published


def test_a_form_that_does_not_say_what_people_agree_to_cannot_be_published(people, now):
    form = db.write(
        operations.create,
        now,
        site_id=people.site.id,
        kind="subscription",
        settings={"texts": {"en": {"statement": "  "}}},
    )
    with pytest.raises(Conflict, match="what people agree to"):
        db.write(operations.publish, now, site_id=people.site.id, public_id=form.public_id)


def test_an_owner_without_a_privacy_policy_is_told(forms, people):
    assert operations.advice(forms.subscription, people.site) == ()
    with db.read() as session:
        other = sites.by_id(session, people.other_site.id)
    assert len(operations.advice(forms.subscription, other)) == 1


def test_charlie_can_neither_read_nor_change_nor_publish_the_sites_forms(forms, people, now):
    charlies = {"site_id": people.other_site.id, "public_id": forms.subscription.public_id}
    for operation in (operations.update, operations.publish, operations.unpublish):
        with pytest.raises(NotFound):
            db.write(operation, now, **charlies)


def test_slugs_stand_in_addresses_and_are_taken_once(people, now):
    first = db.write(operations.create, now, site_id=people.site.id, kind="subscription", title="Our News!")
    second = db.write(operations.create, now, site_id=people.site.id, kind="subscription", title="Our News!")
    assert (first.slug, second.slug) == ("our-news", "our-news-2")
    with pytest.raises(Conflict):
        db.write(operations.create, now, site_id=people.site.id, kind="subscription", slug="our-news")
    with pytest.raises(Invalid):
        db.write(operations.create, now, site_id=people.site.id, kind="subscription", slug="Our news/../x")
    with pytest.raises(NotFound):
        db.write(operations.create, now, site_id=people.site.id, kind="nonsense")
