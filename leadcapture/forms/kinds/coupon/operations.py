"""Codes: added, given to people, used in orders, given back, withdrawn.

A code that is about to be given or used is locked first (SQLite has one writer anyway), so its limits hold whoever
comes at the same moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from leadcapture import clock, ids
from leadcapture.errors import Conflict, Invalid, NotFound
from leadcapture.forms import queries as forms
from leadcapture.forms.fields import moment_of
from leadcapture.forms.kinds.coupon import queries, rules
from leadcapture.forms.kinds.coupon.models import CouponClaim, CouponCode, CouponRedemption
from leadcapture.forms.models import Form
from leadcapture.i18n import gettext as _
from leadcapture.i18n import ngettext
from leadcapture.sites.models import Site

AT_A_TIME = 1_000  # rows of one INSERT


@dataclass(frozen=True)
class Given:
    """A code that a person has: `first` when it was given just now. None where no moment limits it."""

    code: str
    valid_from: datetime | None
    valid_until: datetime | None
    first: bool


def window(settings: Mapping[str, Any], timezone: str) -> tuple[datetime | None, datetime | None]:
    """From when until when the codes of a form can be used; None where that is open."""
    begins, ends = (settings.get(name) for name in ("valid_from", "valid_until"))
    return (moment_of(begins, timezone) if begins else None, moment_of(ends, timezone) if ends else None)


# ---- the owner's ----------------------------------------------------------------------------------------------------


def keep_shared(session: Session, now: datetime, *, form: Form, before: Mapping[str, Any]) -> None:
    """Make the shared code of the settings the one that the form gives, with its limits. Former ones stay good: people
    have them.

    Raises Invalid when another form of the site has the code, or it was withdrawn.
    """
    settings = form.settings
    code = rules.tidy(settings.get("shared_code") or "")
    if not code:
        return
    limits = {"most_given": settings.get("stock"), "most_uses": settings.get("most_uses")}
    known = session.scalar(
        select(CouponCode)
        .where(CouponCode.site_id == form.site_id, CouponCode.key == rules.key(code))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if known is None:
        session.execute(insert(CouponCode).values(_row(now, form, code, shared=True, **limits)))
    elif known.shared and known.form_id == form.id and known.voided_at is None:
        known.code, known.most_given, known.most_uses = code, limits["most_given"], limits["most_uses"]
    elif before and rules.key(before.get("shared_code") or "") != known.key:
        # (A copy of a form is made before it can have a code of its own.)
        sentence = (
            _("This code was withdrawn. Choose another.")
            if known.form_id == form.id
            else _("Another form of this site has this code already.")
        )
        raise Invalid(sentence, fields={"shared_code": [sentence]})


def add_codes(session: Session, now: datetime, *, site_id: int, form_public_id: str, codes: Sequence[str]) -> int:
    """Add codes of the owner's own, one person each; returns how many. All of them or none.

    Raises Invalid with a sentence that names the ones that are there twice, are known already or cannot be used;
    NotFound.
    """
    form = _coupon_form(session, site_id, form_public_id)
    if not codes:
        raise Invalid(_("Paste at least one code."))
    if len(codes) > rules.MOST_AT_ONCE:
        raise Invalid(_("At most %(number)s codes at a time.", number=f"{rules.MOST_AT_ONCE:,}"))
    _refuse(_("These cannot be used, only letters, digits and hyphens, 40 at most:"), _unusable(codes))
    _refuse(_("These are in the list more than once:"), rules.repeated(codes))
    added = set(_insert(session, now, form, codes))
    _refuse(_("The site has these already:"), [code for code in codes if rules.key(code) not in added])
    return len(codes)


def make_codes(session: Session, now: datetime, *, site_id: int, form_public_id: str, number: int) -> int:
    """Make that many new codes, one person each; returns how many. Raises Invalid for a number that will not do,
    NotFound."""
    form = _coupon_form(session, site_id, form_public_id)
    if not 1 <= number <= rules.MOST_AT_ONCE:
        raise Invalid(_("Write a number from 1 to %(most)s.", most=f"{rules.MOST_AT_ONCE:,}"))
    missing = number
    while missing:  # two equal ones among 10¹⁴ are not to be expected
        missing -= len(_insert(session, now, form, {rules.made() for _each in range(missing)}))
    return number


def void(session: Session, now: datetime, *, site_id: int, form_public_id: str, public_id: str) -> None:
    """Withdraw a code: nobody gets it any more, no order takes it. Again changes nothing. Raises NotFound."""
    form = _coupon_form(session, site_id, form_public_id)
    code = session.scalar(
        select(CouponCode).where(CouponCode.form_id == form.id, CouponCode.public_id == public_id).with_for_update()
    )
    if code is None:
        raise NotFound("No such code.")
    code.voided_at = code.voided_at or now


# ---- people's -------------------------------------------------------------------------------------------------------


def give(session: Session, now: datetime, *, form: Form, site: Site, contact_id: int) -> Given | None:
    """The code of a contact whose row this transaction has locked: a new one while the contact may have one more, else
    the last one they got. None when there is none (any more)."""
    settings = form.settings
    begins, ends = window(settings, site.timezone)
    most = 1 if settings.get("supply") == "shared" else int(settings.get("per_contact") or 1)
    had = queries.claims(session, form.id, contact_id)
    if len(had) >= most:
        claim, code = had[0]
        return Given(code.code, begins, rules.earlier(ends, claim.valid_until), first=False)
    if ends and ends <= now:
        return None
    taken = _take(session, form)
    if taken is None:
        return None
    until = rules.end_of_claim(now, settings.get("valid_days"), site.timezone)
    session.execute(
        insert(CouponClaim).values(form_id=form.id, code_id=taken.id, contact_id=contact_id, valid_until=until, at=now)
    )
    return Given(taken.code, begins, rules.earlier(ends, until), first=True)


def forget(session: Session, now: datetime, contact_id: int) -> None:
    """Forget who got the contact's codes; that they were given stays."""
    session.execute(update(CouponClaim).where(CouponClaim.contact_id == contact_id).values(contact_id=None))


