"""Reading confirmations."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from leadcapture.errors import NotFound
from leadcapture.mail.models import Email
from leadcapture.optin.models import Confirmation
from leadcapture.prepared import Prepared

_confirmations: Any = Confirmation.__table__
_emails: Any = Email.__table__


@dataclass(frozen=True)
class Settled:
    """What there is to know of a confirmation that somebody acts on; see Confirmation."""

    id: int
    public_id: str
    status: str
    method: str | None
    confirmed_at: datetime | None


@dataclass(frozen=True)
class Mailed:
    """The mail that a person acted on."""

    public_id: str
    subject: str
    text: str


settled = [_confirmations.c[name] for name in Settled.__dataclass_fields__]
_settled = Prepared(select(*settled).where(_confirmations.c.public_id == bindparam("of_id")))
_acted_on = Prepared(
    select(_emails.c.public_id, _emails.c.subject, _emails.c.text)
    .where(_emails.c.about == bindparam("of_id"))
    .order_by(_emails.c.sent_at.is_(None), _emails.c.id.desc())  # the newest that was sent first
    .limit(1)
)


def expiring_after(session: Session, moment: datetime) -> dict[str, int]:
    """How many confirmations of all sites that end, or would have ended, after that moment are pending and confirmed:
    those asked for lately, by what became of them."""
    found = {}
    for status in ("pending", "confirmed"):
        which = select(func.count()).where(Confirmation.status == status, Confirmation.expires_at > moment)
        found[status] = session.scalars(which).one()
    return found


def by_public_id(session: Session, public_id: str, *, lock: bool = False) -> Confirmation:
    """The confirmation with that id; with `lock` its row is held until the transaction ends. Raises NotFound."""
    # Rows are changed by plain UPDATEs beside the session: what it holds of them may be old.
    found = select(Confirmation).where(Confirmation.public_id == public_id).execution_options(populate_existing=True)
    confirmation = session.scalar(found.with_for_update() if lock else found)
    if confirmation is None:
        raise NotFound("No such confirmation.")
    return confirmation


def settled_by_public_id(session: Session, public_id: str) -> Settled:
    """What there is to know of the confirmation with that id. Raises NotFound."""
    found = _settled.row(session, {"of_id": public_id})
    if found is None:
        raise NotFound("No such confirmation.")
    return Settled(*found)


def mail_of(session: Session, confirmation: Settled) -> Mailed | None:
    """The mail that the person acted on: the newest that was handed over, else the newest there is; None without
    any."""
    found = _acted_on.row(session, {"of_id": confirmation.public_id})
    return Mailed(*found) if found is not None else None
