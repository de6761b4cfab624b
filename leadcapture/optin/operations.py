"""The confirmation's life: asked for, mailed again, used once, over."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, case, insert, select, update
from sqlalchemy.orm import Session

from leadcapture import i18n, ids, signing
from leadcapture.addresses import Address
from leadcapture.errors import Invalid
from leadcapture.i18n import gettext as _
from leadcapture.mail import caps
from leadcapture.mail import operations as mail
from leadcapture.mail import queries as mail_queries
from leadcapture.mail import rules as mail_rules
from leadcapture.optin import queries, rules
from leadcapture.optin.models import Confirmation
from leadcapture.optin.queries import Settled
from leadcapture.prepared import Prepared, inserted
from leadcapture.sites.models import Site

# No digest looks like this: while no mail has carried a code, none can be guessed.
NO_CODE = ""

_confirmations: Any = Confirmation.__table__

# Made once: to put a statement together takes longer than to run it, and these run with every form and every press.
_begin = Prepared(
    insert(_confirmations)
    .values(
        inserted(
            _confirmations,
            *("public_id", "site_id", "email", "email_key", "status", "code_digest", "code_before", "code_tries"),
            *("requested_at", "expires_at", "mails", "email_id", "mailed_at"),
        )
    )
    .returning(_confirmations.c.id)
)
_confirmed = Prepared(
    update(_confirmations)
    .where(
        _confirmations.c.public_id == bindparam("of_id"),
        _confirmations.c.status == "pending",
        _confirmations.c.expires_at > bindparam("at"),
    )
    .values(
        status="confirmed",
        method=bindparam("by"),
        confirmed_at=bindparam("at"),
        # Of a mail that was to go later nobody has the code; the one that the person has is the one that worked.
        code_digest=case(
            (_confirmations.c.mailed_at > bindparam("at"), _confirmations.c.code_before),
            else_=_confirmations.c.code_digest,
        ),
    )
    .returning(*queries.settled, _confirmations.c.mailed_at)
)


@dataclass(frozen=True)
class Asked:
    """A confirmation that was begun: its internal id and its public id."""

    id: int
    public_id: str


@dataclass(frozen=True)
class Redeemed:
    """A confirmed confirmation; `first` is True for the one act that confirmed it, and never again."""

    confirmation: Settled
    first: bool


def request(
    session: Session,
    now: datetime,
    *,
    site: Site,
    address: Address,
    language: str,
    name: str,
    values: Mapping[str, Any],
    public_url: str,
    days: int,
    mail_name: str = "confirmation",
) -> Asked:
    """Begin a confirmation and mail its link and code, as soon as the caps of the mailbox let it.

    `values` for the mail "confirmation": `form_title` (text), `statements` (the consents agreed to, as texts) and
    `preferences_url` (where who is confirmed already changes settings, else nothing). A mailbox that has had its mails
    of the day gets none, and no code exists; `resend` may mail later.
    """
    row = _begun(now, site, address, days)
    due_at = caps.take(session, now, site=site, address=address)
    row |= _mail(
        session, now, row["public_id"], site, address, language, name, values, public_url, days, mail_name, due_at
    )
    row["mails"] = 0 if due_at is None else 1
    return _stored(session, row)


def begin_unmailed(session: Session, now: datetime, *, site: Site, address: Address, days: int) -> Asked:
    """Begin a confirmation that nobody is told of: it counts tries of its code and expires like any, and no code is
    right."""
    return _stored(session, _begun(now, site, address, days))


def resend(
    session: Session,
    now: datetime,
    *,
    public_id: str,
    site: Site,
    language: str,
    name: str,
    values: Mapping[str, Any],
    public_url: str,
    days: int,
    mail_name: str = "confirmation",
    in_vain: bool = False,
) -> bool:
    """Mail the same link with a new code, good for `days` from now, as soon as the caps of the mailbox let it; the old
    code works until then. Returns whether a mail is on its way: this one, or one that waits already.
    `in_vain` writes it and drops it again, for who must not learn that there is none.

    There is none for a confirmation that is confirmed or purged or has had its three mails, and for a mailbox that has
    had its mails of the day. One that is past its days but not yet purged lives again. Raises NotFound.
    """
    # One wish at a time, so that two at once are not two mails.
    confirmation = queries.by_public_id(session, public_id, lock=True)
    if confirmation.status != "pending":
        return False
    address = Address(typed=confirmation.email, key=confirmation.email_key)
    waits = mail_queries.waits(session, public_id)
    may = not in_vain and not waits and confirmation.mails < rules.MAILS
    free = caps.take(session, now, site=site, address=address, count=may)
    due_at = free if may else None
    mailed = _mail(session, now, public_id, site, address, language, name, values, public_url, days, mail_name, due_at)
    if due_at is not None:
        # The tries begin anew with the mail, and with nothing else: asking again must not buy a guess.
        mailed |= {"code_tries": 0, "mails": confirmation.mails + 1}
        mailed["code_before"] = confirmation.code_digest if due_at > now else NO_CODE
    if waits or due_at is not None:
        mailed["expires_at"] = rules.expires_at(now, days)
    if mailed:
        session.execute(update(Confirmation).where(Confirmation.id == confirmation.id).values(**mailed))
    return bool(mailed)


def redeem(session: Session, now: datetime, *, public_id: str, method: str = "button") -> Redeemed:
    """Confirm, by the link's button. Any number of presses, also at once, gives `first` to exactly one.

    Raises rules.Expired when it was not used in its days, NotFound when there is none.
    """
    found = _confirmed.row(session, {"of_id": public_id, "at": now, "by": method})
    if found is None:
        known = queries.settled_by_public_id(session, public_id)
        if known.status != "confirmed":
            raise rules.Expired(_("This link has expired."))
        return Redeemed(known, first=False)
    *row, mailed_at = found
    if mailed_at is not None and mailed_at > now:
        mail.drop_planned(session, now, about=public_id)  # nobody needs it any more
    return Redeemed(Settled(*row), first=True)


def redeem_code(session: Session, now: datetime, *, public_id: str, code: str) -> Redeemed | Invalid:
    """Confirm by the typed code. A refusal is returned, not raised, so that the try is committed with it: the edge
    raises it after the transaction. Its code is `wrong_code`, `too_many_tries` or `expired`.

    Five tries a mail, also when fifty come at once. Raises NotFound.
    """
    counted = session.scalar(
        update(Confirmation)
        .where(
            Confirmation.public_id == public_id,
            Confirmation.status == "pending",
            Confirmation.expires_at > now,
            Confirmation.code_tries < rules.TRIES,
        )
        .values(code_tries=Confirmation.code_tries + 1)
        .returning(Confirmation.id)
        .execution_options(synchronize_session=False)
    )
    confirmation = queries.by_public_id(session, public_id)
    if rules.over(status=confirmation.status, expires_at=confirmation.expires_at, now=now):
        return Invalid(_("This code has expired."), code="expired")
    if confirmation.status == "pending" and counted is None:
        return Invalid(_("Too many tries. Ask for a new code."), code="too_many_tries")
    if not _matches(confirmation, code, now):
        return Invalid(_("This is not the code from the mail."), code="wrong_code")
    if confirmation.status == "confirmed":
        return Redeemed(queries.settled_by_public_id(session, public_id), first=False)
    return redeem(session, now, public_id=public_id, method="code")


def expire_due(session: Session, now: datetime, limit: int = 500) -> list[int]:
    """End what was not confirmed in its days: address, code and mails are erased. Returns the internal ids of those
    ended, so that what waits on them can be purged in the same transaction.
    """
    due = (
        select(Confirmation.id)
        .where(Confirmation.status == "pending", Confirmation.expires_at <= now)
        .order_by(Confirmation.expires_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    ended = session.execute(
        update(Confirmation)
        .where(Confirmation.id.in_(due.scalar_subquery()), Confirmation.status == "pending")
        .values(status="expired", email="", email_key="", code_digest=NO_CODE, code_before=NO_CODE)
        .returning(Confirmation.id, Confirmation.public_id)
        .execution_options(synchronize_session=False)
    ).all()
    mail.forget(session, now, about=[public_id for _id, public_id in ended])
    return [confirmation_id for confirmation_id, _public_id in ended]


def _matches(confirmation: Confirmation, code: str, now: datetime) -> bool:
    """Whether that is the code of the newest mail; or, while that one has still to go, of the mail before."""
    good = [confirmation.code_digest]
    if confirmation.mailed_at and confirmation.mailed_at > now:
        good.append(confirmation.code_before)
    bound = _bound(confirmation.public_id, rules.typed_code(code))
    return any(signing.digest_matches("confirm", bound, digest) for digest in good)


def _mail(
    session: Session,
    now: datetime,
    public_id: str,
    site: Site,
    address: Address,
    language: str,
    name: str,
    values: Mapping[str, Any],
    public_url: str,
    days: int,
    mail_name: str,
    due_at: datetime | None,
) -> dict[str, Any]:
    """Enqueue the mail; returns the columns of the confirmation that speak of it.

    Without a `due_at` there is none, and nothing to say of it; yet it is written and dropped, for how long an answer
    takes must not tell what an address has had.
    """
    code = rules.new_code(secrets.randbelow)
    language = i18n.best(language, site.language)
    name = mail_rules.greeting_name(name)
    email = mail.enqueue(
        session,
        now,
        site=site,
        name=mail_name,
        to=address,
        to_name=name,
        language=language,
        about=public_id,
        due_at=due_at,
        values={
            "name": name,
            "link": f"{public_url}/confirm/{signing.sign('confirm', public_id)}",
            "code": code,
            "days": days,
            **values,
        },
    )
    if due_at is None:
        mail.drop(session, now, email_id=email.id)
        return {}
    # A code that nobody was sent must not be there to be guessed.
    digest = NO_CODE if email.status == "suppressed" else signing.digest("confirm", _bound(public_id, code))
    return {"code_digest": digest, "email_id": email.id, "mailed_at": due_at}


def _begun(now: datetime, site: Site, address: Address, days: int) -> dict[str, Any]:
    return {
        "public_id": ids.new("confirmation"),
        "site_id": site.id,
        "email": address.typed,
        "email_key": address.key,
        "status": "pending",
        "code_digest": NO_CODE,
        "code_before": NO_CODE,
        "code_tries": 0,
        "requested_at": now,
        "expires_at": rules.expires_at(now, days),
        "mails": 0,
    }


def _stored(session: Session, row: dict[str, Any]) -> Asked:
    return Asked(_begin.scalar(session, {"email_id": None, "mailed_at": None, **row}), row["public_id"])


def _bound(public_id: str, code: str) -> str:
    return f"{public_id}:{code}"
