"""Reading imports, what an import meets in the database, and the quarantine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import Session

from leadcapture import sets
from leadcapture.consent.models import Agreement, LedgerEvent
from leadcapture.contacts.models import Contact
from leadcapture.errors import NotFound
from leadcapture.imports import rules
from leadcapture.imports.models import Import, Quarantined
from leadcapture.imports.rules import Known
from leadcapture.mail import gone
from leadcapture.mail.models import Suppression

PAGE = 50


@dataclass(frozen=True)
class Met:
    """What there is of the addresses of a batch, each by its key."""

    known: dict[str, Known]
    barred: dict[str, str]
    gone: dict[str, str]
    quarantined: set[str]


@dataclass(frozen=True)
class Quarantine:
    """How many people of an import are in the quarantine: all, not asked yet, asked and silent."""

    people: int
    to_ask: int
    silent: int


# ---- imports ---------------------------------------------------------------------------------------------------------


def by_public_id(session: Session, site_id: int, public_id: str) -> Import:
    """The site's import with that id. Raises NotFound, also for another site's."""
    found = select(Import).where(Import.site_id == site_id, Import.public_id == public_id)
    one = session.scalar(found.execution_options(populate_existing=True))
    if one is None:
        raise NotFound("No such import.")
    return one


def page(session: Session, site_id: int, before_id: int | None = None) -> tuple[Sequence[Import], int | None]:
    """The site's imports, the newest first, before that internal id; and the `before_id` of the next page (None: that
    was all)."""
    found = select(Import).where(Import.site_id == site_id).order_by(Import.id.desc()).limit(PAGE + 1)
    if before_id is not None:
        found = found.where(Import.id < before_id)
    rows = session.scalars(found).all()
    return rows[:PAGE], rows[PAGE - 1].id if len(rows) > PAGE else None


def waiting(session: Session) -> Sequence[tuple[int, str | None, datetime | None]]:
    """Every import that is to be worked on, the oldest first: internal id, by whom it is claimed, when that worker was
    heard of last."""
    columns = select(Import.id, Import.claimed_by, Import.heard_at)
    return session.execute(columns.where(Import.state.in_(rules.WORKING)).order_by(Import.id)).all()


# ---- what a batch meets ----------------------------------------------------------------------------------------------


def met(session: Session, site_id: int, keys: Sequence[str], purpose: str, *, lock: bool = False) -> Met:
    """What there is of these addresses. With `lock`, the contacts among them stay as they are until the transaction
    ends; whoever erases one, or lets one go, has done so before or does it after."""
    # The contacts first: of who was erased while we waited for the lock, the suppression is seen below.
    known = _known(session, site_id, keys, purpose, lock)
    barred = {
        key: reason for key, reason in gone.suppressions(session, site_id, keys) if reason in ("bounce", "complaint")
    }
    apart = select(Quarantined.email_key).where(
        Quarantined.site_id == site_id, sets.among(session, Quarantined.email_key, keys)
    )
    return Met(known, barred, gone.among(session, site_id, keys), set(session.scalars(apart)))


def _known(session: Session, site_id: int, keys: Sequence[str], purpose: str, lock: bool) -> dict[str, Known]:
    agrees = exists().where(Agreement.contact_id == Contact.id, Agreement.purpose == purpose)
    left = exists().where(
        LedgerEvent.site_id == site_id,
        LedgerEvent.subject == Contact.public_id,
        LedgerEvent.purpose == purpose,
        LedgerEvent.event == "withdrawn",
    )
    columns = select(
        Contact.email_key,
        Contact.id,
        Contact.public_id,
        Contact.status,
        Contact.name,
        Contact.phone,
        Contact.language,
        Contact.topics,
        Contact.attributes,
    )
    theirs = Contact.site_id == site_id, sets.among(session, Contact.email_key, keys)
    if lock and session.get_bind().dialect.name != "sqlite":  # which has one writer at a time
        # In one order everywhere, so that two imports never wait for each other; looked at again once they are ours.
        session.execute(select(Contact.id).where(*theirs).order_by(Contact.id).with_for_update())
    found = session.execute(columns.add_columns(agrees, left).where(*theirs))
    return {key: Known(*values) for key, *values in found}


# ---- the quarantine --------------------------------------------------------------------------------------------------


def quarantine(session: Session, import_id: int) -> Quarantine:
    """How many people of that import are in the quarantine."""
    counted = select(
        func.count(),
        func.count().filter(Quarantined.asked_at.is_(None)),
        func.count().filter(Quarantined.asked_at.is_not(None), Quarantined.answer.is_(None)),
    )
    return Quarantine(*session.execute(counted.where(Quarantined.import_id == import_id)).one())


def quarantines(session: Session, site_id: int) -> Sequence[tuple[Import, int]]:
    """The site's imports with people in the quarantine, the newest first, and how many."""
    counted = (
        select(Import, func.count(Quarantined.id))
        .join(Quarantined, Quarantined.import_id == Import.id)
        .where(Import.site_id == site_id)
        .group_by(Import.id)
        .order_by(Import.id.desc())
    )
    return session.execute(counted).all()


def people(
    session: Session, site_id: int, after_id: int | None = None, search: str = ""
) -> tuple[Sequence[Quarantined], int | None]:
    """Who is in the site's quarantine, after that internal id; and the `after_id` of the next page."""
    found = select(Quarantined).where(Quarantined.site_id == site_id).order_by(Quarantined.id).limit(PAGE + 1)
    if after_id is not None:
        found = found.where(Quarantined.id > after_id)
    if search:
        wanted = search.casefold()
        found = found.where(
            or_(
                Quarantined.email_key.contains(wanted, autoescape=True),
                func.lower(Quarantined.name).contains(wanted, autoescape=True),
            )
        )
    rows = session.scalars(found).all()
    return rows[:PAGE], rows[PAGE - 1].id if len(rows) > PAGE else None


def to_ask(session: Session, import_id: int, after_id: int, limit: int) -> Sequence[Quarantined]:
    """People of that import who were never asked, after that internal id."""
    found = select(Quarantined).where(
        Quarantined.import_id == import_id, Quarantined.asked_at.is_(None), Quarantined.id > after_id
    )
    return session.scalars(found.order_by(Quarantined.id).limit(limit)).all()


def in_quarantine(session: Session, site_id: int) -> int:
    """How many people are in the site's quarantine."""
    return session.scalar(select(func.count()).select_from(Quarantined).where(Quarantined.site_id == site_id)) or 0


def is_contact(session: Session, site_id: int, email_key: str) -> bool:
    """Whether somebody with that address is a contact, of whatever status."""
    asked = select(Contact.id).where(Contact.site_id == site_id, Contact.email_key == email_key)
    return session.scalar(asked) is not None


def barred(session: Session, site_id: int, email_key: str) -> bool:
    """Whether that address bounced, complained, or is gone for imports."""
    suppressed = select(Suppression.id).where(Suppression.site_id == site_id, Suppression.email_key == email_key)
    return session.scalar(suppressed) is not None or bool(gone.among(session, site_id, [email_key]))
