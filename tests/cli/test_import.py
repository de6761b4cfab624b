"""`leadcapture contacts import`: what it says, what it changes, and how it ends."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner, Result

from leadcapture import db, uploads
from leadcapture.contacts import queries as contacts
from leadcapture.imports import queries
from leadcapture.imports.commands import import_contacts
from leadcapture.settings import Settings

ORIGIN = """
source = "a tool"
collected = 2024-06-01
proof = true
statement = "I agree."
purpose = "newsletter"
"""


@pytest.fixture
def run(people: SimpleNamespace, settings: Settings, tmp_path: Path) -> Any:
    """Runs the command on this file; `--site`, and `--provenance` with ORIGIN, are given."""

    def invoke(table: str, *arguments: str, origin: str = ORIGIN) -> Result:
        (tmp_path / "people.csv").write_text(table)
        (tmp_path / "origin.toml").write_text(origin)
        told = ["--site", people.site.key, str(tmp_path / "people.csv"), "--provenance", str(tmp_path / "origin.toml")]
        return CliRunner().invoke(import_contacts, [*told, *arguments], obj=lambda: settings)

    return invoke


TABLE = "Mail,When,Town\nanna@example.org,2024-05-31,Berlin\nnonsense,,\n"
MAPPING = ("--mapping", "email=Mail,consent_at=2", "--mapping", "attribute:town=town")


def test_a_dry_run_says_what_would_happen_and_leaves_nothing(run: Any, people: SimpleNamespace) -> None:
    done = run(TABLE, *MAPPING, "--dry-run")
    assert done.exit_code == 0, done.output
    assert "1  new" in done.output
    assert "1  This is no e-mail address." in done.output
    with db.read() as session:
        assert contacts.count(session, people.site.id) == 0
        assert queries.page(session, people.site.id)[0] == []
    assert list(uploads._uploads().glob("[0-9a-f]*")) == []


def test_people_are_imported_and_the_report_is_written(run: Any, people: SimpleNamespace, tmp_path: Path) -> None:
    done = run(TABLE, *MAPPING, "--report", str(tmp_path / "report.csv"))
    assert done.exit_code == 0, done.output
    lines = (tmp_path / "report.csv").read_text().splitlines()
    assert lines[1:] == ["1,anna@example.org,new,", "2,nonsense,invalid,This is no e-mail address."]
    with db.read() as session:
        anna = contacts.by_email(session, people.site.id, "anna@example.org")
        assert anna.attributes == {"town": "Berlin"}


@pytest.mark.parametrize("mapping", ["email", "email=Nowhere", "name=Mail", "shoe=Mail", "email=Mail,email=When"])
def test_a_mapping_that_will_not_do_is_wrong_usage(run: Any, mapping: str) -> None:
    done = run(TABLE, "--mapping", mapping)
    assert done.exit_code == 2
    assert "--mapping" in done.output
    assert not list(uploads._uploads().glob("[0-9a-f]*"))


@pytest.mark.parametrize(
    "origin", ["x", "shoe = 1", 'source = "a"', "proof = true", ORIGIN + 'evidence = "nowhere.pdf"', "proof = false"]
)
def test_an_origin_that_will_not_do_changes_nothing(run: Any, people: SimpleNamespace, origin: str) -> None:
    assert run(TABLE, origin=origin).exit_code == 1
    with db.read() as session:
        assert queries.page(session, people.site.id)[0] == []
    assert not list(uploads._uploads().glob("[0-9a-f]*"))
