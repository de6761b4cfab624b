"""The life of an import: a file is taken, its columns and its provenance are told, it is tried, and it runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from leadcapture import ids
from leadcapture.contacts.models import Contact
from leadcapture.errors import Conflict, Invalid
from leadcapture.i18n import gettext as _
from leadcapture.imports import queries, reports, rules
from leadcapture.imports.models import Import, Quarantined
from leadcapture.imports.reading import Shape
from leadcapture.mail.delivery import alive

STALE = timedelta(seconds=60)  # a worker that says nothing for so long has lost its import

_contacts: Any = Contact.__table__
_quarantined: Any = Quarantined.__table__


@dataclass(frozen=True)
class Provenance:
    """Where the people of a file come from, as the owner says: `collected` is a day (ISO 8601), `statement` the exact
    words they agreed to and `purpose` for what; `evidence` describes the file that shows it. `language` is the one of
    the report."""

    proof: bool
    source: str
    collected: str
    statement: str = ""
    purpose: str = ""
    evidence: Mapping[str, Any] | None = None
    language: str = "en"

    @property
    def version(self) -> str:
        return rules.version(self.statement) if self.statement else ""


# ---- before it runs --------------------------------------------------------------------------------------------------


def create(
    session: Session,
    now: datetime,
    *,
    site_id: int,
    operator_id: int | None,
    name: str,
    stored: str,
    size: int,
    shape: Shape,
    header: Sequence[str],
    mapping: Mapping[int, str],
) -> Import:
    """A file is here (`stored` is its name among the uploads); `mapping` is what was guessed of its columns."""
    made = Import(
        public_id=ids.new("import"),
        site_id=site_id,
        operator_id=operator_id,
        name=name[:200],
        stored=stored,
        size=size,
        encoding=shape.encoding,
        dialect=_dialect(shape),
        header=list(header),
        mapping=_as_kept(mapping),
        state="uploaded",
        created_at=now,
    )
    session.add(made)
    session.flush()
    return made


def save_columns(
    session: Session,
    now: datetime,
    *,
    site_id: int,
    public_id: str,
    shape: Shape,
    header: Sequence[str],
    mapping: Mapping[int, str],
) -> Import:
    """Take over how the file is to be read and what its columns hold; what was tried before counts no more.

    Raises Invalid for a mapping that will not do, Conflict once it runs, NotFound.
    """
    kept = rules.checked_mapping(mapping)
    found = _locked(session, site_id, public_id, ("uploaded", "mapped", "checking", "checked"))
    found.encoding, found.dialect, found.header = shape.encoding, _dialect(shape), list(header)
    found.mapping, found.state = _as_kept(kept), "mapped"
    found.dry_run, found.claimed_by = None, None
    session.flush()
    return found


def save_provenance(
    session: Session,
    now: datetime,
    *,
    site_id: int,
    public_id: str,
    given: Provenance,
    evidence: str | None = None,
    claimed_by: str | None = None,
) -> Import:
    """Take over where the people come from, and have the file tried; `evidence` is the name of a file among the uploads
    (None: the one that is there stays), `claimed_by` a worker who does it here and now.

    Raises Invalid with what is missing, Conflict in another state, NotFound.
    """
    found = _locked(session, site_id, public_id, ("mapped", "checking", "checked"))
    kept = evidence or found.evidence
    described = given.evidence or found.provenance.get("evidence")
    check_provenance(given, now, shown=bool(kept) or "consent_at" in found.mapping.values())
    found.provenance = {**asdict(given), "evidence": described, "version": given.version}
    found.evidence, found.mode = kept, "proof" if given.proof else "quarantine"
    found.state, found.dry_run, found.counts, found.error = "checking", None, {}, ""
    found.claimed_by, found.heard_at = claimed_by, now if claimed_by else None
    session.flush()
    return found


def check_provenance(given: Provenance, now: datetime, *, shown: bool) -> None:
    """Raises Invalid with the fields that are missing; `shown` is whether a file or a column shows when people
    agreed."""
    problems: dict[str, list[str]] = {}
    if not given.source.strip():
        problems["source"] = [_("Say where these addresses come from.")]
    try:
        collected = datetime.fromisoformat(given.collected).date()
    except ValueError:
        problems["collected"] = [_("Say when they were collected.")]
    else:
        if collected > now.date():
            problems["collected"] = [_("This day is yet to come.")]
    if given.proof:
        if not given.statement.strip():
            problems["statement"] = [_("Give the exact words that these people agreed to.")]
        if not given.purpose.strip():
            problems["purpose"] = [_("Say what they agreed to in a word or two, for example: newsletter.")]
        if not shown:
            problems["evidence"] = [
                _("Add a file that shows it, or say which column has the time at which each person agreed.")
            ]
    if problems:
        raise Invalid(_("Some of this is missing."), fields=problems)


def checked(session: Session, now: datetime, *, import_id: int, worker: str, counts: Mapping[str, int]) -> bool:
    """The file was tried: what would become of its rows. False when the import is not this worker's any more."""
    return hold(
        session,
        import_id,
        worker,
        "checking",
        state="checked",
        dry_run=dict(counts),
        rows_total=counts["rows"],
        claimed_by=None,
        heard_at=None,
        offset=0,
        row_no=0,
    )


# ---- what people decide ----------------------------------------------------------------------------------------------


