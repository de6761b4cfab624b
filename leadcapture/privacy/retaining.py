"""What is over its days goes: by the job, a small batch a transaction, or at a word of the owner; and what would go.

Any number of workers may run it and any may be killed: what is gone is due no more, and nothing else is remembered.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from leadcapture import db
from leadcapture.chat import files, forgetting
from leadcapture.consent.rules import moment_of
from leadcapture.privacy import retention
from leadcapture.privacy.retention import Batch, Kind, Part
from leadcapture.sites import queries as sites
from leadcapture.sites import retention_settings
from leadcapture.sites.models import Site
from leadcapture.sites.retention_settings import Retention

log = logging.getLogger("leadcapture.privacy")

AT_ONCE = 200  # rows in a transaction
MOST_COUNTED = 10_000  # rows of one part that a dry run counts
SHOWN = 5  # rows that a dry run names
# What went out of these was searched for by its words.
SEARCHED = {
    ("messages", "messages"),
    ("conversations_closed", "conversations"),
    ("held", "conversations"),
    ("contacts_inactive", "contacts"),
}


@dataclass(frozen=True)
class Found:
    """What of one part is over its days: how many rows (MOST_COUNTED + 1: more than that), the age of the oldest of
    these (None: there is none), and the public ids of the first."""

    part: Part
    count: int
    oldest: datetime | None
    first: list[str]


@dataclass(frozen=True)
class Over:
    """What of one kind of data would go now; nothing where it is kept for ever (`days` 0)."""

    kind: Kind
    days: int
    found: list[Found]

    @property
    def count(self) -> int:
        """How many rows of all parts."""
        return sum(one.count for one in self.found)


def dry_run(session: Session, now: datetime, site: Site, settings: Retention | None = None) -> list[Over]:
    """What a run would remove now, kind by kind; by other `settings` than the site's, to try them."""
    kept = settings or retention_settings.of(site)
    return [_over(session, now, site, kind, getattr(kept, kind.name)) for kind in retention.KINDS]


def run(now: datetime, site_id: int) -> dict[tuple[str, str], int]:
    """Remove what is over its days on that site; how many rows went, by the names of the kind and its part."""
    gone: dict[tuple[str, str], int] = {}
    with db.read() as session:
        due = _due_parts(session, now, sites.by_id(session, site_id))
    for kind, part in due:
        last: Any = None
        while numbers := db.write(remove_some, now, site_id=site_id, kind=kind, part=part, after=last):
            gone[kind.name, part.name] = gone.get((kind.name, part.name), 0) + len(numbers)
            last = max(numbers)
    if gone.keys() & SEARCHED:
        forgetting.purge_index(now)
        files.sweep_due(now)
    if gone:
        log.info("retention: %s", ", ".join(f"{number} {kind}/{part}" for (kind, part), number in gone.items()))
    return gone


def due(now: datetime) -> None:
    """The job: remove what is over its days, site by site."""
    with db.read() as session:
        site_ids = [site.id for site in sites.every(session)]
    for site_id in site_ids:
        run(now, site_id)


def remove_some(
    session: Session, now: datetime, *, site_id: int, kind: Kind, part: Part, after: int | None
) -> Sequence[int]:
    """Remove the next rows of that part, past the number `after`; their numbers, none when all are gone."""
    site = sites.by_id(session, site_id)
    days = getattr(retention_settings.of(site), kind.name)
    if not days:
        return []
    before = now - timedelta(days=days)
    wanted = part.due(site_id, before)
    number = wanted.selected_columns.number
    wanted = wanted.with_only_columns(number).order_by(number).with_for_update(of=part.table, skip_locked=True)
    if after is not None:
        wanted = wanted.where(number > after)
    numbers = session.scalars(wanted.limit(AT_ONCE)).all()
    if numbers:
        part.remove(Batch(session, now, site, before, numbers))
    return numbers


def _due_parts(session: Session, now: datetime, site: Site) -> list[tuple[Kind, Part]]:
    """The parts of which something is over its days: mostly none, and then nothing is written."""
    kept = retention_settings.of(site)
    days = [(kind, part, getattr(kept, kind.name)) for kind in retention.KINDS for part in kind.parts]
    return [
        (kind, part)
        for kind, part, number in days
        if number and session.execute(part.due(site.id, now - timedelta(days=number)).limit(1)).first()
    ]


def _over(session: Session, now: datetime, site: Site, kind: Kind, days: int) -> Over:
    if not days:
        return Over(kind, 0, [])
    before = now - timedelta(days=days)
    return Over(kind, days, [_found(session, part, part.due(site.id, before).subquery()) for part in kind.parts])


def _found(session: Session, part: Part, rows: Any) -> Found:
    some = select(rows.c.at).limit(MOST_COUNTED + 1).subquery()
    count, oldest = session.execute(select(func.count(), func.min(some.c.at)).select_from(some)).one()
    if not count:
        return Found(part, 0, None, [])
    first = session.scalars(select(rows.c.public_id).order_by(rows.c.number).limit(SHOWN)).all()
    return Found(part, count, moment_of(oldest) if isinstance(oldest, str) else oldest, list(first))
