"""The tables of coupon codes, who got them, and the orders they were used in."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from leadcapture.contacts.models import Contact
from leadcapture.db import Base
from leadcapture.forms.models import Form
from leadcapture.sites.models import Site


class CouponCode(Base):
    """A code. One of a person's own is given once and used once; a shared one as often as its limits say."""

    __tablename__ = "coupon_codes"
    __table_args__ = (
        UniqueConstraint("site_id", "key"),  # a checkout says the code alone, so it must be the site's only one
        Index("ix_coupon_codes_form_recent", "form_id", "id"),
        Index("ix_coupon_codes_free", "form_id", "given", "id"),  # finding the next one among many that are gone
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(40), unique=True)
    site_id: Mapped[int] = mapped_column(ForeignKey(Site.id, ondelete="CASCADE"))
    form_id: Mapped[int] = mapped_column(ForeignKey(Form.id, ondelete="CASCADE"))
    code: Mapped[str] = mapped_column(String(40))  # as shown
    key: Mapped[str] = mapped_column(String(40))  # as compared
    shared: Mapped[bool] = mapped_column(default=False)
    most_given: Mapped[int | None]  # to so many people; None: to all
    given: Mapped[int] = mapped_column(default=0)
    most_uses: Mapped[int | None]  # in so many orders; None: in all
    uses: Mapped[int] = mapped_column(default=0)
    voided_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class CouponClaim(Base):
    """A code given to a person by one confirmed submission. It stays, without the person, when they are erased."""

    __tablename__ = "coupon_claims"
    __table_args__ = (Index("ix_coupon_claims_form_contact", "form_id", "contact_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    form_id: Mapped[int] = mapped_column(ForeignKey(Form.id, ondelete="CASCADE"))
    code_id: Mapped[int] = mapped_column(ForeignKey(CouponCode.id, ondelete="CASCADE"), index=True)
    contact_id: Mapped[int | None] = mapped_column(ForeignKey(Contact.id, ondelete="SET NULL"), index=True)
    valid_until: Mapped[datetime | None]  # where it holds for some days after the claim
    at: Mapped[datetime]


class CouponRedemption(Base):
    """A code used in one order. `answer` is what the shop was told, so that it is told the same again."""

    __tablename__ = "coupon_redemptions"
    __table_args__ = (UniqueConstraint("code_id", "order_ref"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    code_id: Mapped[int] = mapped_column(ForeignKey(CouponCode.id, ondelete="CASCADE"))
    order_ref: Mapped[str] = mapped_column(String(120))
    answer: Mapped[dict[str, Any]] = mapped_column(JSON)
    at: Mapped[datetime]
    released_at: Mapped[datetime | None]
