"""Formulas: what they come to, to the last cent, and what is refused with a sentence.

calculator_vectors.json is run by the browser's tests as well, over the trees in it.
"""

from __future__ import annotations

import ast
import json
import math
import re
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadcapture.errors import Invalid
from leadcapture.forms.kinds.calculator import rules
from leadcapture.forms.kinds.calculator.evaluation import Failure, Sheet, amount, evaluate
from leadcapture.forms.kinds.calculator.sheet import draft
from tests.forms.kinds.hostile_formulas import HOSTILE

FILE = json.loads((Path(__file__).parent / "calculator_vectors.json").read_text(encoding="utf-8"))
WORLDS, VECTORS = FILE["worlds"], FILE["vectors"]


def with_answer(vector: dict[str, Any]) -> Sheet:
    """The sheet of the vector's world with its formula as the result `answer`."""
    world, places = WORLDS[vector["world"]]["settings"], vector.get("places")
    show = "hidden" if places is None else "number"
    row = {"name": "answer", "formula": vector["formula"], "show": show, "places": places}
    made = draft({**world, "results": [*world["results"], row]})
    assert made.problems == [], vector
    return made.sheet


def test_there_are_enough_vectors():
    assert len({(v["world"], v["formula"], json.dumps(v["inputs"])) for v in VECTORS}) >= 200


def test_every_vector_comes_to_its_value():
    for vector in VECTORS:
        sheet = with_answer(vector)
        assert sheet["results"][-1]["tree"] == vector["tree"], vector
        assert {**sheet, "results": sheet["results"][:-1]} == WORLDS[vector["world"]]["sheet"]
        found = evaluate(sheet, vector["inputs"])["answer"]
        if "fails" in vector:
            assert isinstance(found, Failure), vector
            assert (found.code, found.name) == (vector["fails"], vector["at"]), vector
        else:
            said = str(found) if isinstance(found, Fraction) else found
            assert said == vector["gives"], vector
            assert type(said) is type(vector["gives"]), vector


def rounding(how):
    def rounded(value, places=0):
        scale = Fraction(10) ** places
        return (-1 if value < 0 else 1) * Fraction(how(abs(value) * scale)) / scale

    return rounded


PYTHON = {
    "F": Fraction,
    "IF": lambda condition, then, otherwise: then if condition else otherwise,
    "min": min,
    "max": max,
    "round": rounding(lambda value: math.floor(value + Fraction(1, 2))),
    "roundup": rounding(math.ceil),
    "rounddown": rounding(math.floor),
}


def test_the_vectors_agree_with_python_itself():
    """An independent reckoning: the formula, its numbers made fractions, run by Python."""
    checked = 0
    for vector in VECTORS:
        if vector["world"] not in ("plain", "numbers") or "fails" in vector or '"' in vector["formula"]:
            continue
        code = re.sub(r"\bif\(", "IF(", vector["formula"])
        code = re.sub(r"(?<![\w.])(\d+\.?\d*|\.\d+)", r"F('\1')", code)
        code = re.sub(r"(?<![<>!=])=(?!=)", "==", code)
        inputs = {name: Fraction(text.strip() or 0) for name, text in vector["inputs"].items()}
        try:
            value = eval(code, {**PYTHON, **inputs})
        except (SyntaxError, NameError, TypeError, ZeroDivisionError):
            continue  # what is written our way alone (×, IF, true), or needs its branches left alone
        if vector["places"] is not None:
            value = PYTHON["round"](value, vector["places"])
        assert str(value) == str(vector["gives"]) or value is vector["gives"], vector
        checked += 1
    assert checked >= 150


# ---- random formulas: the text and its value are made together -------------------------------------------------------

Made = tuple[str, Fraction]
LITERALS = st.decimals(min_value=0, max_value=9999, places=2).map(lambda number: (f"{number:f}", Fraction(number)))


def _combined(parts: st.SearchStrategy[Made]) -> st.SearchStrategy[Made]:
    def joined(one: Made, sign: str, other: Made) -> Made:
        (left, x), (right, y) = one, other
        if sign == "/" and y == 0:
            sign = "+"
        value = {"+": x + y, "-": x - y, "*": x * y}.get(sign) if sign != "/" else x / y
        return f"({left} {sign} {right})", value

    def chosen(one: Made, sign: str, other: Made, then: Made, otherwise: Made) -> Made:
        (left, x), (right, y) = one, other
        holds = {"<": x < y, "<=": x <= y, ">": x > y, ">=": x >= y, "=": x == y, "<>": x != y}[sign]
        return f"if({left} {sign} {right}, {then[0]}, {otherwise[0]})", (then if holds else otherwise)[1]

    def outermost(name: str, some: list[Made]) -> Made:
        values = [value for _text, value in some]
        return f"{name}({', '.join(text for text, _value in some)})", min(values) if name == "min" else max(values)

    def rounded(name: str, one: Made, places: int) -> Made:
        return f"{name}({one[0]}, {places})", PYTHON[name](one[1], places)

    return st.one_of(
        st.builds(joined, parts, st.sampled_from("+-*/"), parts),
        st.builds(lambda one: (f"-({one[0]})", -one[1]), parts),
        st.builds(chosen, parts, st.sampled_from(["<", "<=", ">", ">=", "=", "<>"]), parts, parts, parts),
        st.builds(outermost, st.sampled_from(["min", "max"]), st.lists(parts, min_size=1, max_size=3)),
        st.builds(rounded, st.sampled_from(["round", "roundup", "rounddown"]), parts, st.integers(-3, 6)),
    )


