"""The tables of order requests: the orders, what became of each, and the last number of each site."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from leadcapture.contacts.models import Contact
from leadcapture.db import Base
from leadcapture.forms.models import Form
from leadcapture.sites.models import Site


class OrderNumber(Base):
    """The last number that was given in a site. Counted up in the transaction that stores the order, so that a number
    is neither given twice nor lost."""

    __tablename__ = "order_numbers"

    site_id: Mapped[int] = mapped_column(ForeignKey(Site.id, ondelete="CASCADE"), primary_key=True)
    last: Mapped[int]


class Order(Base):
    """A confirmed order request, with what was asked for at the prices that the customer saw."""

    __tablename__ = "orders"
    __table_args__ = (UniqueConstraint("site_id", "number"), Index("ix_orders_form_state", "form_id", "state", "id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(40), unique=True)
    site_id: Mapped[int] = mapped_column(ForeignKey(Site.id, ondelete="CASCADE"))
    form_id: Mapped[int] = mapped_column(ForeignKey(Form.id, ondelete="CASCADE"))
    # The submission it was made of; its row may be erased, the shop's books stay.
    submission: Mapped[str] = mapped_column(String(40), unique=True)
    contact_id: Mapped[int | None] = mapped_column(ForeignKey(Contact.id, ondelete="SET NULL"), index=True)
    number: Mapped[int]
    state: Mapped[str] = mapped_column(String(10), default="new")  # new, accepted, declined, done
    currency: Mapped[str] = mapped_column(String(3))
    # [{"label": {language: text}, "price": "12.50", "quantity": 2, "amount": "25.00"}]
    lines: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    delivery: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))  # {"label", "price", "pickup"}
    total: Mapped[int] = mapped_column(BigInteger)  # in hundredths of the currency's unit
    language: Mapped[str] = mapped_column(String(8))
    name: Mapped[str] = mapped_column(String(120), default="")
    email: Mapped[str] = mapped_column(String(320), default="")
    phone: Mapped[str] = mapped_column(String(40), default="")
    street: Mapped[str] = mapped_column(String(200), default="")
    postcode: Mapped[str] = mapped_column(String(20), default="")
    city: Mapped[str] = mapped_column(String(120), default="")
    country: Mapped[str] = mapped_column(String(80), default="")
    note: Mapped[str] = mapped_column(Text, default="")
    # [[question, answer]]: what the shop asked beside, in the shop's language.
    answers: Mapped[list[list[str]]] = mapped_column(JSON, default=list)
    created_at: Mapped[datetime]


class OrderChange(Base):
    """One change of an order's state: by whom, with which words to the customer, and whether these were mailed."""

    __tablename__ = "order_changes"

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey(Order.id, ondelete="CASCADE"), index=True)
    state: Mapped[str] = mapped_column(String(10))
    by: Mapped[str] = mapped_column(String(120))  # the operator's name at that time
    note: Mapped[str] = mapped_column(Text, default="")
    mailed: Mapped[bool] = mapped_column(default=False)
    at: Mapped[datetime]