# ---- the checkout's -------------------------------------------------------------------------------------------------


def validate(
    session: Session, now: datetime, *, site: Site, code: str, basket: int | None, currency: str
) -> dict[str, Any]:
    """What a code takes off an order now, as the API answers it; changes nothing.

    Raises NotFound `unknown_code`; Conflict `not_valid_yet`, `expired`, `used_up`, `void`; Invalid `bad_request`.
    """
    found, form = queries.find(session, site.id, code)
    answer = _terms(session, now, found, form, site, basket, currency)
    if found.most_uses is not None and found.uses >= found.most_uses:
        raise Conflict("This code has been used.", code="used_up")
    return {"valid": True, **answer}


def redeem(
    session: Session, now: datetime, *, site: Site, code: str, order: str, basket: int | None, currency: str
) -> dict[str, Any]:
    """Use a code in an order. The same order again gets the same answer and uses nothing more.

    Raises as `validate` does.
    """
    found, form = queries.find(session, site.id, code, lock=True)
    used = _redemption(session, found, order)
    if used and used.released_at is None:
        return used.answer
    answer = _terms(session, now, found, form, site, basket, currency)
    if found.most_uses is not None and found.uses >= found.most_uses:
        raise Conflict("This code has been used.", code="used_up")
    answer = {"redeemed": True, "order": order, "redeemed_at": clock.wire(now), **answer}
    found.uses += 1
    if used:
        used.answer, used.at, used.released_at = answer, now, None
    else:
        session.add(CouponRedemption(code_id=found.id, order_ref=order, answer=answer, at=now))
    session.flush()
    return answer


def release(session: Session, now: datetime, *, site: Site, code: str, order: str) -> dict[str, Any]:
    """Give back the use of a code in an order that was not paid; again is the same.

    Raises NotFound `unknown_code`, or `unknown_order` where the code was never used in that order.
    """
    found, _form = queries.find(session, site.id, code, lock=True)
    used = _redemption(session, found, order)
    if used is None:
        raise NotFound("This code was not used in this order.", code="unknown_order")
    if used.released_at is None:
        used.released_at = now
        found.uses -= 1
        session.flush()
    return {"released": True, "code": found.code, "order": order, "released_at": clock.wire(used.released_at)}