def start(
    session: Session,
    now: datetime,
    *,
    site_id: int,
    public_id: str,
    report: str,
    claimed_by: str | None = None,
    untried: bool = False,
) -> Import:
    """Run it for real; the report is written to the file called `report` among the uploads. Raises Conflict unless it
    was tried (or is not to be: `untried`), NotFound."""
    found = _locked(session, site_id, public_id, ("checked", "checking") if untried else ("checked",))
    found.state, found.started_at, found.report, found.report_bytes = "running", now, report, len(reports.HEADER)
    found.claimed_by, found.heard_at = claimed_by, now if claimed_by else None
    session.flush()
    return found


def change_state(session: Session, now: datetime, *, site_id: int, public_id: str, act: str) -> Import:
    """Pause a running import, resume a paused one, or cancel what has not come to its end (`act`): what is done by then
    stays. Raises Conflict where its state does not allow it, NotFound."""
    before, after = {
        "pause": (("running",), "paused"),
        "resume": (("paused",), "running"),
        "cancel": (rules.UNFINISHED, "cancelled"),
    }[act]
    found = _locked(session, site_id, public_id, before)
    found.state = after
    found.claimed_by = found.heard_at = None
    if after == "cancelled":
        found.finished_at = now
    session.flush()
    return found


def forget(session: Session, now: datetime, *, site_id: int, public_id: str) -> list[str]:
    """Drop an import that never ran; returns what `uploads` keeps of it, to be dropped after the commit.

    Raises Conflict for one that did, for its contacts refer to it, NotFound."""
    found = _locked(session, site_id, public_id, (*rules.UNFINISHED[:4], "cancelled", "failed"))
    if found.started_at is not None:
        raise Conflict(_("The state of this import does not allow it (any more)."))
    session.delete(found)
    session.flush()
    return [stored for stored in (found.stored, found.evidence, found.report) if stored]


# ---- working ---------------------------------------------------------------------------------------------------------


def hold(session: Session, import_id: int, worker: str, *states: str, at_row: int | None = None, **values: Any) -> bool:
    """Change the import if it is this worker's, in one of the states (and at that row); whether it was."""
    held = [Import.id == import_id, Import.claimed_by == worker, Import.state.in_(states)]
    if at_row is not None:
        held.append(Import.row_no == at_row)
    changed = update(Import).where(*held).values(**values).returning(Import.id)
    return session.scalar(changed.execution_options(synchronize_session=False)) is not None


def claim(session: Session, now: datetime, worker: str) -> Import | None:
    """Take the oldest import that nobody works on; None when there is none."""
    for import_id, claimed_by, heard_at in queries.waiting(session):
        # What stands under the worker's own name was interrupted: it works on one at a time.
        living = None if claimed_by is None or claimed_by == worker else alive(claimed_by)
        heard = heard_at is not None and now - heard_at <= STALE
        if claimed_by not in (None, worker) and living is not False and heard:
            continue
        theirs = Import.claimed_by.is_(None) if claimed_by is None else Import.claimed_by == claimed_by
        taken = session.scalar(
            update(Import)
            .where(Import.id == import_id, Import.state.in_(rules.WORKING), theirs)
            .values(claimed_by=worker, heard_at=now)
            .returning(Import.id)
            .execution_options(synchronize_session=False)
        )
        if taken is not None:
            return session.get_one(Import, taken, populate_existing=True)
    return None


def heard(session: Session, now: datetime, *, import_id: int, worker: str, offset: int | None = None) -> bool:
    """The worker still is at it (and has tried so many bytes). False when the import is not its any more."""
    if offset is None:
        return hold(session, import_id, worker, *rules.WORKING, heard_at=now)
    return hold(session, import_id, worker, "checking", heard_at=now, offset=offset)


def finish(session: Session, now: datetime, *, import_id: int, worker: str) -> bool:
    """Every row is done. False when the import is not this worker's any more."""
    ended = {"state": "done", "rows_total": Import.row_no}
    return hold(session, import_id, worker, "running", at_row=None, finished_at=now, claimed_by=None, **ended)


def fail(session: Session, now: datetime, *, import_id: int, worker: str, error: str) -> bool:
    """It cannot go on; `error` says why to a person. False when the import is not this worker's any more."""
    return hold(
        session,
        import_id,
        worker,
        *rules.WORKING,
        state="failed",
        error=error[:500],
        finished_at=now,
        claimed_by=None,
    )


def _locked(session: Session, site_id: int, public_id: str, states: Sequence[str]) -> Import:
    queries.by_public_id(session, site_id, public_id)
    wanted = select(Import).where(Import.site_id == site_id, Import.public_id == public_id).with_for_update()
    found = session.scalars(wanted.execution_options(populate_existing=True)).one()
    if found.state not in states:
        raise Conflict(_("The state of this import does not allow it (any more)."))
    return found


def _dialect(shape: Shape) -> dict[str, Any]:
    return {"delimiter": shape.delimiter, "header": shape.header, "start": shape.start}


def _as_kept(mapping: Mapping[int, str]) -> dict[str, str]:
    return {str(column): of for column, of in mapping.items()}


# ---- how its file is read --------------------------------------------------------------------------------------------


def shape_of(found: Import) -> Shape:
    """How the file of an import is read."""
    return Shape(found.encoding, **found.dialect)


def mapping_of(found: Import) -> dict[int, str]:
    """What the columns of its file hold."""
    return {int(column): of for column, of in found.mapping.items()}