@settings(max_examples=60, deadline=None)
@given(st.recursive(LITERALS, _combined, max_leaves=8), st.integers(0, 4))
def test_any_formula_is_computed_exactly(made: Made, places: int):
    text, value = made
    row = {"name": "answer", "formula": text, "show": "number", "places": places}
    drawn = draft({"results": [row]})
    assert drawn.problems == []
    found = evaluate(drawn.sheet, {})["answer"]
    if isinstance(found, Failure):
        assert found.code == "too_large"
        return
    assert found == PYTHON["round"](value, places)
    assert Fraction(amount(found, places)) == found


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from([*"ab19.\"'()+-*/<>=!,_ \né", "if", "and", "not ", "else", "round("])).map("".join))
def test_whatever_is_typed_is_read_or_refused_with_a_sentence(text: str):
    try:
        rules.check(rules.read(text), rules.Scope({"a": "number"}, {}, {}, {}, {}))
    except Invalid as error:
        assert error.message  # noqa: PT017 both ways are fine, but a refusal has words


# ---- what is refused -------------------------------------------------------------------------------------------------

SHOP = {
    "inputs": [
        {"type": "number", "name": "width", "min": "1", "max": "300"},
        {"type": "select", "name": "wood", "choices": "Oak = 120\nPine = 80"},
        {"type": "select", "name": "colour", "choices": "Red\nBlue"},
        {"type": "checkbox", "name": "island", "price": "500"},
        {"type": "checkbox", "name": "lift", "price": None},
    ],
    "tables": [{"name": "freight", "lines": "0 = 5\n10 = 3"}, {"name": "oil", "lines": "Oak = 1"}],
}


def refusal(formula: str, show: str = "hidden") -> str:
    """What is said at the formula."""
    problems = draft({**SHOP, "results": [{"name": "total", "formula": formula, "show": show}]}).problems
    assert [(one.rows, one.row, one.field) for one in problems] == [("results", 0, "formula")], formula
    return problems[0].sentence


@pytest.mark.parametrize(
    ("formula", "sentence"),
    [
        ("widht * 2", "There is no field and no result called “widht”. Did you mean “width”?"),
        ("", "Write a formula."),
        ("width *", "The formula breaks off: something is missing at its end."),
        ("width 2", "This cannot be read from “2” on."),
        ("(width + 1", "A bracket is not closed."),
        ("width + 1)", "There is a closing bracket too many."),
        ("0,5 * width", "A comma stands between the values of a function only; write decimals with a point."),
        ("colour * 2", "“colour” has no prices to reckon with: write them behind its choices, Oak = 120."),
        ("lift * 2", "“lift” is yes or no where a number is needed: write if(lift, 100, 0), say."),
        ("(width > 2) + 1", "“width > 2” is yes or no where a number is needed: write if(width > 2, 100, 0), say."),
        ("if(width, 1, 2)", "“width” is a number where yes or no is needed: compare it, as in width > 0."),
        ('"Oak" + 1', '“"Oak"” is a text where a number is needed.'),
        ('wood = "Oka"', "“wood” has no choice “Oka”. Did you mean “Oak”?"),
        ('width = "Oak"', '“"Oak"” is a text where a number is needed.'),
        ("if(lift, 1)", "Write if(condition, then, otherwise)."),
        ("sqrt(width)", "There is no function “sqrt”."),
        ("width(2)", "There is no function “width”."),
        ("max()", "Write max(…, …) with at least one value."),
        ("round(width, wood)", "Write round(value, places); places is a number from -6 to 6."),
        ("lookup(fright, width)", "There is no table “fright”. Did you mean “freight”?"),
        ("lookup(oil, wood)", "The table “oil” has no line for “Pine”."),
        ("lookup(oil, width)", "“width” is no text, and texts compare with choices and texts only."),
        ("freight * 2", "“freight” is a table: write lookup(freight, …)."),
        ("min * 2", "“min” is a function: write brackets behind it."),
        ("width ** 2", None),
        ("width % 2", "“%” has no meaning in a formula."),
        ("'Oak", 'A text is not closed: write it between two quotation marks, such as "Oak".'),
        ("total + 1", "This goes round in a circle: total → total."),
    ],
)
def test_a_wrong_formula_is_refused_where_it_stands(formula: str, sentence: str | None):
    said = refusal(formula)
    assert said == sentence if sentence else said


def test_only_a_number_can_be_shown():
    assert "only numbers can be shown" in refusal("width > 2", show="money")
    assert "only numbers can be shown" in refusal("colour", show="number")


