"""`leadcapture contest`: draw the winners, and check what was published of a draw."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from leadcapture import clock, db
from leadcapture.errors import Invalid
from leadcapture.forms import queries as forms
from leadcapture.forms.kinds.contest import draw as arithmetic
from leadcapture.forms.kinds.contest import operations, outcomes, queries
from leadcapture.sites import queries as sites


@click.group()
def contest() -> None:
    """Contests with a prize draw."""


@contest.command()
@click.option("--site", "site_key", required=True, help="The site's key.")
@click.option("--form", "slug", required=True, help="The form's slug, as in its address.")
@click.option("--beacon", default="", help="The public value that the rules name, when they name one.")
@click.pass_obj
def draw(connect: Callable[[], Any], site_key: str, slug: str, beacon: str) -> None:
    """Draw the winners of a contest that has closed. Reveals the seed; winners and owner are told by mail."""
    connect()
    with db.read() as session:
        site = sites.by_key(session, site_key)
        form = forms.by_slug(session, site.id, slug)
    drawn = db.write(operations.draw_winners, clock.now(), site_id=site.id, public_id=form.public_id, beacon=beacon)
    with db.read() as session:
        record = queries.published(session, clock.now(), drawn, form)
    for winner in record["winners"]:
        click.echo(
            f"{outcomes.prize_words(drawn.terms, winner['prize'])}: place {winner['index'] + 1}, {winner['leaf']}"
        )
    click.echo(f"{len(record['winners'])} of {record['count']} entries have won. Seed: {record['seed']}")


@contest.command()
@click.argument("record", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--entry",
    "entry",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="What an entrant got by mail: checked beside it.",
)
def verify(record: Path, entry: Path | None) -> None:
    """Check the published record of a draw (draw.json of its page). Needs no database and no network."""
    published = _read(record)
    problems = arithmetic.problems(published)
    if entry is not None:
        problems += arithmetic.entry_problems(published, _read(entry))
    if problems:
        raise Invalid(" ".join(problems))
    held = {
        "drawn": "seed, list, winners and alternates fit together",
        "closed": "terms and list are whole, nothing is drawn yet",
    }
    click.echo(
        f"All of it holds: {held.get(published['state'], 'the terms are whole, nothing else is published yet')}."
    )


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise Invalid(f"{path} is no JSON that can be read ({error}).") from error


commands: list[click.Command] = [contest]
