"""What holds now: the agreements, kept in step with the ledger by whoever appends to it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, select
from sqlalchemy.orm import Session

from leadcapture import sets
from leadcapture.consent.models import Agreement
from leadcapture.contacts.models import Contact
from leadcapture.prepared import Prepared, inserted

_agreements: Any = Agreement.__table__
_KEY = ("contact_id", "purpose")
_NEWER = ("version", "seq", "at")
_ended = Prepared(
    delete(_agreements).where(
        _agreements.c.contact_id == bindparam("of_contact"), _agreements.c.purpose == bindparam("of_purpose")
    )
)
_given = Prepared(
    lambda insert: (made := insert(_agreements).values(inserted(_agreements))).on_conflict_do_update(
        index_elements=_KEY, set_={name: made.excluded[name] for name in _NEWER}
    )
)


def given(session: Session, now: datetime, site_id: int, agreed: Sequence[tuple[int, str, str, int]]) -> None:
    """From now on these hold: (internal id of the contact, purpose, version, number of the event); of one person and
    purpose the last counts."""
    if len(agreed) == 1:
        ((contact, purpose, version, seq),) = agreed
        one = {"contact_id": contact, "purpose": purpose, "site_id": site_id, "version": version, "seq": seq, "at": now}
        _given.run(session, one)
        return
    last = {(contact, purpose): (contact, purpose, version, seq) for contact, purpose, version, seq in agreed}
    sets.insert_or_update(
        session,
        _agreements,
        ("contact_id", "purpose", "version", "seq"),
        list(last.values()),
        of_all={"site_id": site_id, "at": now},
        unless=_KEY,
        update=_NEWER,
    )


def ended(session: Session, contact_id: int, purpose: str) -> None:
    """The contact agrees to this no more."""
    _ended.run(session, {"of_contact": contact_id, "of_purpose": purpose})


def forgotten(session: Session, site_id: int, contacts: Sequence[str]) -> None:
    """Nothing holds of these contacts (public ids), who are being erased."""
    theirs = select(Contact.id).where(Contact.site_id == site_id, Contact.public_id.in_(contacts))
    session.execute(delete(_agreements).where(_agreements.c.contact_id.in_(theirs)))
