"""Is the draw fair? 100,000 draws a round, each of three out of twenty; how often each entry came as first, second and
third, and each pair as the first two, against chance (Pearson's chi-square). Beside it the operating system's own
randomness, as the reference of fairness and speed alike.

The draws are the same in every run, so a fair draw never fails by bad luck.
"""

from __future__ import annotations

import hashlib
import math
import random
import time
from collections import Counter
from collections.abc import Callable
from itertools import islice

from rich.console import Console
from rich.table import Table

from leadcapture.forms.kinds.contest import draw
from tests.bench import figures, rounds
from tests.bench.figures import Figure

DRAWS = 100_000
ENTRIES = 20
TAKEN = 3
SUSPECT = 0.001  # a p-value below this says that something favours somebody


def run() -> list[Figure]:
    chance = random.SystemRandom()
    variants: dict[str, Callable[[int], list[int]]] = {
        "random.SystemRandom, nothing to verify": lambda _number: chance.sample(range(ENTRIES), TAKEN),
        "LeadCapture, verifiable": verifiable,
    }
    rates: dict[str, list[float]] = {name: [] for name in variants}
    taken: dict[str, list[tuple[int, ...]]] = {name: [] for name in variants}
    for number in range(rounds.ROUNDS):
        for name, draw_one in variants.items():
            begun = time.perf_counter()
            taken[name] += [tuple(draw_one(number * DRAWS + n)) for n in range(DRAWS)]
            rates[name].append(DRAWS / (time.perf_counter() - begun))
    show(taken)
    return figures.rates(rates)


def verifiable(number: int) -> list[int]:
    """One draw as contests do it: another seed each time, and another root as other entries would make it."""
    seed, root = (hashlib.sha256(f"{what} {number}".encode()).digest() for what in ("seed", "root"))
    return list(islice(draw.drawn(seed, b"t" * 32, root, ENTRIES, ""), TAKEN))


def show(taken: dict[str, list[tuple[int, ...]]]) -> None:
    """Print what chance says about each variant; ends the run where ours is not fair."""
    table = Table(title=f"fairness of {TAKEN} out of {ENTRIES}, chi-square", title_justify="left")
    for column in ("variant", "draws", "of", "chi-square", "freedom", "p"):
        table.add_column(column, justify="left" if column in ("variant", "of") else "right")
    worst = 1.0
    for name, draws in taken.items():
        seen = {f"rank {rank + 1}": ([one[rank] for one in draws], ENTRIES) for rank in range(TAKEN)}
        seen["first two"] = ([one[0] * ENTRIES + one[1] for one in draws], ENTRIES * (ENTRIES - 1))
        for what, (values, cells) in seen.items():
            statistic = chi_square(values, cells)
            p = p_value(statistic, cells - 1)
            table.add_row(name, f"{len(draws):,}", what, f"{statistic:.1f}", str(cells - 1), f"{p:.3f}")
            worst = min(worst, p) if name.startswith("LeadCapture") else worst
    Console().print(table)
    if worst < SUSPECT:
        raise SystemExit(f"The draw is not fair: p = {worst:.6f}.")


def chi_square(values: list[int], cells: int) -> float:
    """Pearson's statistic of values that should be spread evenly over so many cells."""
    expected, counts = len(values) / cells, Counter(values)
    return sum((count - expected) ** 2 for count in counts.values()) / expected + (cells - len(counts)) * expected


def p_value(statistic: float, freedom: int) -> float:
    """How often chance alone gives such a statistic or a greater one (Wilson and Hilferty 1931)."""
    spread = 2 / (9 * freedom)
    return math.erfc((((statistic / freedom) ** (1 / 3)) - 1 + spread) / math.sqrt(2 * spread)) / 2
