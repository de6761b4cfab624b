"""Reading codes, who got them, and where they were used."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session

from leadcapture.contacts.models import Contact
from leadcapture.errors import NotFound
from leadcapture.forms.kinds.coupon import rules
from leadcapture.forms.kinds.coupon.models import CouponClaim, CouponCode, CouponRedemption
from leadcapture.forms.models import Form

PAGE = 50
STATES = ("claimed", "redeemed", "free", "void")


@dataclass(frozen=True)
class Counts:
    """How many codes of people's own a form has, and how many of them are in which state."""

    codes: int
    free: int
    claimed: int
    redeemed: int
    void: int


@dataclass(frozen=True)
class Listed:
    """A code with its state (one of STATES, or "shared") and, where it is one person's, whose."""

    code: CouponCode
    state: str
    email: str = ""
    contact: str = ""  # public id
    claimed_at: datetime | None = None
    valid_until: datetime | None = None


def find(session: Session, site_id: int, code: str, *, lock: bool = False) -> tuple[CouponCode, Form]:
    """The site's code, however it is spelt, and its form. Raises NotFound (`unknown_code`) for one that was given to
    nobody, too: who did not get it can only have guessed it."""
    query = (
        select(CouponCode, Form)
        .join(Form, Form.id == CouponCode.form_id)
        .where(CouponCode.site_id == site_id, CouponCode.key == rules.key(code))
    )
    if lock:
        query = query.with_for_update(of=CouponCode).execution_options(populate_existing=True)
    row = session.execute(query).first()
    if row is None or not (row[0].shared or row[0].given):
        raise NotFound("There is no such code.", code="unknown_code")
    return row[0], row[1]


def claim_of(session: Session, code: CouponCode) -> tuple[CouponClaim, str | None] | None:
    """Who has a code of their own: the claim, and the public id of its contact; None for a shared code."""
    if code.shared:
        return None
    row = session.execute(
        select(CouponClaim, Contact.public_id)
        .outerjoin(Contact, Contact.id == CouponClaim.contact_id)
        .where(CouponClaim.code_id == code.id)
    ).first()
    return (row[0], row[1]) if row else None


def claims(session: Session, form_id: int, contact_id: int) -> Sequence[tuple[CouponClaim, CouponCode]]:
    """What the contact got by the form and still has, newest first: a code that was withdrawn counts for nothing."""
    rows = session.execute(
        select(CouponClaim, CouponCode)
        .join(CouponCode, CouponCode.id == CouponClaim.code_id)
        .where(CouponClaim.form_id == form_id, CouponClaim.contact_id == contact_id, CouponCode.voided_at.is_(None))
        .order_by(CouponClaim.id.desc())
    )
    return [(row[0], row[1]) for row in rows]


def shared(session: Session, form: Form) -> CouponCode | None:
    """The one code that the form gives to everybody; None while it has none."""
    return session.scalar(
        select(CouponCode).where(
            CouponCode.form_id == form.id,
            CouponCode.shared.is_(True),
            CouponCode.key == rules.key(form.settings.get("shared_code") or ""),
        )
    )


def to_give(form: Form) -> ColumnElement[bool]:
    """Which of the form's codes can be given to somebody."""
    if form.settings.get("supply") == "shared":
        which = and_(
            CouponCode.shared.is_(True),
            CouponCode.key == rules.key(form.settings.get("shared_code") or ""),
            or_(CouponCode.most_given.is_(None), CouponCode.given < CouponCode.most_given),
        )
    else:
        which = and_(CouponCode.shared.is_(False), CouponCode.given == 0)
    return and_(CouponCode.form_id == form.id, CouponCode.voided_at.is_(None), which)


def has_any(session: Session, form: Form) -> bool:
    """Whether there is a code to give."""
    return session.scalar(select(CouponCode.id).where(to_give(form)).limit(1)) is not None


