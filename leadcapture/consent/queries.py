"""Reading the ledger of consents, and what holds by it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from leadcapture.consent import rules
from leadcapture.consent.heads import Checkpoint
from leadcapture.consent.models import Agreement, LedgerCheckpoint, LedgerEvent, LedgerHead
from leadcapture.contacts.models import Contact
from leadcapture.sites.models import Site


@dataclass(frozen=True)
class Entry:
    """One grant or withdrawal for one purpose, with everything that proves it (GDPR art. 7(1)). `id` is its number in
    the site's ledger, `action` grant or withdraw, `event` the ledger's word for it."""

    id: int
    public_id: str
    event: str
    action: str
    purpose: str
    statement: str  # the exact words that were shown
    statement_version: str
    method: str
    form_slug: str
    form_version: int | None
    page_url: str
    ip: str | None
    user_agent: str
    email_public_id: str | None
    email_subject: str
    email_text: str
    submission_public_id: str | None
    requested_at: datetime | None
    at: datetime  # of the confirmation, or of the withdrawal


@dataclass(frozen=True)
class LedgerRow:
    """An event as it stands in the ledger, with its leaf."""

    seq: int
    at: str
    event: str
    subject: str
    submission: str
    purpose: str
    version: str
    body: str | None
    body_salt: str | None
    body_hash: str
    trace: str | None
    trace_salt: str | None
    trace_hash: str
    prev: str
    hash: str
    leaf: str


@dataclass(frozen=True)
class Version:
    """One version of the words of a purpose, how many agree to it now, and since when the first of them does."""

    purpose: str
    version: str
    statement: str
    count: int
    first_at: datetime


def history(session: Session, contact_id: int) -> Sequence[Entry]:
    """Everything the contact agreed to and withdrew, newest first."""
    whose = session.execute(select(Contact.site_id, Contact.public_id).where(Contact.id == contact_id)).first()
    if whose is None:
        return []
    rows = session.scalars(
        select(LedgerEvent).where(
            LedgerEvent.site_id == whose.site_id,
            LedgerEvent.subject == whose.public_id,
            LedgerEvent.event.in_(rules.SPOKEN),
        )
    )
    # Put in order here: asked for the order, SQLite would read the ledger from its end to find them in it.
    return sorted(map(entry, rows), key=lambda each: each.id, reverse=True)


def granted(session: Session, contact_id: int) -> Sequence[Entry]:
    """The grants that hold now, oldest first."""
    rows = session.scalars(
        select(LedgerEvent)
        .join(Agreement, (Agreement.site_id == LedgerEvent.site_id) & (Agreement.seq == LedgerEvent.seq))
        .where(Agreement.contact_id == contact_id)
        .order_by(LedgerEvent.seq)
    )
    return [entry(row) for row in rows]


def granted_purposes(session: Session, contact_id: int) -> set[str]:
    """The purposes the contact agrees to now."""
    return set(session.scalars(select(Agreement.purpose).where(Agreement.contact_id == contact_id)))


def holds(session: Session, contact_id: int, purpose: str) -> bool:
    """Whether the contact agrees to that purpose now."""
    return session.get(Agreement, (contact_id, purpose), populate_existing=True) is not None


def agrees(contact_id: ColumnElement[Any] | InstrumentedAttribute[Any], purpose: str) -> ColumnElement[bool]:
    """As a condition on another table's column: that contact agrees to the purpose now."""
    return select(Agreement.contact_id).where(Agreement.contact_id == contact_id, Agreement.purpose == purpose).exists()


def who_agrees(purpose: str, versions: Sequence[str] | None = None) -> ColumnElement[bool]:
    """As a condition on contacts: who agrees to the purpose now, to one of these versions of it or to any."""
    mine = select(Agreement.contact_id).where(Agreement.contact_id == Contact.id, Agreement.purpose == purpose)
    return (mine if versions is None else mine.where(Agreement.version.in_(versions))).exists()


def newest_who_agree(
    session: Session, site_id: int, purpose: str, versions: Sequence[str], *, before_id: int | None, limit: int
) -> list[int]:
    """The internal ids of the newest contacts who agree to one of these versions of the purpose, before that id."""
    found: list[int] = []
    for version in versions:
        mine = select(Agreement.contact_id).where(
            Agreement.site_id == site_id, Agreement.purpose == purpose, Agreement.version == version
        )
        if before_id is not None:
            mine = mine.where(Agreement.contact_id < before_id)
        found += session.scalars(mine.order_by(Agreement.contact_id.desc()).limit(limit))
    return sorted(found, reverse=True)[:limit]


