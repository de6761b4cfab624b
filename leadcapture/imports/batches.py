"""A batch of rows is carried out: with the contacts and consents it makes, its lines of the report and how far the
import has come by it, it is one transaction. Whatever ends a worker, every row is done once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, update
from sqlalchemy.orm import Session

from leadcapture import ids, sets
from leadcapture.consent import ledger
from leadcapture.consent import rules as consent_rules
from leadcapture.contacts.models import Contact
from leadcapture.imports import operations, queries, reports, rules
from leadcapture.imports.models import Import, Quarantined
from leadcapture.imports.rules import Known, Person, Refused, Verdict
from leadcapture.sites.models import Site

_contacts: Any = Contact.__table__
_quarantined: Any = Quarantined.__table__
# What is kept of whoever is imported, contact or not; `_rows` gives the values.
WHO = ("public_id", "email", "email_key", "name", "phone", "language", "attributes")
_OWN = "page_url"  # the first of the names `page_url`, `requested_at` and `row`, which no other name stands between


@dataclass(frozen=True)
class Batch:
    """Rows that were read one after the other: `begin` and `end` are how many rows, `offset` how many bytes are done
    before and after them. `repeated` are those whose address stood in the file before."""

    begin: int
    end: int
    offset: int
    rows: Sequence[Person | Refused]
    repeated: frozenset[int]


def carry_out(session: Session, now: datetime, *, import_id: int, worker: str, batch: Batch) -> bool:
    """Do these rows. False, and nothing is done, when the import is not this worker's any more, was paused or has
    come to another row."""
    if not operations.hold(session, import_id, worker, "running", at_row=batch.begin, heard_at=now):
        return False
    found = session.get_one(Import, import_id, populate_existing=True)
    verdicts = _people(session, now, found, batch)
    found.counts = dict(Counter(found.counts) + counted(verdicts))
    found.report_bytes = reports.write(found.report or "", found.report_bytes, verdicts, found.provenance["language"])
    found.offset, found.row_no = batch.offset, batch.end
    session.flush()
    # The ledger last: who adds to it holds up whoever confirms or withdraws on this site.
    _consent(session, now, found, verdicts)
    return True


def judged(session: Session, found: Import, batch: Batch, *, lock: bool = False) -> list[Verdict]:
    """What becomes of these rows, in their order."""
    proof = found.mode == "proof"
    purpose = found.provenance["purpose"] if proof else ""
    met = queries.met(session, found.site_id, list({row.key for row in batch.rows if row.key}), purpose, lock=lock)
    return [
        rules.judge(
            row,
            repeated=row.row in batch.repeated,
            proof=proof,
            known=met.known.get(row.key),
            barred=met.barred.get(row.key),
            gone=met.gone.get(row.key),
            quarantined=row.key in met.quarantined,
        )
        for row in batch.rows
    ]


def counted(verdicts: Sequence[Verdict]) -> Counter[str]:
    """How many rows there are, of each outcome, and of what is invalid for which reason (`invalid:REASON`)."""
    counts = Counter(verdict.outcome for verdict in verdicts)
    counts.update(f"invalid:{verdict.reasons[0]}" for verdict in verdicts if verdict.outcome == "invalid")
    counts["rows"] = len(verdicts)
    return counts


def _people(session: Session, now: datetime, found: Import, batch: Batch) -> list[Verdict]:
    """Judge the rows and write down the people; consents are still to come."""
    verdicts = judged(session, found, batch, lock=True)
    if found.mode == "quarantine":
        _set_apart(session, found, [verdict.row for verdict in verdicts if verdict.outcome == "quarantined"])
        return verdicts
    made = _make_contacts(session, now, found, [verdict.row for verdict in verdicts if verdict.outcome == "new"])
    # Who came by themselves in this very moment is known by now, and is judged again.
    late = [verdict.row for verdict in verdicts if verdict.outcome == "new" and verdict.row.key not in made]
    again: dict[int, Verdict] = {}
    if late:
        looked = Batch(batch.begin, batch.end, batch.offset, late, frozenset())
        again = {verdict.row.row: verdict for verdict in judged(session, found, looked, lock=True)}
    settled = [again.get(verdict.row.row, verdict) for verdict in verdicts]
    _fill_in(session, now, [verdict for verdict in settled if verdict.changes])
    return [
        verdict._replace(known=made[verdict.row.key]) if verdict.outcome == "new" else verdict for verdict in settled
    ]


def _rows(
    session: Session, found: Import, people: Sequence[Person | Refused], kind: str
) -> Iterator[tuple[Person, tuple[Any, ...]]]:
    """Each person with the values of the columns WHO, under a new public id of that kind."""
    site_language = session.get_one(Site, found.site_id).language
    for person, public_id in zip(people, ids.several(kind, len(people)), strict=True):
        if isinstance(person, Person):
            language = person.language or site_language
            yield (
                person,
                (public_id, person.typed, person.key, person.name, person.phone, language, dict(person.attributes)),
            )


def _make_contacts(
    session: Session, now: datetime, found: Import, people: Sequence[Person | Refused]
) -> dict[str, Known]:
    """Insert the contacts; those that were inserted, by their key."""
    rows = [(*row, person.topics or None) for person, row in _rows(session, found, people, "contact")]
    if not rows:
        return {}
    of_all = {"site_id": found.site_id, "import_id": found.id, "source": found.name[:120]}
    times = dict.fromkeys(("confirmed_at", "active_at", "created_at", "updated_at"), now)
    made = sets.insert_new(
        session,
        _contacts,
        (*WHO, "topics"),
        rows,
        of_all={**of_all, "status": "confirmed", "channel": "mail", **times},
        unless=("site_id", "email_key"),
        returning=("id", "public_id", "email_key"),
    )
    # No longer needed in the quarantine: there is a proof now.
    keys = [person.key for person in people]
    session.execute(
        delete(_quarantined).where(
            _quarantined.c.site_id == found.site_id, sets.among(session, Quarantined.email_key, keys)
        )
    )
    return {key: Known(contact_id, public_id, "confirmed") for contact_id, public_id, key in made}


def _set_apart(session: Session, found: Import, people: Sequence[Person | Refused]) -> None:
    rows = [(*row, person.row) for person, row in _rows(session, found, people, "quarantined")]
    sets.insert_new(
        session,
        _quarantined,
        (*WHO, "row_no"),
        rows,
        of_all={"site_id": found.site_id, "import_id": found.id},
        unless=("site_id", "email_key"),
        returning=("id",),
    )


def _fill_in(session: Session, now: datetime, verdicts: Sequence[Verdict]) -> None:
    rows = []
    for verdict in verdicts:
        known = verdict.known
        if known is not None:
            before = {name: getattr(known, name) for name in ("name", "phone", "topics", "attributes")}
            rows.append({"its_id": known.id, **before, **verdict.changes, "updated_at": now})
    if rows:
        names = ("name", "phone", "topics", "attributes", "updated_at")
        values: dict[str, Any] = {name: bindparam(name) for name in names}
        # On the connection, for the session would take a list of rows for an update by primary key of its own.
        session.connection().execute(
            update(_contacts).where(_contacts.c.id == bindparam("its_id")).values(values), rows
        )


def _consent(session: Session, now: datetime, found: Import, verdicts: Sequence[Verdict]) -> None:
    """Record that these people agreed, elsewhere and before."""
    said = found.provenance
    shared: dict[str, Any] = {
        "statement": said["statement"],
        "method": "import",
        "import": found.public_id,
        "source": said["source"],
        "collected": said["collected"],
    }
    if said.get("evidence"):
        shared["evidence"] = {name: said["evidence"][name] for name in ("name", "sha256")}
    # Nearly all of it is the same for all of them: put into the canonical form once.
    before, after = consent_rules.canonical(shared | {_OWN: None}).split(f'"{_OWN}":null')
    events = []
    for verdict in verdicts:
        person, known = verdict.row, verdict.known
        if not verdict.consents or known is None or not isinstance(person, Person):
            continue
        events.append(
            ledger.Row(
                "imported",
                known.public_id,
                f"{before}{_of_their_own(person)}{after}",
                purpose=said["purpose"],
                version=said["version"],
                contact_id=known.id,
            )
        )
    if events:
        ledger.append_many(session, now, found.site_id, events)


def _of_their_own(person: Person) -> str:
    """What stands in the event of this person alone, where _OWN stands among the names that all events have: in the
    canonical form names are sorted."""
    said = f'"row":{person.row}'
    if person.consent_at is not None:
        said = f'"requested_at":"{consent_rules.moment(person.consent_at)}",{said}'
    if person.consent_page:
        said = f'"page_url":{consent_rules.canonical(person.consent_page)},{said}'
    return said