# ---- what they are made of ------------------------------------------------------------------------------------------


def _coupon_form(session: Session, site_id: int, public_id: str) -> Form:
    form = forms.by_public_id(session, site_id, public_id)
    if form.kind != "coupon":
        raise NotFound("No such form.")
    return form


def _row(now: datetime, form: Form, code: str, **values: Any) -> dict[str, Any]:
    return {
        "public_id": ids.new("coupon"),
        "site_id": form.site_id,
        "form_id": form.id,
        "code": code,
        "key": rules.key(code),
        "created_at": now,
        "most_given": 1,
        "most_uses": 1,
        "given": 0,
        "uses": 0,
        **values,
    }


def _insert(session: Session, now: datetime, form: Form, codes: Iterable[str]) -> list[str]:
    """Insert the codes that the site does not have yet; returns their keys."""
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    rows = [_row(now, form, code, shared=False) for code in codes]
    found: list[str] = []
    for begin in range(0, len(rows), AT_A_TIME):
        found += session.scalars(
            dialect.insert(CouponCode)
            .values(rows[begin : begin + AT_A_TIME])
            .on_conflict_do_nothing(index_elements=["site_id", "key"])
            .returning(CouponCode.key)
        )
    return found


def _unusable(codes: Sequence[str]) -> list[str]:
    return [code for code in codes if not rules.usable(code)]


def _refuse(sentence: str, codes: Sequence[str]) -> None:
    if not codes:
        return
    named = ", ".join(code[:40] for code in codes[:5])
    rest = len(codes) - 5
    more = " " + ngettext("and %(num)d more", "and %(num)d more", rest) if rest > 0 else ""
    raise Invalid(f"{sentence} {named}{more}")


def _take(session: Session, form: Form) -> CouponCode | None:
    """Lock a code that can be given, and count it as given; None when there is none left."""
    query = (
        select(CouponCode)
        .where(queries.to_give(form))
        .order_by(CouponCode.id)
        .limit(1)
        .execution_options(populate_existing=True)
    )
    # One that nobody else is about to take; where all that are left are in other hands, wait for what becomes of them.
    code = session.scalar(query.with_for_update(skip_locked=True)) or session.scalar(query.with_for_update())
    if code is None:
        return None
    code.given += 1
    session.flush()
    return code


def _redemption(session: Session, code: CouponCode, order: str) -> CouponRedemption | None:
    return session.scalar(
        select(CouponRedemption).where(CouponRedemption.code_id == code.id, CouponRedemption.order_ref == order)
    )


def _terms(
    session: Session, now: datetime, code: CouponCode, form: Form, site: Site, basket: int | None, currency: str
) -> dict[str, Any]:
    """What the code gives now, to a basket of that many minor units where one is said."""
    claimed = queries.claim_of(session, code)
    begins, ends = window(form.settings, site.timezone)
    ends = rules.earlier(ends, claimed[0].valid_until if claimed else None)
    if code.voided_at:
        raise Conflict("This code was withdrawn.", code="void")
    if begins and now < begins:
        raise Conflict(f"This code can be used from {clock.wire(begins)} on.", code="not_valid_yet")
    if ends and ends <= now:
        raise Conflict(f"This code was good until {clock.wire(ends)}.", code="expired")
    discount = rules.discount_of(form.settings)
    if currency and discount.currency and currency != discount.currency:
        sentence = f"This code is worth {discount.currency}; the order is in {currency}."
        raise Invalid(sentence, code="bad_request", fields={"currency": [sentence]})
    answer: dict[str, Any] = {
        "code": code.code,
        "discount": discount.wire(),
        "valid_until": clock.wire_or_none(ends),
        "contact": claimed[1] if claimed else None,
    }
    if basket is not None:
        in_currency = discount.currency or currency or None
        answer["basket"] = {"minor": basket, "currency": in_currency}
        answer["off"] = {"minor": discount.off(basket), "currency": in_currency}
    return answer
