"""Writes the tables of the last runs, kept as build/bench/*.json, between the two marks in the README."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.bench import figures

README = Path(__file__).parent.parent.parent / "README.md"
BEGIN, END = "<!-- benchmarks: begin -->\n", "<!-- benchmarks: end -->\n"


def run() -> int:
    """0 once the README holds the tables; 1 when it has no place for them, or nothing was run."""
    kept = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(figures.RESULTS.glob("*.json"))]
    before, _begin, rest = README.read_text(encoding="utf-8").partition(BEGIN)
    _old, _end, after = rest.partition(END)
    if not kept or not _end:
        print("Nothing was run yet." if not kept else f"{README.name} has no place for the tables.")
        return 1
    tables = "\n".join(_table(one) for one in kept)
    README.write_text(f"{before}{BEGIN}\n{tables}\n{END}{after}", encoding="utf-8")
    return 0


def _table(one: dict[str, Any]) -> str:
    rows = [
        f"**{one['name']}**: `{one['command']}`, {one['date']}, {one['machine']}\n",
        "| | median | | ratio | should reach |",
        "|---|---:|---|---|---|",
    ]
    for figure in one["figures"]:
        part = "" if figure["ratio"] is None else f"{figure['ratio']:.2f} of {figure['of']}"
        rows.append(
            f"| {figure['name']} | {figures.shown(figure['median'])} | {figure['unit']} | {part} | {figure['reach']} |"
        )
    return "\n".join(rows) + "\n"
