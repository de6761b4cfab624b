"""How often one mailbox is mailed because somebody typed its address: over all forms, pages and chats, and over all
sites of one owner. Counted in the database, so that no restart and no second process forgets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

from sqlalchemy import Integer, String, bindparam, cast, delete, func, literal, select, update
from sqlalchemy.orm import Session

from leadcapture import addresses, db, ratelimit, signing
from leadcapture.addresses import Address
from leadcapture.errors import BadSetting
from leadcapture.mail.models import MailCap
from leadcapture.operators.models import Membership
from leadcapture.prepared import Prepared, inserted
from leadcapture.settings import Settings
from leadcapture.sites.models import Site


@dataclass(frozen=True)
class Limit:
    """So many mails in any stretch of time that long."""

    amount: int
    period: timedelta


@dataclass(frozen=True)
class Mail:
    """One mail of a mailbox: when it went or will go, and whether it asks for a confirmation."""

    at: datetime
    confirmation: bool

    @classmethod
    def read(cls, text: str) -> Self:
        at, _space, kind = text.partition(" ")
        return cls(datetime.fromisoformat(at), kind == "confirmation")

    def __str__(self) -> str:
        return f"{self.at.isoformat()} {'confirmation' if self.confirmation else 'other'}"


_limits: list[Limit] = []

_caps: Any = MailCap.__table__

# Made once: to put a statement together takes longer than to run it, and these run with every form that is sent.
_site = bindparam("of_site", type_=Integer)
# Whose mails they are: the site's oldest owner's, else the site's own.
_owner = select(
    func.coalesce(
        literal("operator ").concat(cast(func.min(Membership.operator_id), String)),
        literal("site ").concat(cast(_site, String)),
    )
).where(Membership.site_id == _site, Membership.role == "owner")
# An update that changes nothing locks the row and reads what the one who held it has written.
_held = Prepared(
    lambda insert: (
        (
            made := insert(_caps).values(
                {**inserted(_caps, "mailbox", "times", "newest"), "owner": _owner.scalar_subquery()}
            )
        )
        .on_conflict_do_update(index_elements=["owner", "mailbox"], set_={"mailbox": made.excluded.mailbox})
        .returning(_caps.c.owner, _caps.c.times)
    )
)
_counted = Prepared(
    update(_caps)
    .where(_caps.c.owner == bindparam("of_owner"), _caps.c.mailbox == bindparam("of_mailbox"))
    .values(times=bindparam("all", type_=_caps.c.times.type), newest=bindparam("last"))
)


def configure(settings: Settings) -> None:
    """Take the limits of MAIL_PER_ADDRESS: the longest is the most there is, each shorter one makes mails wait.

    Raises BadSetting for what is no limit.
    """
    text = settings.values["MAIL_PER_ADDRESS"]
    try:
        found = [Limit(rate.amount, timedelta(seconds=rate.seconds)) for rate in map(ratelimit.parse, text.split(";"))]
    except ValueError as error:
        raise BadSetting(f"LEADCAPTURE_MAIL_PER_ADDRESS: {text!r} is not like 1/hour;3/day.") from error
    _limits[:] = sorted(found, key=lambda limit: limit.period)


def take(
    session: Session,
    now: datetime,
    *,
    site: Site,
    address: Address,
    confirmation: bool = True,
    count: bool = True,
) -> datetime | None:
    """Take the next place among the mails of this mailbox: when the mail may go (now, or once its hour is over), None
    when the mailbox has had its mails of the day. What comes back is counted.

    A mail that asks for no confirmation (`confirmation` False) counts for the day and need not wait for the hour.
    With `count` False the place is only looked at, which takes as long: for the mail that there would have been.
    Fifty at once get the places there are, one each.
    """
    if not _limits:
        raise RuntimeError("caps.configure was not called")
    mailbox = mailbox_digest(address)
    owner, kept = _lock(session, now, site.id, mailbox)
    at = slot(kept, now, _limits, confirmation=confirmation)
    if at is None:
        return None
    if count:
        kept = sorted([*kept, Mail(at, confirmation)], key=lambda mail: mail.at)
    newest = kept[-1].at if kept else now
    counted = {"of_owner": owner, "of_mailbox": mailbox, "all": [str(mail) for mail in kept], "last": newest}
    _counted.run(session, counted)
    return at


def slot(had: Sequence[Mail], now: datetime, limits: Sequence[Limit], *, confirmation: bool) -> datetime | None:
    """When one more mail may go, after those a mailbox has had; None while the longest limit is used up.

    `limits` by length, shortest first. Confirmations never overtake one another.
    """
    most = limits[-1]
    if sum(mail.at > now - most.period for mail in had) >= most.amount:
        return None
    if not confirmation:
        return now
    asked = sorted(mail.at for mail in had if mail.confirmation)
    free = [asked[-limit.amount] + limit.period for limit in limits[:-1] if len(asked) >= limit.amount]
    return max(now, *free) if free else now


def wait(session: Session, now: datetime, *, site: Site, address: Address) -> int:
    """The seconds until a mailbox that has had its mails may have another, at least 1."""
    asked = select(MailCap.times).where(
        MailCap.owner == _owner.scalar_subquery(), MailCap.mailbox == mailbox_digest(address)
    )
    row = session.scalar(asked, {"of_site": site.id})
    most = _limits[-1]
    blocking = sorted(Mail.read(text).at for text in row or [])[-most.amount :]
    free = blocking[0] + most.period if len(blocking) == most.amount else now
    return max(1, round((free - now).total_seconds()))


def mailbox_digest(address: Address) -> str:
    """What stands for the mailbox in the database: nobody can read the address out of it."""
    return signing.digest("mailbox", addresses.mailbox(address))


def sweep_due(now: datetime) -> None:
    """The job: forget the mailboxes whose mails count no more."""
    while db.write(sweep, now):
        pass


def sweep(session: Session, now: datetime, *, limit: int = 1000) -> int:
    """Drop the rows of which nothing counts any more, at most `limit`; how many they were."""
    over = select(MailCap.owner, MailCap.mailbox).where(MailCap.newest <= now - _limits[-1].period).limit(limit)
    gone = session.execute(over.with_for_update(skip_locked=True)).all()
    for owner, mailbox in gone:
        session.execute(delete(MailCap).where(MailCap.owner == owner, MailCap.mailbox == mailbox))
    return len(gone)


def _lock(session: Session, now: datetime, site_id: int, mailbox: str) -> tuple[str, list[Mail]]:
    """Whose mails they are, and those of this mailbox that still count, its row held until the transaction ends; made
    where there is none."""
    given = {"of_site": site_id, "mailbox": mailbox, "times": [], "newest": now}
    ((owner, times),) = _held.rows(session, given)
    had = [Mail.read(text) for text in times or []]
    return owner, [mail for mail in had if mail.at > now - _limits[-1].period]
