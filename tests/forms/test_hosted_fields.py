"""The hosted page without scripts: every kind of field, what was typed, conditions, computed results, closed forms."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from leadcapture.forms import kinds
from leadcapture.forms.models import Submission
from tests.e2e.every_field import QUESTIONS
from tests.forms.conftest import count

ADDRESS = {"email": "alice@example.org", "consent": "newsletter"}


@pytest.fixture
def path(make_form: Callable[..., Any], people: Any) -> str:
    make_form("subscription", slug="everything", fields=QUESTIONS)
    return f"/f/{people.site.key}/everything"


def tag(page: str, *parts: str) -> str:
    """The one start tag that has all these parts."""
    found = [one for one in re.findall(r"<[a-z][^<>]*>", page) if all(part in one for part in parts)]
    assert len(found) == 1, (parts, found)
    return str(found[0])


def test_a_choice_is_a_group_with_the_question_as_its_name(client: FlaskClient, path: str) -> None:
    page = client.get(path).text
    group = re.search(r'<fieldset[^>]*id="field-field_wood".*?</fieldset>', page, re.DOTALL)
    assert group is not None
    assert 'role="radiogroup" aria-required="true"' in group[0]
    assert re.search(r"<legend>.*Wood.*</legend>", group[0], re.DOTALL)
    assert group[0].count('type="radio" name="field_wood"') == 2
    assert 'type="date"' in tag(page, 'name="field_day"')
    assert "checked" not in page.split("<form")[1]


def test_what_was_typed_and_chosen_is_still_there_beside_what_is_wrong(client: FlaskClient, path: str) -> None:
    typed = {"email": "alice", "field_width": "wide", "field_street": '"High" <Street>', "field_wood": "2"}
    answer = client.post(path, data={**typed, "once": "a" * 22, "field_extras": ["1", "2"], "field_floor": "1"})
    page = answer.text
    assert answer.status_code == 422
    assert 'value="wide"' in tag(page, 'name="field_width"')
    assert 'value="&#34;High&#34; &lt;Street&gt;"' in tag(page, 'name="field_street"')
    assert "checked" in tag(page, 'name="field_wood"', 'value="2"')
    assert all("checked" in tag(page, 'name="field_extras"', f'value="{one}"') for one in "12")
    assert "selected" in tag(page, "<option", "selected")
    wrong = tag(page, 'name="field_width"')
    assert 'aria-invalid="true"' in wrong
    assert "field-field_width-error" in wrong
    assert re.search(r'id="field-field_width-error">[^<]+<', page)


def test_a_box_that_was_unticked_stays_unticked(client: FlaskClient, make_form: Any, people: Any) -> None:
    make_form("subscription", slug="everything", fields=QUESTIONS)
    page = client.post(f"/f/{people.site.key}/everything", data={"once": "a" * 22, "field_terms": "on"}).text
    assert "checked" in tag(page, 'name="field_terms"')
    assert "checked" not in tag(page, 'name="field_lift"')


def test_a_field_with_a_condition_is_there_and_says_when_it_matters(client: FlaskClient, path: str) -> None:
    page = html.unescape(client.get(path).text)
    assert 'aria-labelledby="when-field_size"' in tag(page, 'class="depends"')
    assert page.count("Only if you tick “There is a lift”.") == 1


def description(page: str) -> Any:
    """What the page tells its script."""
    found = re.search(r'<script type="application/json" id="form-description">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    return json.loads(found[1])["form"]


def test_hostile_words_in_the_description_end_no_script(client: FlaskClient, make_form: Any, people: Any) -> None:
    hostile = "</script><script>alert(1)</script><!--"
    make_form("subscription", slug="bad", texts={"en": {"title": hostile, "intro": hostile}})
    page = client.get(f"/f/{people.site.key}/bad").text
    assert "<script>alert" not in page
    assert description(page)["title"] == hostile


def test_a_slip_in_the_address_is_pointed_out_after_sending(client: FlaskClient, path: str, make_form: Any) -> None:
    make_form("subscription")
    news = path.replace("everything", "subscription")
    page = client.post(news, data={**ADDRESS, "email": "alice@gmal.com"})
    assert page.status_code == 200
    assert "Did you mean alice@gmail.com?" in page.text
    assert f'href="{news}?lang=en" data-lc="change"' in page.text
    assert "Did you mean" not in client.post(news, data=ADDRESS).text


def test_a_slip_that_is_a_domain_nobody_keeps_is_told_as_a_slip(client: FlaskClient, path: str, make_form: Any) -> None:
    make_form("subscription")
    page = client.post(path.replace("everything", "subscription"), data={**ADDRESS, "email": "alice@gmial.com"})
    assert page.status_code == 422
    assert "Did you mean alice@gmail.com?" in page.text


def test_the_page_works_out_a_price_without_sending_anything(client: FlaskClient, make_form: Any, people: Any) -> None:
    preset = next(iter(kinds.by_name("calculator").presets.values()))
    make_form("calculator", **preset.settings)
    path = f"/f/{people.site.key}/calculator"
    page = client.get(path).text
    assert 'name="act" value="compute" formnovalidate' in page
    first = {field["name"]: field["value"] for field in description(page)["fields"] if field["value"]}
    answer = client.post(path, data={**first, "once": "a" * 22, "act": "compute"})
    assert answer.status_code == 200
    assert re.search(r'data-lc="computed">.*<table class="rows"', answer.text, re.DOTALL)
    assert count(Submission) == 0


def test_a_form_that_is_closed_says_so_and_asks_for_nothing(client: FlaskClient, make_form: Any, people: Any) -> None:
    ended = {"shared_code": "WELCOME10", "valid_until": "2020-01-01T00:00"}
    form = make_form("coupon", **{**next(iter(kinds.by_name("coupon").presets.values())).settings, **ended})
    page = client.get(f"/f/{people.site.key}/{form.slug}").text
    assert 'data-lc="closed"' in page
    assert "Leave your e-mail address" not in page, "that would be in vain"
    assert "<form" not in page
