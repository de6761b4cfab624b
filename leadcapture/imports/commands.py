"""`leadcapture contacts import`: a file of people with its provenance, tried first and then imported."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import click

from leadcapture import clock, db, uploads
from leadcapture.errors import Conflict, Invalid
from leadcapture.imports import operations, queries, reading, reports, rules, running, taking
from leadcapture.imports.models import Import
from leadcapture.imports.operations import Provenance
from leadcapture.imports.wording import outcome_words, reason_words
from leadcapture.mail.delivery import worker_name
from leadcapture.sites import queries as sites

_File = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("import")
@click.option("--site", "site_key", required=True, help="The site's key.")
@click.argument("file", type=_File)
@click.option(
    "--mapping",
    "mappings",
    multiple=True,
    help="FIELD=COLUMN, by the column's name or number; repeat it or put commas between. Fields: "
    + ", ".join(rules.FIELDS)
    + ", attribute:NAME. Without it the columns' names are gone by.",
)
@click.option("--provenance", required=True, type=_File, help="TOML: source, collected, proof, statement, purpose …")
@click.option("--no-header", is_flag=True, help="The first row is a person, too.")
@click.option("--encoding", type=click.Choice(reading.ENCODINGS), help="Where the guess is wrong.")
@click.option("--dry-run", is_flag=True, help="Say what would become of the rows, and change nothing.")
@click.option(
    "--report", type=click.Path(dir_okay=False, path_type=Path), help="Where to write the report, a CSV file."
)
@click.pass_obj
def import_contacts(
    connect: Callable[[], Any],
    site_key: str,
    file: Path,
    mappings: tuple[str, ...],
    provenance: Path,
    no_header: bool,
    encoding: str | None,
    dry_run: bool,
    report: Path | None,
) -> None:
    """Import people out of a CSV file, with a proof of their consent (they become contacts) or without one (they are
    put into the quarantine). Nobody is mailed."""
    settings = connect()
    given = _provenance(provenance)
    with db.read() as session:
        site = sites.by_key(session, site_key)
    with file.open("rb") as stream:
        taken = taking.take(stream, settings.import_mb * 1_000_000)
    try:
        taken = _read_as(taken, encoding, no_header)
        mapping = _mapping(mappings, taken.header) if mappings else taken.mapping
        found = _begun(site.id, file.name, taken, mapping, given)
    except BaseException:
        uploads.drop(taken.stored)
        raise
    try:
        if dry_run:
            with _bar("Trying") as told:
                running.work(found, told)
            _say(_again(found).dry_run)
            return
        started = db.write(
            operations.start,
            clock.now(),
            site_id=site.id,
            public_id=found.public_id,
            report=reports.begin(),
            claimed_by=worker_name(),
            untried=True,
        )
        with _bar("Importing") as told:
            running.work(started, told)
    except KeyboardInterrupt:
        with suppress(Conflict):
            db.write(operations.change_state, clock.now(), site_id=site.id, public_id=found.public_id, act="pause")
        raise
    finally:
        if dry_run:
            _forget(found)
    found = _again(found)
    if report is not None and found.report:
        with report.open("wb") as written:
            written.writelines(reports.read(found.report, found.report_bytes))
    _say(found.counts)
    if found.state != "done":
        raise Conflict(found.error or f"The import is {found.state}: {found.row_no} rows are done.")


def _read_as(taken: taking.Taken, encoding: str | None, no_header: bool) -> taking.Taken:
    """The file as it reads in that encoding, with or without a first row that names the columns."""
    if encoding is None and not no_header:
        return taken
    path = uploads.path_of(taken.stored)
    shape = reading.shaped(path, encoding) if encoding else taken.shape
    shape = replace(shape, header=shape.header and not no_header)
    header, mapping = taking.columns(path, shape)
    return replace(taken, shape=shape, header=header, mapping=mapping)


def _begun(site_id: int, name: str, taken: taking.Taken, mapping: Mapping[int, str], given: Provenance) -> Import:
    """The import, claimed by this process from the beginning: no job takes it away."""
    evidence = None
    source = given.evidence and given.evidence.get("path")
    if source:
        with Path(source).open("rb") as stream:
            evidence, described = taking.take_evidence(stream, Path(source).name)
        given = replace(given, evidence=described)

    def all_of_it(session: Any) -> Import:
        now = clock.now()
        made = operations.create(
            session,
            now,
            site_id=site_id,
            operator_id=None,
            name=name,
            stored=taken.stored,
            size=taken.size,
            shape=taken.shape,
            header=taken.header,
            mapping=mapping,
        )
        public_id, shape, header = made.public_id, taken.shape, taken.header
        operations.save_columns(
            session, now, site_id=site_id, public_id=public_id, shape=shape, header=header, mapping=mapping
        )
        return operations.save_provenance(
            session,
            now,
            site_id=site_id,
            public_id=public_id,
            given=given,
            evidence=evidence,
            claimed_by=worker_name(),
        )

    try:
        return db.write(all_of_it)
    except BaseException:
        if evidence:
            uploads.drop(evidence)
        raise


def _again(found: Import) -> Import:
    with db.read() as session:
        again = queries.by_public_id(session, found.site_id, found.public_id)
    if again.state == "failed":
        raise Conflict(again.error)
    return again


def _forget(found: Import) -> None:
    """A file that was only tried leaves nothing behind."""
    for stored in db.write(operations.forget, clock.now(), site_id=found.site_id, public_id=found.public_id):
        uploads.drop(stored)


def _mapping(given: tuple[str, ...], header: list[str]) -> dict[int, str]:
    mapping = {}
    for one in (part for text in given for part in text.split(",")):
        field, equals, column = one.partition("=")
        if not equals:
            raise click.BadParameter(f"“{one}” is not FIELD=COLUMN.", param_hint="--mapping")
        named = [name.strip().casefold() for name in header]
        if column.strip().casefold() in named:
            number = named.index(column.strip().casefold())
        elif column.strip().isdigit() and 1 <= int(column) <= max(len(header), rules.MOST_COLUMNS):
            number = int(column) - 1
        else:
            raise click.BadParameter(f"There is no column “{column}”.", param_hint="--mapping")
        mapping[number] = field.strip()
    try:
        return rules.checked_mapping(mapping)
    except Invalid as error:
        raise click.BadParameter(error.message, param_hint="--mapping") from error


def _provenance(path: Path) -> Provenance:
    try:
        given = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Invalid(f"{path} cannot be read: {error}.") from error
    known = {"proof", "source", "collected", "statement", "purpose", "evidence"}
    if unknown := set(given) - known:
        raise Invalid(
            f"{path} names what is not asked: {', '.join(sorted(unknown))}. It asks: {', '.join(sorted(known))}."
        )
    if not isinstance(given.get("proof"), bool):
        raise Invalid(f"{path}: proof must be true (their consent can be proven) or false (then nobody is mailed).")
    collected = given.get("collected", "")
    shows = given.get("evidence")
    if shows and not (path.parent / str(shows)).is_file():
        raise Invalid(f"{path}: there is no file {shows}.")
    return Provenance(
        proof=given["proof"],
        source=str(given.get("source", "")),
        collected=collected.isoformat()[:10] if isinstance(collected, date) else str(collected),
        statement=str(given.get("statement", "")).strip(),
        purpose=str(given.get("purpose", "")).strip(),
        evidence={"path": str(path.parent / str(shows))} if shows else None,
    )


class _bar:
    """`with _bar(title) as told:` a progress bar on a terminal, nothing elsewhere."""

    def __init__(self, title: str) -> None:
        from rich.console import Console  # here, because it takes long and starting must not
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
        screen = Console(stderr=True)
        self._progress = Progress(
            *columns, TimeRemainingColumn(), console=screen, transient=True, disable=not sys.stderr.isatty()
        )
        self._task = self._progress.add_task(title, total=None)

    def __enter__(self) -> running.Told:
        self._progress.start()
        return lambda done, of: self._progress.update(self._task, completed=done, total=of)

    def __exit__(self, *_: object) -> None:
        self._progress.stop()


def _say(counts: Mapping[str, int] | None) -> None:
    counts = counts or {}
    for outcome in rules.OUTCOMES:
        if number := counts.get(outcome):
            click.echo(f"{number:>10,}  {outcome}: {outcome_words(outcome)}")
    for name, number in sorted(counts.items()):
        if name.startswith("invalid:"):
            click.echo(f"{number:>14,}  {reason_words(name.removeprefix('invalid:'))}")
    click.echo(f"{counts.get('rows', 0):>10,}  rows")
