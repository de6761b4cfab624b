"""Reading the outbox."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, func, select, text
from sqlalchemy.orm import Session, defer

from leadcapture import signing
from leadcapture.errors import NotFound
from leadcapture.i18n import gettext as _
from leadcapture.mail.models import WAITS, Email, Suppression
from leadcapture.prepared import Prepared

COUNTED = 1000  # where many may wait, counting ends here


def page(
    session: Session, site_id: int, before_id: int | None = None, limit: int = 50, status: str | None = None
) -> Sequence[Email]:
    """The site's mails, newest first, older than `before_id`; their text and HTML are not loaded."""
    found = select(Email).where(Email.site_id == site_id).order_by(Email.id.desc()).limit(limit)
    if before_id is not None:
        found = found.where(Email.id < before_id)
    if status is not None:
        found = found.where(Email.status == status)
    return session.scalars(found.options(defer(Email.text), defer(Email.html))).all()


def by_public_id(session: Session, site_id: int, public_id: str) -> Email:
    """One mail of that site. Raises NotFound, also for another site's."""
    email = session.scalar(select(Email).where(Email.site_id == site_id, Email.public_id == public_id))
    if email is None:
        raise NotFound("No such mail.")
    return email


def on_the_web(session: Session, public_id: str) -> Email:
    """One mail by its id alone, for whoever holds the signed link to it. Raises NotFound."""
    email = session.scalar(select(Email).where(Email.public_id == public_id))
    if email is None or not email.html:
        raise NotFound(_("This mail is no longer kept."))
    return email


def suppressed(session: Session, site_id: int, email_key: str) -> bool:
    """Whether the site must not mail this address."""
    asked = select(Suppression.id).where(Suppression.site_id == site_id, Suppression.email_key == email_key)
    return session.scalar(asked) is not None


def erasure_marks(site_id: int, email_key: str) -> list[str]:
    """What stands in the suppressions for an erased address: nobody can read it back, but whoever has the address finds
    it again. One for each secret key, the newest first."""
    return [f"hmac:{digest}" for digest in signing.digests("erasure", f"{site_id}:{email_key}")]


def to_contact(session: Session, site_id: int, contact: str, email_key: str) -> Sequence[Email]:
    """The site's mails to that contact (a public id) and that address, oldest first."""
    theirs = (Email.contact == contact) | (Email.to_key == email_key)
    wanted = select(Email).where(Email.site_id == site_id, theirs).order_by(Email.id)
    return session.scalars(wanted.options(defer(Email.html))).all()


def counts(session: Session, site_id: int) -> dict[str, int]:
    """How many of the site's mails are in each state that occurs."""
    found = select(Email.status, func.count()).where(Email.site_id == site_id).group_by(Email.status)
    return dict(session.execute(found).all())


def unsent(session: Session, site_id: int, since: datetime) -> bool:
    """Whether a mail of the site could not be sent, or nobody knows whether it was, since then."""
    wanted = Email.status.in_(("failed", "ambiguous")), Email.due_at >= since, Email.site_id == site_id
    return session.scalar(select(Email.id).where(*wanted).limit(1)) is not None


def waiting(session: Session, site_id: int) -> int:
    """How many of the site's mails wait to be sent, at most COUNTED."""
    wanted = Email.status.in_(("queued", "deferred")), Email.site_id == site_id
    some = select(Email.id).where(*wanted).limit(COUNTED).subquery()
    return session.scalar(select(func.count()).select_from(some)) or 0


def waits(session: Session, about: str) -> bool:
    """Whether a mail about the thing with that public id has still to go."""
    found = select(Email.id).where(Email.about == about, Email.status.in_(("queued", "deferred")))
    return session.scalar(found.limit(1)) is not None


def not_sent(session: Session) -> dict[str, int]:
    """How many mails of all sites there are in each state but `sent`, for whoever watches over the service."""
    states = ("queued", "sending", "deferred", "bounced", "failed", "ambiguous")
    counted = select(Email.status, func.count()).where(Email.status.in_(states)).group_by(Email.status)
    return dict.fromkeys(states, 0) | dict(session.execute(counted).tuples().all())


_OLDEST_DUE = Prepared(select(func.min(Email.due_at)).where(text(f"emails.{WAITS}"), Email.due_at <= bindparam("now")))


def oldest_due(session: Session, now: datetime) -> datetime | None:
    """Since when the mail that has waited longest has been due, over all sites; None when none is."""
    found: datetime | None = _OLDEST_DUE.scalar(session, {"now": now})
    return found


_CLAIMS = Prepared(
    select(Email.id, Email.claimed_by, Email.claimed_at, Email.data_begun).where(Email.status == "sending")
)


def claims(session: Session) -> list[tuple[int, str | None, datetime | None, bool]]:
    """The mails being sent: internal id, worker, since when, and whether their DATA has begun."""
    return [(row[0], row[1], row[2], row[3]) for row in _CLAIMS.rows(session, {})]
