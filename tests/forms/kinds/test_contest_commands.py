"""`leadcapture contest`: draws once, and tells a whole record from a forged one by its exit code and one line."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from leadcapture import clock, db
from leadcapture.cli import leadcapture

from .test_contest import Fair, begin, letters
from .test_contest_draw import entry_of, flipped, published

Run = Callable[..., Result]


@pytest.fixture
def run(environ: dict[str, str]) -> Run:
    return lambda *arguments: CliRunner().invoke(leadcapture, arguments, env=environ)


@pytest.fixture
def closed(app, people, environ) -> Fair:
    fair = begin(people, beacon="The weather of New Year")
    for n in range(4):
        fair.enter(f"visitor{n}@example.net")
    fair.set(closes_at=clock.now() - timedelta(seconds=1))
    return fair


def refused(done: Result, code: int = 1) -> str:
    """The one line on standard error of a command that must end with that exit code."""
    assert done.exit_code == code, done.output
    if code == 1:
        assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    return done.stderr


def saved(folder: Path, name: str, record: Any) -> str:
    path = folder / name
    path.write_text(json.dumps(record), encoding="utf-8")
    return str(path)


def test_a_contest_is_drawn_by_command_and_what_it_published_is_whole(closed: Fair, run: Run, tmp_path: Path) -> None:
    where = ("--site", closed.people.site.key, "--form", closed.form.slug)
    assert "public value" in refused(run("contest", "draw", *where))
    drawn = run("contest", "draw", *where, "--beacon", "rain")
    assert drawn.exit_code == 0, drawn.output
    record = closed.record()
    assert record["seed"] in drawn.stdout
    assert all(winner["leaf"] in drawn.stdout for winner in record["winners"])
    assert "@" not in drawn.stdout
    assert "already" in refused(run("contest", "draw", *where, "--beacon", "rain"))
    assert letters("alice@example.org")[-1].subject.startswith("Drawn")
    assert run("contest", "verify", saved(tmp_path, "draw.json", record)).exit_code == 0


def test_an_unknown_contest_is_not_drawn(closed: Fair, run: Run) -> None:
    other = closed.people.other_site.key
    assert refused(run("contest", "draw", "--site", other, "--form", closed.form.slug))
    assert refused(run("contest", "draw", "--site", closed.people.site.key, "--form", "nothing"))
    refused(run("contest", "draw", "--form", "contest"), 2)
    with db.read():
        assert closed.contest.state == "open"


def test_a_whole_record_and_its_entries_hold(run: Run, tmp_path: Path) -> None:
    record = published(gone=(1,))
    done = run(
        "contest",
        "verify",
        saved(tmp_path, "draw.json", record),
        "--entry",
        saved(tmp_path, "entry.json", entry_of(record)),
    )
    assert (done.exit_code, done.stderr) == (0, "")
    assert "holds" in done.stdout


@pytest.mark.parametrize("what", ["entry", "seed", "count", "receipt"])
def test_one_changed_bit_is_named_in_one_line(run: Run, tmp_path: Path, what: str) -> None:
    record = published()
    entry = entry_of(record)
    if what == "entry":
        record["entries"][2] = flipped(record["entries"][2], 200)
    elif what == "seed":
        record["seed"] = flipped(record["seed"], 0)
    elif what == "count":
        record["count"] ^= 1
    else:
        entry["salt"] = flipped(entry["salt"], 5)
    arguments = (saved(tmp_path, "draw.json", record), "--entry", saved(tmp_path, "entry.json", entry))
    assert refused(run("contest", "verify", *arguments)).startswith("Error: ")


def test_what_is_no_record_is_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "odd.json").write_bytes(b"\xff{")
    assert "JSON" in refused(run("contest", "verify", str(tmp_path / "odd.json")))
    assert refused(run("contest", "verify", saved(tmp_path, "list.json", [1])))
    refused(run("contest", "verify", str(tmp_path / "nothing.json")), 2)
    refused(run("contest", "verify"), 2)
