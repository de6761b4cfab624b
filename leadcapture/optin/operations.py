"""The confirmation's life: asked for, mailed again, used once, over."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from leadcapture import i18n, ids, signing
from leadcapture.addresses import Address
from leadcapture.errors import Invalid
from leadcapture.i18n import gettext as _
from leadcapture.mail import operations as mail
from leadcapture.mail import rules as mail_rules
from leadcapture.mail.models import Email
from leadcapture.optin import queries, rules
from leadcapture.optin.models import Confirmation
from leadcapture.sites.models import Site

# No digest looks like this: while no mail has carried a code, none can be guessed.
NO_CODE = ""


@dataclass(frozen=True)
class Redeemed:
    """A confirmed confirmation; `first` is True for the one act that confirmed it, and never again."""

    confirmation: Confirmation
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
    allow_mail: bool = True,
) -> Confirmation:
    """Begin a confirmation and mail its link and code; returns a copy of its row, bound to no session.

    `values` for the mail "confirmation": `form_title` (text) and `statements` (the consents agreed to, as texts).
    With `allow_mail` False (too many mails to this address) nothing is mailed and no code exists; `resend` may mail
    later.
    """
    row: dict[str, Any] = {
        "public_id": ids.new("confirmation"),
        "site_id": site.id,
        "email": address.typed,
        "email_key": address.key,
        "status": "pending",
        "code_digest": NO_CODE,
        "code_tries": 0,
        "requested_at": now,
        "expires_at": rules.expires_at(now, days),
        "mails": 0,
    }
    if allow_mail:
        row |= _mail(session, now, row["public_id"], site, address, language, name, values, public_url, days, mail_name)
        row["mails"] = 1
    confirmation_id = session.execute(insert(Confirmation).values(row).returning(Confirmation.id)).scalar_one()
    return Confirmation(id=confirmation_id, **row)


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
    allow_mail: bool = True,
) -> bool:
    """Mail the same link with a new code, good for `days` from now; the old code is void. Returns whether it did.

    No mail is made for a confirmation that is confirmed or purged, has had its three mails, or whose address has had
    too many (`allow_mail` False). One that is past its days but not yet purged lives again. Raises NotFound.
    """
    confirmation = queries.by_public_id(session, public_id)
    if not allow_mail or not _count_mail(session, confirmation.id):
        return False
    mail.replace_waiting(session, now, about=public_id)
    address = Address(typed=confirmation.email, key=confirmation.email_key)
    mailed = _mail(session, now, public_id, site, address, language, name, values, public_url, days, mail_name)
    session.execute(
        update(Confirmation)
        .where(Confirmation.id == confirmation.id)
        .values(**mailed, code_tries=0, expires_at=rules.expires_at(now, days))
    )
    return True


def redeem(session: Session, now: datetime, *, public_id: str, method: str = "button") -> Redeemed:
    """Confirm, by the link's button. Any number of presses, also at once, gives `first` to exactly one.

    Raises rules.Expired when it was not used in its days, NotFound when there is none.
    """
    first = _confirm(session, now, public_id, method)
    confirmation = queries.by_public_id(session, public_id)
    if confirmation.status != "confirmed":
        raise rules.Expired(_("This link has expired."))
    return Redeemed(confirmation, first)


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
    if not signing.digest_matches("confirm", _bound(public_id, rules.typed_code(code)), confirmation.code_digest):
        return Invalid(_("This is not the code from the mail."), code="wrong_code")
    if confirmation.status == "confirmed":
        return Redeemed(confirmation, first=False)
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
        .values(status="expired", email="", email_key="", code_digest=NO_CODE)
        .returning(Confirmation.id, Confirmation.public_id)
        .execution_options(synchronize_session=False)
    ).all()
    mail.forget(session, now, about=[public_id for _id, public_id in ended])
    return [confirmation_id for confirmation_id, _public_id in ended]


def _confirm(session: Session, now: datetime, public_id: str, method: str) -> bool:
    changed = session.scalar(
        update(Confirmation)
        .where(Confirmation.public_id == public_id, Confirmation.status == "pending", Confirmation.expires_at > now)
        .values(status="confirmed", method=method, confirmed_at=now)
        .returning(Confirmation.id)
        .execution_options(synchronize_session=False)
    )
    return changed is not None


def _count_mail(session: Session, confirmation_id: int) -> bool:
    """Take one of the mails a confirmation may have; whether there was one left."""
    changed = session.scalar(
        update(Confirmation)
        .where(Confirmation.id == confirmation_id, Confirmation.status == "pending", Confirmation.mails < rules.MAILS)
        .values(mails=Confirmation.mails + 1)
        .returning(Confirmation.id)
        .execution_options(synchronize_session=False)
    )
    return changed is not None


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
) -> dict[str, Any]:
    """Enqueue the mail; returns the columns of the confirmation that speak of it."""
    code = rules.new_code(secrets.randbelow)
    language = i18n.best(language, site.language)
    name = mail_rules.greeting_name(name)
    email: Email = mail.enqueue(
        session,
        now,
        site=site,
        name=mail_name,
        to=address,
        to_name=name,
        language=language,
        about=public_id,
        values={
            "name": name,
            "link": f"{public_url}/confirm/{signing.sign('confirm', public_id)}",
            "code": code,
            "days": days,
            **values,
        },
    )
    # A code that nobody was sent must not be there to be guessed.
    digest = NO_CODE if email.status == "suppressed" else signing.digest("confirm", _bound(public_id, code))
    return {"code_digest": digest, "email_id": email.id, "mailed_at": now}


def _bound(public_id: str, code: str) -> str:
    return f"{public_id}:{code}"
