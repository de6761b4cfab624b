"""The calculator from the owner's rows to the quote in somebody's hands."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from leadcapture import clock, db, i18n
from leadcapture.errors import Conflict, Invalid
from leadcapture.forms import kinds, operations, queries
from leadcapture.forms.kinds.calculator.evaluation import evaluate
from leadcapture.forms.kinds.calculator.presets import PRESETS
from leadcapture.forms.kinds.calculator.sheet import draft
from leadcapture.forms.models import Submission
from tests.consent.spoken import spoken
from tests.forms.conftest import count

ERIN = "erin@example.net"
KITCHEN = PRESETS["kitchen"].settings
# 4 m of oak (780): 3,120; 2 m above: 936; granite: 1,160 + 1.8 × 290 = 522 for the island; 2 drawers, island: 1,840;
# 12 % of 5,738 = 688.56, delivery 90; together 8,356.56.
CHOSEN = {
    "length": "4",
    "fronts": "Solid oak",
    "worktop": "Granite",
    "wall": "2",
    "drawers": "2",
    "island": "on",
    "distance": "35",
    "email": ERIN,
}


def with_results(*formulas: str, **more: Any) -> dict[str, Any]:
    """Settings: a, b and these formulas."""
    inputs = [{"id": f"i{name}", "type": "number", "name": name, "label": {"en": name.upper()}} for name in "ab"]
    results = [
        {"id": f"r{at}", "name": f"r{at}", "label": {"en": f"Result {at}"}, "formula": formula, "show": "money"}
        for at, formula in enumerate(formulas)
    ]
    return {"inputs": inputs, "tables": [], "results": results, "currency": "EUR", **more}


# ---- the ready templates ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("language", i18n.LANGUAGES)
def test_every_template_is_ready_to_use_in_every_language(name: str, language: str):
    kind = kinds.by_name("calculator")
    settings = {**kind.defaults, **PRESETS[name].settings}
    assert draft(settings).problems == []
    assert 5 <= len(settings["inputs"]) <= 9
    with i18n.speaking(language):
        assert kind.obstacles(None, settings) == ()
        shown = kind.fields(settings)
        set_beforehand = {field.name: field._value() for field in shown if field.type in ("Measure", "Slider")}
        set_beforehand |= {field.name: field.data for field in shown if field.type in ("SelectField", "RadioField")}
        filled = kind.fields(settings, MultiDict({**set_beforehand, "email": ERIN}))
        assert filled.validate(), filled.errors
        quote = kind.compute(settings, filled.data)
    assert float(re.search(r"[\d,]+\.\d\d", quote.total[1])[0].replace(",", "")) > 100
    for row in [*settings["inputs"], *(one for one in settings["results"] if one["show"] != "hidden")]:
        assert row["label"][language], row["name"]
        assert not row.get("choices") or len(row["choice_words"][language].split("\n")) == len(
            row["choices"].split("\n")
        )


def test_the_kitchen_costs_what_it_costs_by_hand():
    found = evaluate(draft(KITCHEN).sheet, CHOSEN)
    assert {name: float(value) for name, value in found.items()} == {
        "base": 3120, "above": 936, "top": 1682, "extras": 1840, "fitting": 778.56, "total": 8356.56,
    }  # fmt: skip


# ---- the visitor -----------------------------------------------------------------------------------------------------


def test_the_quote_comes_after_the_confirmation_to_the_panel_and_by_mail(visitor, make_form, confirm, letters):
    make_form("calculator", **KITCHEN)
    sent = visitor.send("calculator", **CHOSEN, name="Erin", total="1", base="0.01")
    assert sent.status_code == 202, sent.json
    assert visitor.state(sent).json["result"] is None
    assert letters(ERIN) == []

    assert "€8,356.56" in confirm(ERIN).text
    result = visitor.state(sent).json["result"]
    assert result["total"] == {"label": "Your kitchen, with VAT", "value": "€8,356.56"}
    assert {"label": "Fronts", "value": "Solid oak"} in result["rows"]
    assert {"label": "Length of the units", "value": "4 m"} in result["rows"]
    assert {"label": "Fitting, delivery, removal", "value": "€778.56"} in result["rows"]
    assert not any(row["label"] == "Take the old kitchen away" for row in result["rows"]), "a box that is not ticked"

    [mail] = letters(ERIN)
    assert mail.subject == "Your quote from Demo shop"
    for said in ("Kitchen island, 180 × 90 cm", "€1,682.00", "€8,356.56", "This is an estimate."):
        assert said in mail.text, said
        assert said.replace("×", "×") in mail.html, said
    confirm(ERIN)
    assert len(letters(ERIN)) == 1, "once"


def test_asking_for_a_quote_is_no_newsletter(visitor, make_form, confirm):
    make_form("calculator", **KITCHEN, newsletter=True)
    described = visitor.describe("calculator").json
    assert [(one["purpose"], one["required"]) for one in described["consents"]] == [("newsletter", False)]
    assert described["notice"]["purpose"] == "quote"
    visitor.send("calculator", **CHOSEN)
    confirm(ERIN)
    assert [one.purpose for one in spoken()] == ["quote"]


WRONG = [
    ("length", "0.5", "Enter a number from 1.5 to 10 m in steps of 0.1."),
    ("length", "4.05", "Enter a number from 1.5 to 10 m in steps of 0.1."),
    ("length", "", "Enter a number from 1.5 to 10 m in steps of 0.1."),
    ("drawers", "many", "Enter a whole number from 0 to 20."),
    ("drawers", "1e9999999999", "Enter a whole number from 0 to 20."),
    ("drawers", "NaN", "Enter a whole number from 0 to 20."),
    ("fronts", "Gold", "Choose one of the list."),
    ("fronts", "", "Choose one."),
]


def test_what_cannot_be_is_said_at_its_field(visitor, make_form):
    make_form("calculator", **KITCHEN)
    for name, typed, sentence in WRONG:
        answer = visitor.send("calculator", **{**CHOSEN, name: typed})
        assert answer.status_code == 422, typed
        assert answer.json["error"]["fields"] == {name: [sentence]}, typed


def test_numbers_may_be_typed_with_a_comma_or_in_other_digits(visitor, make_form):
    make_form("calculator", **KITCHEN)
    for typed in ("2,5", "٢٫٥", "۲٫۵"):
        assert visitor.send("calculator", **{**CHOSEN, "length": typed}).status_code == 202, typed


def test_what_cannot_be_worked_out_is_answered_with_a_sentence_and_not_stored(visitor, make_form):
    make_form("calculator", **with_results("a / b"))
    answer = visitor.send("calculator", a="1", b="0", email=ERIN)
    assert answer.status_code == 422
    assert "divided by zero" in answer.json["error"]["message"]
    make_form("calculator", slug="large", **with_results("a * a * a"))
    assert "too large" in visitor.send("large", a="999999999", b="0", email=ERIN).json["error"]["message"]
    assert count(Submission) == 0


def test_the_quote_goes_by_the_prices_that_were_seen(visitor, make_form, confirm, people):
    form = make_form("calculator", **with_results("a * 10"))
    seen = visitor.describe("calculator").json["version"]
    db.write(_set, clock.now(), people.site.id, form.public_id, with_results("a * 99"))
    visitor.send("calculator", a="2", b="0", email=ERIN, form_version=str(seen))
    assert "€20.00" in confirm(ERIN).text


def test_the_price_stays_when_the_owner_changes_it_before_the_confirmation(visitor, make_form, confirm, people):
    form = make_form("calculator", **with_results("a * 10"))
    visitor.send("calculator", a="2", b="0", email=ERIN)
    db.write(_set, clock.now(), people.site.id, form.public_id, with_results("a * 99"))
    assert "€20.00" in confirm(ERIN).text


def _set(session, now, site_id: int, public_id: str, settings: Mapping[str, Any]) -> None:
    values = {name: value for name, value in settings.items() if name != "texts"}
    for rows in ("inputs", "results"):
        values[rows] = [{**row, "label": row["label"]["en"]} for row in settings[rows]]
    operations.update(session, now, site_id=site_id, public_id=public_id, language="en", values=values)


def test_the_browser_is_given_the_checked_tree(visitor, make_form):
    make_form("calculator", **with_results("max(a, 1) / b"))
    described = visitor.describe("calculator").json
    assert described["rich"]
    assert described["compute"]
    data = described["data"]
    assert data["sheet"]["results"] == [
        {"name": "r0", "places": 2, "tree": ["div", ["max", ["value", "a"], ["number", "1"]], ["value", "b"]]}
    ]
    assert data["lines"] == [{"name": "r0", "label": "Result 0", "money": True, "places": 2, "unit": "", "main": True}]
    assert data["words"]["missing"] == "Still to fill in: {name}."
    assert data["hints"]["a"] == "Enter a number, 0 or more."


def test_the_hosted_page_works_it_out_without_scripts(client, people, make_form):
    make_form("calculator", **KITCHEN)
    path = f"/f/{people.site.key}/calculator"
    page = client.post(path, data={**CHOSEN, "act": "compute", "email": ""})
    assert page.status_code == 200
    assert "€8,356.56" in page.text
    assert "€1,682.00" in page.text
    wrong = client.post(path, data={**CHOSEN, "length": "99", "act": "compute"})
    assert "Enter a number from 1.5 to 10 m" in wrong.text
    assert "€8,356.56" not in wrong.text
    assert count(Submission) == 0


def test_operators_read_what_was_entered_and_what_it_comes_to(visitor, make_form):
    make_form("calculator", **KITCHEN)
    visitor.send("calculator", **CHOSEN)
    with db.read() as session:
        rows = operations.summary(session, session.scalars(select(Submission)).one())
    assert ("Worktop", "Granite") in rows
    assert ("Kitchen island, 180 × 90 cm", "yes") in rows
    assert rows[-1] == ("Your kitchen, with VAT", "€8,356.56")


# ---- the owner -------------------------------------------------------------------------------------------------------


def as_shown(form: Any, language: str = "en") -> dict[str, str]:
    """What the editor's page would send if nothing was changed."""
    fields: dict[str, str] = {"language": language, "form_name": form.title}

    def collect(one: Any) -> None:
        for field in one:
            if field.type == "RowsField":
                for entry in field:
                    collect(entry.form)
            elif field.type == "BooleanField":
                fields.update({field.name: "y"} if field.data else {})
            else:
                fields[field.name] = field.data if field.type == "SelectField" else field._value()

    collect(kinds.by_name("calculator").editor(form.settings, language, "Demo shop"))
    return fields


