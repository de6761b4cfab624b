"""`python -m tests.bench [NAME]`: runs the benchmarks and prints each as a table with ratios to the bare reference.
`drops` and `replays`, which try a thousand times what must hold and compare nothing, and `spam`, which fetches a
corpus, run only when they are named.

Speed is measured here and asserted nowhere: the ratios of one run can be trusted, absolute figures are the machine's.
"""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench import calculator, coupons, draw, drops, forms, imports, inbox, ledger, relay, replays, spam

BENCHMARKS: dict[str, Callable[[], dict[str, list[float]]]] = {
    "relay": relay.run,
    "forms": forms.run,
    "coupons": coupons.run,
    "calculator": calculator.run,
    "draw": draw.run,
    "inbox": inbox.run,
    "imports": imports.run,
    "ledger": ledger.run,
}
NAMED = {"spam": spam.run}
TRIALS = {"drops": drops.run, "replays": replays.run}
RESULTS = Path(__file__).parent.parent.parent / "build" / "bench"


def main(names: list[str]) -> int:
    if len(names) == 1 and names[0] in TRIALS:
        return TRIALS[names[0]]()
    known = BENCHMARKS | NAMED
    unknown = [name for name in names if name not in known]
    if unknown:
        print(f"no benchmark called {', '.join(unknown)}; there are: {', '.join([*known, *TRIALS])}", file=sys.stderr)
        return 2
    for name in names or BENCHMARKS:
        report(name, known[name]())
    return 0


def report(name: str, rates: dict[str, list[float]]) -> None:
    """Print the medians of each variant and their ratio to the first, the bare reference; keep them as JSON too."""
    reference = statistics.median(next(iter(rates.values())))
    table = Table(title=f"{name} (median of {len(next(iter(rates.values())))} rounds)", title_justify="left")
    for column in ("variant", "per second", "of the bare reference"):
        table.add_column(column, justify="left" if column == "variant" else "right")
    medians = {variant: statistics.median(values) for variant, values in rates.items()}
    for variant, median in medians.items():
        table.add_row(variant, f"{median:,.0f}", f"{median / reference:.2f}")
    Console().print(table)
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps({"rounds": rates, "medians": medians}, indent=2))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