def test_a_circle_is_refused_and_named():
    rows = [
        {"name": "price", "formula": "wage + 1", "show": "money"},
        {"name": "wage", "formula": "share * 2", "show": "hidden"},
        {"name": "share", "formula": "price / 10", "show": "hidden"},
    ]
    problems = draft({"results": rows}).problems
    assert "This goes round in a circle: price → wage → share → price." in [one.sentence for one in problems]
    assert {one.row for one in problems} == {0, 1, 2}


def test_results_may_use_each_other_in_any_order():
    rows = [
        {"name": "total", "formula": "net + tax", "show": "money"},
        {"name": "tax", "formula": "net * 0.19", "show": "money"},
        {"name": "net", "formula": "3 * 0.35", "show": "money"},
    ]
    made = draft({"results": rows, "currency": "EUR"})
    assert [result["name"] for result in made.sheet["results"]] == ["net", "tax", "total"]
    assert evaluate(made.sheet, {})["total"] == Fraction("1.25"), "1.05 and 0.20 (0.1995 as it is shown)"


def test_money_has_the_decimals_of_its_currency():
    def price(currency: str) -> Any:
        row = {"name": "price", "formula": "1234.5678", "show": "money"}
        return evaluate(draft({"results": [row], "currency": currency}).sheet, {})["price"]

    assert [price(code) for code in ("EUR", "JPY", "KWD")] == [Fraction("1234.57"), 1235, Fraction("1234.568")]


@pytest.mark.parametrize(
    ("rows", "row", "at"),
    [
        ("inputs", {"type": "number", "name": "1st"}, "name"),
        ("inputs", {"type": "number", "name": "round"}, "name"),
        ("inputs", {"type": "number", "name": "width"}, "name"),
        ("inputs", {"type": "number", "name": "x", "min": "5", "max": "4"}, "max"),
        ("inputs", {"type": "number", "name": "x", "step": "0"}, "step"),
        ("inputs", {"type": "number", "name": "x", "min": "0", "step": "5", "default": "7"}, "default"),
        ("inputs", {"type": "slider", "name": "x", "min": "5"}, "max"),
        ("inputs", {"type": "select", "name": "x", "choices": "Oak"}, "choices"),
        ("inputs", {"type": "select", "name": "x", "choices": "Oak = 1\nOak = 2"}, "choices"),
        ("inputs", {"type": "select", "name": "x", "choices": "Oak = 1\nPine"}, "choices"),
        ("inputs", {"type": "select", "name": "x", "choices": "Oak = much\nPine = 1"}, "choices"),
        ("inputs", {"type": "radio", "name": "x", "choices": "Oak = 1\nPine = 2", "default": "Elm"}, "default"),
        ("tables", {"name": "x", "lines": ""}, "lines"),
        ("tables", {"name": "x", "lines": "10"}, "lines"),
        ("tables", {"name": "x", "lines": "10 = 1\n10.0 = 2"}, "lines"),
        ("tables", {"name": "x", "lines": "10 = 1e9"}, "lines"),
        ("results", {"name": "x", "formula": "1", "show": "hidden", "main": True}, "main"),
    ],
)
def test_what_is_wrong_with_a_row_is_said_at_its_field(rows, row, at):
    problems = draft({**SHOP, rows: [*SHOP.get(rows, []), row]}).problems
    assert [(one.rows, one.row, one.field) for one in problems] == [(rows, len(SHOP.get(rows, [])), at)]
    assert problems[0].sentence.endswith((".", "?"))


# ---- hostile formulas ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("formula", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_formula_is_refused_with_a_short_sentence(formula: str):
    assert len(refusal(formula)) < 200


@pytest.mark.parametrize(
    "what",
    ["deep brackets", "brackets just too deep", "thousands of operators", "a million characters", "a giant number"],
)
def test_limits_are_kept_before_anything_is_parsed(what: str, monkeypatch: pytest.MonkeyPatch):
    def never(*_: Any, **__: Any) -> None:
        raise AssertionError("the parser was asked")

    monkeypatch.setattr(ast, "parse", never)
    with pytest.raises(Invalid):
        rules.read(HOSTILE[what])


def test_a_formula_that_is_too_long_is_not_even_cut_into_words(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(rules, "_words", None)
    with pytest.raises(Invalid, match="at most 1000 characters"):
        rules.read("1" * 1001)


def test_the_parser_sees_neither_names_nor_literals(monkeypatch: pytest.MonkeyPatch):
    seen: list[str] = []
    parse = ast.parse
    monkeypatch.setattr(ast, "parse", lambda source, **kw: seen.append(source) or parse(source, **kw))
    rules.read("lambda_ * 99999 + max('x', import_)")
    assert seen == ["_0 * _2 + _4 ( _6 , _8 )"]


def test_the_largest_formula_allowed_is_computed():
    text = "+".join(["1"] * 90)
    made = draft({"results": [{"name": "total", "formula": text, "show": "hidden"}]})
    assert made.problems == []
    assert evaluate(made.sheet, {})["total"] == 90
