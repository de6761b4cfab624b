"""`python -m tests.bench [NAME…]`: runs the benchmarks, prints each as a table with ratios to its bare reference, and
keeps it as build/bench/NAME.json.

Those in NAMED take long or fetch something, and TRIALS try a thousand times what must hold and compare nothing: they
run only when they are named. `readme` writes the kept tables into the README.

Speed is measured here and asserted nowhere: the ratios of one run can be trusted, absolute figures are the machine's.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from tests.bench import (
    calculator,
    contacts,
    coupons,
    draw,
    figures,
    forms,
    hostpage,
    idle,
    imports,
    inbox,
    ledger,
    mail,
    memory,
    readme,
    relay,
    smtp,
    spam,
    trials,
)
from tests.bench.figures import Figure

BENCHMARKS: dict[str, Callable[[], list[Figure]]] = {
    "relay": relay.run,
    "idle": idle.run,
    "forms": forms.run,
    "mail": mail.run,
    "contacts": contacts.run,
    "hostpage": hostpage.run,
    "memory": memory.run,
    "coupons": coupons.run,
    "calculator": calculator.run,
    "draw": draw.run,
    "inbox": inbox.run,
    "imports": imports.run,
    "ledger": ledger.run,
}
NAMED: dict[str, Callable[[], list[Figure]]] = {"spam": spam.run}
TRIALS: dict[str, Callable[[], int]] = {
    "hostile": trials.hostile,
    "drops": trials.drops,
    "kills": trials.kills,
    "smtp": smtp.run,
    "replays": trials.replays,
    "readme": readme.run,
}


def main(names: list[str]) -> int:
    """0 when all ran, 1 when a trial failed, 2 for a name that is none."""
    known = BENCHMARKS | NAMED
    unknown = [name for name in names if name not in known and name not in TRIALS]
    if unknown:
        print(f"no benchmark called {', '.join(unknown)}; there are: {', '.join([*known, *TRIALS])}", file=sys.stderr)
        return 2
    failed = False
    for name in names or BENCHMARKS:
        if name in TRIALS:
            failed |= TRIALS[name]() != 0
        else:
            figures.report(name, known[name](), figures.about(name))
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