def purposes(session: Session, site_id: int) -> list[str]:
    """The purposes that somebody on the site agrees to now, in the order of their names."""
    return _distinct(session, Agreement.purpose, Agreement.site_id == site_id)


def versions_of(session: Session, site_id: int, purpose: str) -> list[str]:
    """The names of the purpose's versions that somebody agrees to now."""
    return _distinct(session, Agreement.version, Agreement.site_id == site_id, Agreement.purpose == purpose)


def count(session: Session, site_id: int, purpose: str, versions: Sequence[str]) -> int:
    """How many contacts agree to one of these versions of the purpose now."""
    mine = Agreement.site_id == site_id, Agreement.purpose == purpose, Agreement.version.in_(versions)
    return session.scalar(select(func.count()).where(*mine)) or 0


def words(session: Session, site_id: int, purpose: str, version: str) -> str:
    """What that version says, as somebody who agrees to it was shown; nothing where nobody does."""
    body = session.scalar(
        select(LedgerEvent.body)
        .join(Agreement, (Agreement.site_id == LedgerEvent.site_id) & (Agreement.seq == LedgerEvent.seq))
        .where(Agreement.site_id == site_id, Agreement.purpose == purpose, Agreement.version == version)
        .limit(1)
    )
    said: str = json.loads(body or "{}").get("statement", "")
    return said


def _distinct(session: Session, column: InstrumentedAttribute[str], *where: ColumnElement[bool]) -> list[str]:
    """The different values of a column of agreements, each found by one look into the index: there may be a million
    rows of one value."""
    found: list[str] = []
    while value := session.scalar(select(func.min(column)).where(*where, *[column > last for last in found[-1:]])):
        found.append(value)
    return found


def withdrew(contact_id: ColumnElement[Any] | InstrumentedAttribute[Any], purpose: str) -> ColumnElement[bool]:
    """As a condition on another table's column: that contact's last word on the purpose was to withdraw it."""
    said = (
        select(LedgerEvent.seq)
        .join(Contact, (Contact.site_id == LedgerEvent.site_id) & (Contact.public_id == LedgerEvent.subject))
        .where(Contact.id == contact_id, LedgerEvent.purpose == purpose, LedgerEvent.event == "withdrawn")
    )
    return said.exists() & ~agrees(contact_id, purpose)


def versions(session: Session, site_id: int) -> Sequence[Version]:
    """Every version of every statement that somebody on the site agrees to now; by purpose, the oldest first."""
    found: list[tuple[int, Version]] = []
    for purpose in purposes(session, site_id):
        for version in versions_of(session, site_id, purpose):
            # The first of them by its number, which the index leads to, and how many there are, which the index has.
            seq, first_at, body = session.execute(
                select(Agreement.seq, Agreement.at, LedgerEvent.body)
                .outerjoin(LedgerEvent, (LedgerEvent.site_id == site_id) & (LedgerEvent.seq == Agreement.seq))
                .where(Agreement.site_id == site_id, Agreement.purpose == purpose, Agreement.version == version)
                .order_by(Agreement.seq)
                .limit(1)
            ).one()
            said = json.loads(body or "{}").get("statement", "")
            found.append((seq, Version(purpose, version, said, count(session, site_id, purpose, [version]), first_at)))
    return [version for _seq, version in sorted(found, key=lambda each: (each[1].purpose, each[0]))]


def events_of(session: Session, site_id: int, contact: str) -> Sequence[LedgerRow]:
    """Every event of the contact with that public id and of the submissions it was confirmed by, oldest first."""
    known_by = subjects_of(session, site_id, [contact])
    rows = session.scalars(
        select(LedgerEvent)
        .where(LedgerEvent.site_id == site_id, LedgerEvent.subject.in_(known_by))
        .order_by(LedgerEvent.seq)
    )
    return _with_leaves(session, site_id, rows.all())


def subjects_of(session: Session, site_id: int, subjects: Sequence[str]) -> list[str]:
    """These public ids, and those of the submissions that their events speak of."""
    named = session.scalars(
        select(LedgerEvent.submission)
        .where(LedgerEvent.site_id == site_id, LedgerEvent.subject.in_(subjects), LedgerEvent.submission != "")
        .distinct()
    )
    return list(dict.fromkeys([*subjects, *sorted(named)]))


