"""Imports as tests make them: a table of rows becomes a file, is tried, and runs."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from leadcapture import clock, db, uploads
from leadcapture.imports import operations, queries, reports, running, taking
from leadcapture.imports.models import Import
from leadcapture.imports.operations import Provenance

STATEMENT = "I agree to get the newsletter of the Demo shop by mail."
EVIDENCE = {"name": "form.pdf", "size": 8, "content_type": "application/pdf", "sha256": "0" * 64}
PROOF = Provenance(True, "the shop's former newsletter tool", "2024-06-01", STATEMENT, "newsletter", EVIDENCE)
NO_PROOF = Provenance(False, "a sheet of customers", "2019-06-01")


def uploaded(site_id: int, table: str | bytes, mapping: dict[int, str] | None = None) -> Import:
    """A file that is here, with its columns told."""
    taken = taking.take(io.BytesIO(table.encode() if isinstance(table, str) else table), 10_000_000)
    made = db.write(
        operations.create,
        clock.now(),
        site_id=site_id,
        operator_id=None,
        name="people.csv",
        stored=taken.stored,
        size=taken.size,
        shape=taken.shape,
        header=taken.header,
        mapping=taken.mapping,
    )
    return db.write(
        operations.save_columns,
        clock.now(),
        site_id=site_id,
        public_id=made.public_id,
        shape=taken.shape,
        header=taken.header,
        mapping=mapping or taken.mapping,
    )


def told(found: Import, given: Provenance) -> Import:
    """Its provenance is told, and it is tried."""
    whose: dict[str, Any] = {"site_id": found.site_id, "public_id": found.public_id}
    # What shows that people agreed is not looked into here: any upload will do.
    evidence = uploads_of("evidence") if given.proof else None
    db.write(operations.save_provenance, clock.now(), **whose, given=given, evidence=evidence)
    running.due(clock.now())
    return again(found)


def started(found: Import) -> Import:
    whose: dict[str, Any] = {"site_id": found.site_id, "public_id": found.public_id}
    return db.write(operations.start, clock.now(), **whose, report=reports.begin())


def again(found: Import) -> Import:
    with db.read() as session:
        return queries.by_public_id(session, found.site_id, found.public_id)


def uploads_of(text: str) -> str:
    with uploads.received(io.BytesIO(text.encode())) as path:
        return uploads.keep(path)


def report_of(found: Import) -> list[dict[str, str]]:
    text = b"".join(reports.read(found.report or "", found.report_bytes)).decode()
    return list(csv.DictReader(io.StringIO(text, newline="")))


def outcomes(found: Import) -> list[str]:
    return [line["outcome"] for line in report_of(found)]


@pytest.fixture
def brought(people: SimpleNamespace) -> Callable[..., Import]:
    """Imports a table into the site from its upload to its end."""

    def bring(table: str | bytes | Sequence[str], given: Provenance = PROOF, **more: Any) -> Import:
        text = table if isinstance(table, str | bytes) else "email\n" + "\n".join(table)
        found = told(uploaded(people.site.id, text, **more), given)
        assert found.state == "checked", found.error
        started(found)
        running.due(clock.now())
        return again(found)

    return bring