def form_of_shared(session: Session, form: Form) -> int | None:
    """The internal id of the site's form that the form's shared code belongs to; None when there is no such code yet:
    it is made when the form is saved."""
    key = rules.key(form.settings.get("shared_code") or "")
    return session.scalar(select(CouponCode.form_id).where(CouponCode.site_id == form.site_id, CouponCode.key == key))


def counts(session: Session, form_id: int) -> Counts:
    """What became of the form's codes, but for a shared one."""
    numbers = [func.count().filter(_in_state(state)) for state in STATES]
    mine = (CouponCode.form_id == form_id, CouponCode.shared.is_(False))
    codes, *each = session.execute(select(func.count(), *numbers).where(*mine)).one()
    return Counts(codes, **dict(zip(STATES, each, strict=True)))


def page(
    session: Session,
    form_id: int,
    *,
    before_id: int | None = None,
    search: str = "",
    state: str = "",
    limit: int = PAGE,
) -> tuple[list[Listed], int | None]:
    """The form's newest codes before that internal id, and the `before_id` of the next page (None: that was all).
    `search` is the beginning of a code."""
    query = _listed(form_id).order_by(CouponCode.id.desc()).limit(limit + 1)
    if before_id is not None:
        query = query.where(CouponCode.id < before_id)
    if rules.key(search):
        query = query.where(CouponCode.key.startswith(rules.key(search), autoescape=True))
    if state in STATES:
        query = query.where(_in_state(state))
    found = [_as_listed(*row) for row in session.execute(query)]
    return found[:limit], found[limit - 1].code.id if len(found) > limit else None


def every(session: Session, form_id: int) -> Iterator[Listed]:
    """Every code of the form, oldest first, a thousand at a time."""
    query = _listed(form_id).order_by(CouponCode.id).execution_options(yield_per=1000)
    for row in session.execute(query):
        yield _as_listed(*row)


def orders(session: Session, code_ids: Sequence[int]) -> dict[int, list[str]]:
    """The orders that each of these codes is used in now, oldest first."""
    found: dict[int, list[str]] = {}
    for code_id, order in session.execute(
        select(CouponRedemption.code_id, CouponRedemption.order_ref)
        .where(CouponRedemption.code_id.in_(code_ids), CouponRedemption.released_at.is_(None))
        .order_by(CouponRedemption.id)
    ):
        found.setdefault(code_id, []).append(order)
    return found


def _listed(form_id: int) -> Select[CouponCode, CouponClaim, str, str]:
    return (
        select(CouponCode, CouponClaim, Contact.email, Contact.public_id)
        .outerjoin(CouponClaim, and_(CouponClaim.code_id == CouponCode.id, CouponCode.shared.is_(False)))
        .outerjoin(Contact, Contact.id == CouponClaim.contact_id)
        .where(CouponCode.form_id == form_id)
    )


def _as_listed(code: CouponCode, claim: CouponClaim | None, email: str | None, contact: str | None) -> Listed:
    if code.voided_at:
        state = "void"
    elif code.shared:
        state = "shared"
    else:
        state = "redeemed" if code.uses else "claimed" if code.given else "free"
    return Listed(
        code, state, email or "", contact or "", claim.at if claim else None, claim.valid_until if claim else None
    )


def _in_state(state: str) -> ColumnElement[bool]:
    if state == "void":
        return CouponCode.voided_at.is_not(None)
    own = and_(CouponCode.shared.is_(False), CouponCode.voided_at.is_(None))
    if state == "free":
        return and_(own, CouponCode.given == 0)
    return and_(own, CouponCode.given > 0, CouponCode.uses > 0 if state == "redeemed" else CouponCode.uses == 0)


def told_of(session: Session, contact_id: int) -> list[dict[str, Any]]:
    """The codes that the contact was given, oldest first, as they may read them."""
    rows = session.execute(
        select(CouponCode.code, CouponClaim.at, CouponClaim.valid_until)
        .join(CouponCode, CouponCode.id == CouponClaim.code_id)
        .where(CouponClaim.contact_id == contact_id)
        .order_by(CouponClaim.id)
    )
    return [{"what": "coupon", "code": code, "at": at, "valid_until": until} for code, at, until in rows]