def path(session: Session, site_id: int, seq: int) -> tuple[list[str], Checkpoint | None]:
    """What proves that an event is in the ledger: the leaves from it to the next checkpoint, its own first, and that
    checkpoint. Beginning with the event's `prev`, each next hash is that of the last and the next leaf; the last one is
    the checkpoint's. With no checkpoint yet, all leaves to the end, and None."""
    signed = session.scalars(
        select(LedgerCheckpoint)
        .where(LedgerCheckpoint.site_id == site_id, LedgerCheckpoint.seq >= seq)
        .order_by(LedgerCheckpoint.seq)
        .limit(1)
    ).first()
    between = select(LedgerEvent).where(LedgerEvent.site_id == site_id, LedgerEvent.seq >= seq)
    if signed is not None:
        between = between.where(LedgerEvent.seq <= signed.seq)
    rows = session.scalars(between.order_by(LedgerEvent.seq)).all()
    return [row.leaf for row in _with_leaves(session, site_id, rows)], checkpoint_of(
        signed
    ) if signed is not None else None


def end(session: Session, site_id: int) -> tuple[int, str]:
    """How many events the site's ledger has, and the hash of the last."""
    head = session.get(LedgerHead, site_id)
    return (head.seq, head.hash) if head is not None else (0, rules.NOTHING_BEFORE)


def newest_checkpoint(session: Session, site_id: int) -> Checkpoint | None:
    """The site's last checkpoint; None while there is none."""
    found = session.scalars(
        select(LedgerCheckpoint)
        .where(LedgerCheckpoint.site_id == site_id)
        .order_by(LedgerCheckpoint.seq.desc())
        .limit(1)
    ).first()
    return checkpoint_of(found) if found is not None else None


def checkpoint_of(row: LedgerCheckpoint) -> Checkpoint:
    """The row as plain data."""
    return Checkpoint(row.seq, row.number, row.hash, row.at, row.public_key, row.signature)


def traced_before(session: Session, site_id: int, moment: datetime) -> int:
    """The number of the last event with a trace such that it and all before it are older than the moment; 0 when there
    is none."""
    traced = (LedgerEvent.site_id == site_id, LedgerEvent.trace.is_not(None))
    younger = session.scalar(select(func.min(LedgerEvent.seq)).where(*traced, LedgerEvent.at >= rules.moment(moment)))
    last = select(func.max(LedgerEvent.seq)).where(*traced)
    return session.scalar(last if younger is None else last.where(LedgerEvent.seq < younger)) or 0


def entry(row: LedgerEvent) -> Entry:
    """A grant or withdrawal of the ledger as plain data; what was erased of it is empty."""
    body: dict[str, Any] = json.loads(row.body or "{}")
    trace: dict[str, Any] = json.loads(row.trace or "{}")
    requested = body.get("requested_at")
    return Entry(
        id=row.seq,
        public_id=f"cst_{row.seq}",
        event=row.event,
        action="withdraw" if row.event == "withdrawn" else "grant",
        purpose=row.purpose,
        statement=body.get("statement", ""),
        statement_version=row.version,
        method=body.get("method", ""),
        form_slug=body.get("form_slug", ""),
        form_version=body.get("form_version"),
        page_url=body.get("page_url", ""),
        ip=trace.get("ip"),
        user_agent=trace.get("user_agent", ""),
        email_public_id=body.get("email_public_id"),
        email_subject=body.get("email_subject", ""),
        email_text=body.get("email_text", ""),
        submission_public_id=row.submission or None,
        requested_at=rules.moment_of(requested) if requested else None,
        at=rules.moment_of(row.at),
    )


def _with_leaves(session: Session, site_id: int, rows: Sequence[LedgerEvent]) -> list[LedgerRow]:
    site = session.scalar(select(Site.key).where(Site.id == site_id)) or ""
    said = ("seq", "at", "event", "subject", "submission", "purpose", "version", "body_hash", "trace_hash")
    kept = ("body", "body_salt", "trace", "trace_salt", "prev", "hash")
    found = []
    for row in rows:
        leaf_of = {name: getattr(row, name) for name in said}
        found.append(
            LedgerRow(**leaf_of, **{name: getattr(row, name) for name in kept}, leaf=rules.leaf(site=site, **leaf_of))
        )
    return found
