"""How fast formulas are read and checked, hostile ones refused, and a quote computed; against Python's own parser."""

from __future__ import annotations

import ast
import contextlib
import statistics
import time
from collections.abc import Callable

from leadcapture.errors import Invalid
from leadcapture.forms.kinds.calculator import presets, rules
from leadcapture.forms.kinds.calculator.evaluation import evaluate
from leadcapture.forms.kinds.calculator.sheet import draft
from tests.bench import figures
from tests.bench.figures import Figure
from tests.forms.kinds.hostile_formulas import HOSTILE

ROUNDS = 5
SECONDS = 0.02
USUAL = "max(350, 0.12 * (base + above + top)) + if(removal, 380, 0)"
SCOPE = rules.Scope({"removal": "box"}, {}, {"removal": None}, {}, dict.fromkeys(("base", "above", "top"), "number"))


def run() -> list[Figure]:
    settings = presets.KITCHEN.settings
    sheet = draft(settings).sheet
    inputs = {row["name"]: row.get("default") or "" for row in settings["inputs"]}
    work: dict[str, Callable[[], object]] = {
        "Python parses a usual formula": lambda: ast.parse(USUAL.replace("if(", "f("), mode="eval"),
        "a usual formula, read and checked": lambda: rules.check(rules.read(USUAL), SCOPE),
        "the kitchen's sheet, made": lambda: draft(settings),
        "the kitchen's quote, computed": lambda: evaluate(sheet, inputs),
        **{f"refused: {what}": (lambda text=text: _refused(text)) for what, text in HOSTILE.items()},
    }
    rates: dict[str, list[float]] = {what: [] for what in work}
    for _ in range(ROUNDS):
        for what, do in work.items():
            rates[what].append(_rate(do))
    refusals = {what: statistics.median(found) for what, found in rates.items() if what.startswith("refused")}
    slowest = min(refusals, key=refusals.__getitem__)
    print(f"{slowest}: {1000 / refusals[slowest]:.3f} ms, the slowest of {len(refusals)}")
    return figures.rates(rates)


def _refused(text: str) -> None:
    with contextlib.suppress(Invalid):
        rules.check(rules.read(text), SCOPE)
        raise AssertionError(text[:80])


def _rate(do: Callable[[], object]) -> float:
    times, began = 0, time.perf_counter()
    while (passed := time.perf_counter() - began) < SECONDS:
        do()
        times += 1
    return times / passed
