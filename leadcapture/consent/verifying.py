"""Verifying a site's ledger: every byte of it is what was written, nothing is gone, nothing was put in.

The rows are read as the bytes that are stored, so that also what is no text any more is found and named; from the last
to the first, so that what was erased is known before the rows it was erased from. One pass, some megabytes of memory.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, text
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.orm import Session

from leadcapture.consent import keys, rules
from leadcapture.sites import queries as sites

MOST = 1000  # troubles of one site: with more there is no point in naming each
READ_AT_ONCE = 2000  # rows

_COLUMNS = (
    *("at", "event", "subject", "submission", "purpose", "version", "body_hash", "trace_hash", "prev", "hash"),
    *("body", "body_salt", "trace", "trace_salt"),
)
_Read = Callable[[Session, str, int, str, tuple[str, ...], tuple[str, ...]], Iterator[tuple[Any, ...]]]


@dataclass(frozen=True)
class Trouble:
    """Something that is not as it was written: in which row (its number; None where it is of no one event) of which
    table, and what."""

    seq: int | None
    table: str
    what: str

    def __str__(self) -> str:
        return f"{self.table}, {'row' if self.seq is None else f'row {self.seq}'}: {self.what}"


@dataclass(frozen=True)
class _Head:
    seq: int
    hash: str
    checkpoints: int


class _Enough(Exception):
    """So much is wrong that the rest need not be named."""


class _Found(list[Trouble]):
    def say(self, seq: int | None, table: str, what: str) -> None:
        self.append(Trouble(seq, table, what))
        if len(self) >= MOST:
            raise _Enough


def verify(session: Session, site_id: int) -> list[Trouble]:
    """What is wrong with the site's ledger, by table and row, at most MOST of it; nothing, when all is well.

    Everything is seen as of one moment where the session has not read anything before. Raises NotFound for a site that
    there is not.
    """
    bind = session.get_bind()
    if bind.dialect.name == "postgresql" and isinstance(bind, Engine) and not session.in_transaction():
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    site = sites.by_id(session, site_id)
    try:
        found = _look(session, site.id, site.key, _plain)
    except OperationalError:
        # Something may be no UTF-8 any more. Where the database itself is away, this fails as well.
        found = _look(session, site.id, site.key, _careful)
    return sorted(found, key=lambda trouble: (trouble.table, trouble.seq is None, trouble.seq or 0))


def _look(session: Session, site_id: int, site: str, read: _Read) -> _Found:
    found = _Found()
    try:
        head = _head(session, site_id, site, read, found)
        signed = _checkpoints(session, site_id, site, read, head, found)
        _chain(session, site_id, site, read, head, signed, found)
        _agreements(session, site_id, found)
    except _Enough:
        found.append(Trouble(None, "ledger", "and more, which was not looked at"))
    except DatabaseError as error:
        if isinstance(error, OperationalError):
            raise
        found.append(Trouble(None, "ledger", f"cannot be read: {error.orig}"))
    return found


def structure(session: Session) -> list[Trouble]:
    """What is wrong with how the database file holds the tables, for all sites at once. PostgreSQL has checksums of its
    own for that: nothing is looked at there."""
    if session.get_bind().dialect.name != "sqlite":
        return []
    tables = ("ledger", "ledger_heads", "ledger_checkpoints", "agreements")
    lines = [(table, row[0]) for table in tables for row in session.execute(text(f"PRAGMA integrity_check({table})"))]
    return [Trouble(None, table, line) for table, line in lines if line != "ok"]


def _head(session: Session, site_id: int, site: str, read: _Read, found: _Found) -> _Head | None:
    rows = list(read(session, "ledger_heads", site_id, "site_id", ("seq", "checkpoints"), ("hash", "seal")))
    if not rows:
        if session.execute(text("SELECT 1 FROM ledger WHERE site_id = :site LIMIT 1"), {"site": site_id}).first():
            found.say(None, "ledger_heads", "there is none for this site")
        return None
    seq, checkpoints, last, seal = rows[0]
    if not isinstance(seq, int) or not isinstance(checkpoints, int) or not _texts(last, seal):
        found.say(None, "ledger_heads", "text or number is none any more")
        return None
    if not keys.sealed(seal, site=site, seq=seq, hash=last, checkpoints=checkpoints):
        found.say(None, "ledger_heads", f"its seal is not ours: this service did not write that row {seq} is the last")
    return _Head(seq, last, checkpoints)


def _checkpoints(
    session: Session, site_id: int, site: str, read: _Read, head: _Head | None, found: _Found
) -> dict[int, str]:
    """The hashes that were signed, by the number of the event."""
    signed: dict[int, str] = {}
    known, expected = set(keys.public_keys()), 1
    columns = ("hash", "at", "public_key", "signature")
    for seq, number, hashed, at, key, signature in read(
        session, "ledger_checkpoints", site_id, "seq", ("seq", "number"), columns
    ):
        if not isinstance(seq, int) or not isinstance(number, int):
            found.say(_number(seq), "ledger_checkpoints", f"{seq!r} or {number!r} is no number")
            continue
        if number != expected:
            gone = f"checkpoint {expected} is missing" if number > expected else f"checkpoint {number} is not in order"
            found.say(seq, "ledger_checkpoints", gone)
        expected = number + 1
        if not _texts(hashed, at, key, signature):
            found.say(seq, "ledger_checkpoints", "a text is none any more")
        elif key not in known:
            found.say(seq, "ledger_checkpoints", "its public key is none of ours")
        elif not keys.signed(key, rules.checkpoint_text(site=site, seq=seq, hash=hashed, at=at), signature):
            found.say(seq, "ledger_checkpoints", "its signature is not over what it says")
        signed[seq] = hashed
    if head is not None and expected != head.checkpoints + 1:
        found.say(
            None, "ledger_checkpoints", f"the last one is number {expected - 1}, but {head.checkpoints} were made"
        )
    return signed


def _chain(
    session: Session, site_id: int, site: str, read: _Read, head: _Head | None, signed: dict[int, str], found: _Found
) -> None:
    erased = _Erased()
    # The row after the one that is looked at, and which hash it follows; None where that is not known.
    later, wanted = (head.seq + 1, head.hash) if head else (None, None)
    for row in read(session, "ledger", site_id, "seq DESC", ("seq",), _COLUMNS):
        seq, at, event, subject, submission, purpose, version, body_hash, trace_hash, prev, hashed = row[:11]
        body, body_salt, trace, trace_salt = row[11:]
        if not isinstance(seq, int) or seq < 1:
            found.say(None, "ledger", f"a row whose number is {seq!r}")
            continue
        if head is not None and seq > head.seq:
            found.say(seq, "ledger", f"was put in: the ledger ends at row {head.seq}")
            continue
        if later is not None and seq < later - 1:
            _gap(found, seq + 1, later - 1)
            wanted = None
        later = seq
        try:
            leaf = rules.leaf(
                site=site,
                seq=seq,
                at=at,
                event=event,
                subject=subject,
                submission=submission,
                purpose=purpose,
                version=version,
                body_hash=body_hash,
                trace_hash=trace_hash,
            )
            well = rules.digest(prev, leaf) == hashed
            wrong = _salted("body", body, body_salt, body_hash, gone=erased.body(seq))
            wrong += _salted("trace", trace, trace_salt, trace_hash, gone=erased.trace(seq))
        except TypeError:
            found.say(seq, "ledger", "a text is none any more")
            wanted = None
            continue
        if not well:
            found.say(seq, "ledger", "what it says or what it follows is not what its hash was made of")
        elif wanted is not None and hashed != wanted:
            found.say(seq, "ledger", "what comes after it follows another row")
        if seq in signed and signed.pop(seq) != hashed:
            found.say(seq, "ledger", "a checkpoint signed another hash")
        for what in wrong:
            found.say(seq, "ledger", what)
        if event == "erased" and body is not None:
            erased.note(seq, body)
        wanted = prev if well else None
    if later is not None and later > 1:
        _gap(found, 1, later - 1)
    elif later == 1 and wanted not in (None, rules.NOTHING_BEFORE):
        found.say(1, "ledger", "it is the first row and follows another")
    for seq in signed:
        if seq != 0:
            found.say(seq, "ledger_checkpoints", "there is no such row in the ledger")


def _gap(found: _Found, first: int, last: int) -> None:
    found.say(first, "ledger", "is missing" if first == last else f"is missing, with all rows up to {last}")


def _salted(name: str, stored: str | None, salt: str | None, hashed: str, *, gone: bool) -> tuple[str, ...]:
    """What is wrong with a body or a trace: it is what its hash was made of, or `gone` by an event that says so. Raises
    TypeError for what is no text."""
    if stored is None and salt is None:
        return (f"its {name} is gone, and no event says that it was erased",) if hashed and not gone else ()
    if stored is None or salt is None:
        return (f"of its {name} one half is there: text and salt belong together",)
    if rules.digest(salt, stored) != hashed:
        return (f"its {name} is not what was written",)
    return (f"its {name} was erased, and is there again",) if gone else ()


class _Erased:
    """What the events of erasing that were read so far say of the rows before them: a bit for each row."""

    def __init__(self) -> None:
        self._people = bytearray()
        self._until = 0

    def note(self, seq: int, body: str) -> None:
        try:
            said = json.loads(body)
            rows, until = said.get("rows", ()), said.get("until", 0)
            for row in rows:
                self._mark(int(row), seq)
            self._until = max(self._until, min(int(until), seq - 1))
        except (ValueError, TypeError, AttributeError):
            return  # its body is not what was written, which is said elsewhere

    def _mark(self, row: int, before: int) -> None:
        if 0 < row < before:
            if row >> 3 >= len(self._people):
                self._people.extend(bytes((row >> 3) + 1 - len(self._people)))
            self._people[row >> 3] |= 1 << (row & 7)

    def body(self, row: int) -> bool:
        return row >> 3 < len(self._people) and bool(self._people[row >> 3] & 1 << (row & 7))

    def trace(self, row: int) -> bool:
        return row <= self._until or self.body(row)


def _agreements(session: Session, site_id: int, found: _Found) -> None:
    """What holds is what the ledger says, for everybody who is a contact."""
    sqlite = session.get_bind().dialect.name == "sqlite"
    blob = "CAST({} AS BLOB)" if sqlite else "{}"
    at = "replace(substr(l.at, 1, 26), 'T', ' ')"
    stored = "a.at" if sqlite else "to_char(a.at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')"
    given = ", ".join(f"'{event}'" for event in rules.GIVEN)
    spoken = ", ".join(f"'{event}'" for event in rules.SPOKEN)
    unfounded = f"""
        SELECT a.contact_id, {blob.format("a.purpose")}, a.seq FROM agreements a
        LEFT JOIN contacts c ON c.id = a.contact_id AND c.site_id = a.site_id
        LEFT JOIN ledger l ON l.site_id = a.site_id AND l.seq = a.seq
        WHERE a.site_id = :site AND (c.id IS NULL OR l.seq IS NULL OR l.event NOT IN ({given})
            OR l.subject <> c.public_id OR l.purpose <> a.purpose OR l.version <> a.version OR {stored} <> {at})
        LIMIT {MOST}"""  # noqa: S608 made of our own words alone
    for contact, purpose, seq in session.execute(text(unfounded), {"site": site_id}):
        found.say(_number(seq), "agreements", f"contact {contact!r}, {_shown(purpose)}: no such event made it")
    untrue = f"""
        SELECT {blob.format("n.subject")}, {blob.format("n.purpose")}, n.seq, l.event FROM (
            SELECT subject, purpose, max(seq) AS seq FROM ledger
            WHERE site_id = :site AND event IN ({spoken}) GROUP BY subject, purpose) n
        JOIN ledger l ON l.site_id = :site AND l.seq = n.seq
        JOIN contacts c ON c.site_id = :site AND c.public_id = n.subject
        LEFT JOIN agreements a ON a.contact_id = c.id AND a.purpose = n.purpose AND a.site_id = :site
        WHERE CASE WHEN l.event = 'withdrawn' OR l.body IS NULL THEN a.seq IS NOT NULL
            ELSE a.seq IS NULL OR a.seq <> n.seq END
        LIMIT {MOST}"""  # noqa: S608 as above
    for contact, purpose, seq, event in session.execute(text(untrue), {"site": site_id}):
        held = "holds, though it was withdrawn" if _shown(event) == "withdrawn" else "is not what this event says"
        found.say(_number(seq), "agreements", f"{_shown(contact)}, {_shown(purpose)}: {held}")


def _plain(
    session: Session, table: str, site_id: int, order: str, numbers: tuple[str, ...], texts: tuple[str, ...]
) -> Iterator[tuple[Any, ...]]:
    """The site's rows of a table, as the driver gives them: what is stored as no text comes as something else. Raises
    OperationalError where SQLite has something for a text that is no UTF-8."""
    wanted = ", ".join([*numbers, *texts])
    statement = text(f"SELECT {wanted} FROM {table} WHERE site_id = :site ORDER BY {order}")  # noqa: S608 our own words
    options = {"yield_per": READ_AT_ONCE}  # said to the connection: the session would not pass it on to plain SQL
    found = session.connection().execute(statement, {"site": site_id}, execution_options=options)
    for some in found.partitions(READ_AT_ONCE):
        yield from some


def _careful(
    session: Session, table: str, site_id: int, order: str, numbers: tuple[str, ...], texts: tuple[str, ...]
) -> Iterator[tuple[Any, ...]]:
    """The same, byte by byte, for SQLite: what is no UTF-8 comes as bytes."""
    raw = [
        f"CASE typeof({name}) WHEN 'text' THEN CAST({name} AS BLOB) WHEN 'null' THEN NULL ELSE 0 END" for name in texts
    ]
    for row in _plain(session, table, site_id, order, numbers, tuple(raw)):
        yield (*row[: len(numbers)], *map(_decoded, row[len(numbers) :]))


def _decoded(stored: Any) -> Any:
    if isinstance(stored, bytes):
        with suppress(UnicodeDecodeError):
            return stored.decode()
    return stored


def _texts(*values: Any) -> bool:
    return all(isinstance(value, str) for value in values)


def _number(seq: Any) -> int | None:
    return seq if isinstance(seq, int) else None


def _shown(stored: Any) -> str:
    return stored.decode(errors="replace") if isinstance(stored, bytes) else str(stored)
