"""What a benchmark brings home: figures over several rounds, each perhaps a ratio of another of the same run."""

from __future__ import annotations

import json
import os
import platform
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

RESULTS = Path(__file__).parent.parent.parent / "build" / "bench"


@dataclass(frozen=True)
class Figure:
    """One figure, a value of each round. `of` is the name of the figure it is measured against; `reach` what it should
    come to, as people read it ("≥ .55", "≤ 10 ms")."""

    name: str
    unit: str
    values: Sequence[float]
    of: str | None = None
    reach: str = ""

    @property
    def median(self) -> float:
        return statistics.median(self.values)


def rates(per_second: Mapping[str, Sequence[float]]) -> list[Figure]:
    """How often a second each variant did it; the first is the bare reference of all others."""
    first = next(iter(per_second))
    return [
        Figure(name, "per second", values, of=first if name != first else None) for name, values in per_second.items()
    ]


def ratio(figure: Figure, among: Sequence[Figure]) -> float | None:
    """How many times the figure it is measured against; None where there is none, or that is nothing."""
    against = next((other.median for other in among if other.name == figure.of), None)
    return figure.median / against if against else None


def shown(value: float) -> str:
    """As people read it: three digits that mean something, no more."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.3g}"


def report(name: str, among: Sequence[Figure], about: dict[str, str]) -> None:
    """Print the figures as a table and keep them, with what is said `about` the run, as build/bench/NAME.json."""
    rounds = max(len(figure.values) for figure in among)
    table = Table(title=f"{name} (median of {rounds} round{'s'[: rounds != 1]})", title_justify="left")
    for column in ("", "median", "", "ratio", "of", "should reach"):
        table.add_column(column, justify="right" if column in ("median", "ratio") else "left")
    for figure in among:
        part = ratio(figure, among)
        table.add_row(
            figure.name,
            shown(figure.median),
            figure.unit,
            "" if part is None else f"{part:.2f}",
            figure.of or "",
            figure.reach,
        )
    # A log file, too, should have it in one line a figure.
    Console(width=max(Console().width, 160)).print(table)
    RESULTS.mkdir(parents=True, exist_ok=True)
    kept = [asdict(figure) | {"median": figure.median, "ratio": ratio(figure, among)} for figure in among]
    (RESULTS / f"{name}.json").write_text(json.dumps(about | {"figures": kept}, indent=2, ensure_ascii=False) + "\n")


def about(name: str) -> dict[str, str]:
    """What a reader needs to run it again and to judge it: the command, the machine, the day."""
    cpu = next(
        (line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")),
        platform.processor() or platform.machine(),
    )
    cores = len(os.sched_getaffinity(0))
    return {
        "name": name,
        "command": f"make bench NAME={name}",
        "machine": f"{cores} cores of {cpu}, {platform.system()}, Python {platform.python_version()}",
        "date": datetime.now(UTC).date().isoformat(),
    }


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
