"""Who is gone and is not brought back by others: erased, or asked once and said no.

Such an address is remembered among the suppressions by a keyed digest, which says nothing to whoever has not the secret
key. It stops no mail: the person's own act may bring them back, an import never does.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from leadcapture import sets
from leadcapture.mail import queries
from leadcapture.mail.models import Suppression

REFUSED = "refused"
_MARK = "hmac:"


def remember_refusal(session: Session, now: datetime, *, site_id: int, email_key: str) -> None:
    """The person was asked and said no: keep the address from being imported again. Erasing does the same
    (forgetting.remember_erased)."""
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    session.execute(
        dialect.insert(Suppression)
        .values(site_id=site_id, email_key=queries.erasure_marks(site_id, email_key)[0], reason=REFUSED, created_at=now)
        .on_conflict_do_nothing(index_elements=["site_id", "email_key"])
    )


def among(session: Session, site_id: int, email_keys: Iterable[str]) -> dict[str, str]:
    """Those of the addresses (as compared) that are gone, each with the reason."""
    mine = select(Suppression.email_key).where(Suppression.site_id == site_id, Suppression.email_key.startswith(_MARK))
    if session.scalar(mine.limit(1)) is None:
        return {}  # most sites: nothing is worth a million digests then
    whose = {digest: key for key in email_keys for digest in queries.erasure_marks(site_id, key)}
    return {whose[digest]: reason for digest, reason in suppressions(session, site_id, list(whose))}


def suppressions(session: Session, site_id: int, email_keys: Sequence[str]) -> Sequence[tuple[str, str]]:
    """Those of the keys that the site's suppressions have as they stand, each with the reason."""
    asked = select(Suppression.email_key, Suppression.reason).where(Suppression.site_id == site_id)
    return session.execute(asked.where(sets.among(session, Suppression.email_key, email_keys))).all()
