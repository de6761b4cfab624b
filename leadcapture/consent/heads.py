"""Where a site's ledger ends: locked by whoever appends, signed now and then."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from leadcapture.consent import keys, rules
from leadcapture.consent.models import LedgerCheckpoint, LedgerHead
from leadcapture.errors import NotFound
from leadcapture.prepared import Prepared, inserted
from leadcapture.sites.models import Site

_heads: Any = LedgerHead.__table__
_checkpoints: Any = LedgerCheckpoint.__table__

# Made once: to put a statement together takes longer than to run it, and these run with every form that is sent.
_locked = Prepared(
    select(Site.key, _heads.c.seq, _heads.c.hash, _heads.c.checkpoints, _heads.c.seal)
    .select_from(Site)
    .join(_heads, _heads.c.site_id == Site.id)
    .where(Site.id == bindparam("of_site"))
    .with_for_update(of=_heads)
)
_moved = Prepared(
    update(_heads)
    .where(_heads.c.site_id == bindparam("of_site"))
    .values(inserted(_heads, "seq", "hash", "checkpoints", "seal"))
)


@dataclass
class Head:
    """The end of a site's ledger, held by this transaction alone. `ours` is whether it was as this service left it."""

    site_id: int
    site: str
    seq: int
    hash: str
    checkpoints: int
    ours: bool


@dataclass(frozen=True)
class Checkpoint:
    """A signature over where the ledger stood at a moment; hashes, key and signature in hexadecimal digits."""

    seq: int
    number: int
    hash: str
    at: str
    public_key: str
    signature: str


def lock(session: Session, site_id: int) -> Head:
    """The head of the site's ledger, which nobody else moves before this transaction ends; made where there is none.

    Raises NotFound where there is no such site.
    """
    found = _locked.row(session, {"of_site": site_id})
    if found is None:
        _begin(session, site_id)
        (found,) = _locked.rows(session, {"of_site": site_id})
    site, seq, last, checkpoints, seal = found
    ours = keys.sealed(seal, site=site, seq=seq, hash=last, checkpoints=checkpoints)
    return Head(site_id, site, seq, last, checkpoints, ours)


def save(session: Session, head: Head) -> None:
    """Write down where the ledger ends now. A head that was not as we left it is never sealed again: whoever changed it
    cannot have us vouch for it by waiting for the next event."""
    seal = keys.seal(site=head.site, seq=head.seq, hash=head.hash, checkpoints=head.checkpoints) if head.ours else ""
    moved = {"seq": head.seq, "hash": head.hash, "checkpoints": head.checkpoints, "seal": seal}
    _moved.run(session, {"of_site": head.site_id, **moved})


def checkpoint(session: Session, now: datetime, head: Head) -> Checkpoint:
    """Sign where the locked ledger ends. The caller saves the head."""
    head.checkpoints += 1
    at = rules.moment(now)
    public_key, signature = keys.sign(rules.checkpoint_text(site=head.site, seq=head.seq, hash=head.hash, at=at))
    made = Checkpoint(head.seq, head.checkpoints, head.hash, at, public_key, signature)
    session.execute(insert(_checkpoints).values(site_id=head.site_id, **vars(made)))
    return made


def _begin(session: Session, site_id: int) -> None:
    site = session.scalar(select(Site.key).where(Site.id == site_id))
    if site is None:
        raise NotFound("No such site.")
    start = {"seq": 0, "hash": rules.NOTHING_BEFORE, "checkpoints": 0}
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    session.execute(
        dialect.insert(_heads)
        .values(site_id=site_id, **start, seal=keys.seal(site=site, seq=0, hash=rules.NOTHING_BEFORE, checkpoints=0))
        .on_conflict_do_nothing(index_elements=["site_id"])
    )