def saved(public_id: str, site_id: int) -> dict[str, Any]:
    with db.read() as session:
        return copy.deepcopy(queries.by_public_id(session, site_id, public_id).settings)


@pytest.mark.parametrize("language", i18n.LANGUAGES)
def test_saving_a_template_unchanged_leaves_its_prices_as_they_were(signed_in, make_form, people, language):
    form = make_form("calculator", **KITCHEN)
    answer = signed_in("alice").post(f"/console/forms/{form.public_id}", data=as_shown(form, language))
    assert answer.status_code == 302, answer.text
    after = saved(form.public_id, people.site.id)
    assert draft(after).sheet == draft(KITCHEN).sheet
    assert [row["label"] for row in after["inputs"]] == [row["label"] for row in KITCHEN["inputs"]]


def test_a_wrong_formula_is_marked_at_its_row_and_nothing_is_saved(signed_in, make_form, people):
    form = make_form("calculator", **KITCHEN)
    fields = {**as_shown(form), "results-1-formula": "wal * fronts", "results-0-formula": "length * fronts * 2"}
    page = signed_in("alice").post(f"/console/forms/{form.public_id}", data=fields)
    assert page.status_code == 422
    at_field = re.search(r'id="results-1-formula-problem".*?</p>', page.text, re.DOTALL)
    assert at_field
    assert "There is no field and no result called “wal”. Did you mean “wall”?" in at_field[0]
    assert "wal * fronts" in page.text, "what was typed is kept"
    assert saved(form.public_id, people.site.id)["results"] == list(KITCHEN["results"])


def test_choices_in_a_second_language_must_be_as_many(signed_in, make_form, people):
    form = make_form("calculator", **KITCHEN)
    fields = {**as_shown(form, "ar"), "inputs-1-choice_words": "واحد\nاثنان"}
    page = signed_in("alice").post(f"/console/forms/{form.public_id}", data=fields)
    assert page.status_code == 422
    assert 'id="inputs-1-choice_words-problem"' in page.text


def test_settings_that_cannot_be_computed_are_refused_by_every_way(make_form):
    with pytest.raises(Invalid) as refused:
        make_form("calculator", publish=False, **with_results("c + 1"))
    assert list(refused.value.fields) == ["results-0-formula"]
    with pytest.raises(Invalid):
        make_form("calculator", publish=False, **with_results("1", inputs=[{"type": "number", "name": "validate"}]))


def test_an_empty_calculator_is_not_published(make_form):
    with pytest.raises(Conflict, match="add a field"):
        make_form("calculator")
    with pytest.raises(Conflict, match="add a result"):
        make_form("calculator", slug="silent", **with_results())
