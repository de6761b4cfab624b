"""Reading orders, and the requests that still wait for their address to be confirmed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from leadcapture.contacts.models import Contact
from leadcapture.errors import NotFound
from leadcapture.forms.kinds.order.models import Order, OrderChange
from leadcapture.forms.kinds.order.rules import STATES
from leadcapture.forms.models import Form, FormVersion, Submission

PAGE = 50

# What of an order its customer may read.
TOLD = (
    *("number", "state", "currency", "lines", "delivery", "total"),
    *("name", "email", "phone", "street", "postcode", "city", "country", "note", "answers", "created_at"),
)


def form(session: Session, site_id: int, public_id: str) -> Form:
    """The site's order form with that id. Raises NotFound."""
    found = session.scalar(
        select(Form).where(Form.site_id == site_id, Form.public_id == public_id, Form.kind == "order")
    )
    if found is None:
        raise NotFound("No such form.")
    return found


def counts(session: Session, form_id: int) -> dict[str, int]:
    """How many orders of the form are in each state; `waiting` are those whose address is not confirmed yet."""
    rows = session.execute(select(Order.state, func.count()).where(Order.form_id == form_id).group_by(Order.state))
    waiting = session.scalar(select(func.count()).select_from(Submission).where(*_waiting(form_id)))
    return {**dict.fromkeys(STATES, 0), **{row[0]: row[1] for row in rows}, "waiting": waiting or 0}


def page(
    session: Session, form_id: int, *, state: str | None = None, before: int | None = None
) -> tuple[Sequence[Order], int | None]:
    """The newest orders of the form, in that state if one is named, numbered below `before`; and what to ask for the
    older ones with, None when there are none."""
    asked = select(Order).where(Order.form_id == form_id)
    if state is not None:
        asked = asked.where(Order.state == state)
    if before is not None:
        asked = asked.where(Order.number < before)
    found = session.scalars(asked.order_by(Order.number.desc()).limit(PAGE + 1)).all()
    return found[:PAGE], found[PAGE - 1].number if len(found) > PAGE else None


def waiting(session: Session, form_id: int) -> Sequence[tuple[Submission, FormVersion]]:
    """The newest requests whose address is not confirmed yet, each with the version of the form it was made with."""
    rows = session.execute(
        select(Submission, FormVersion)
        .join(
            FormVersion,
            (FormVersion.form_id == Submission.form_id) & (FormVersion.version == Submission.form_version),
        )
        .where(*_waiting(form_id))
        .order_by(Submission.id.desc())
        .limit(PAGE)
    )
    return [(row[0], row[1]) for row in rows]


def by_public_id(session: Session, form_id: int, public_id: str) -> Order:
    """The form's order with that id. Raises NotFound."""
    found = session.scalar(select(Order).where(Order.form_id == form_id, Order.public_id == public_id))
    if found is None:
        raise NotFound("No such order.")
    return found


def changes(session: Session, order_id: int) -> Sequence[OrderChange]:
    """What became of the order, newest first."""
    return session.scalars(
        select(OrderChange).where(OrderChange.order_id == order_id).order_by(OrderChange.id.desc())
    ).all()


def contact_public_id(session: Session, order: Order) -> str | None:
    """The public id of who ordered; None when the person was erased."""
    return session.scalar(select(Contact.public_id).where(Contact.id == order.contact_id))


def every(session: Session, form_id: int) -> Iterator[Order]:
    """All orders of the form, oldest first, read as they are used."""
    yield from session.scalars(
        select(Order).where(Order.form_id == form_id).order_by(Order.number).execution_options(yield_per=500)
    )


def _waiting(form_id: int) -> tuple[ColumnElement[bool], ...]:
    return (Submission.form_id == form_id, Submission.status == "pending")


def told_of(session: Session, contact_id: int) -> list[dict[str, Any]]:
    """The contact's order requests, oldest first, as they may read them."""
    orders = session.scalars(select(Order).where(Order.contact_id == contact_id).order_by(Order.id)).all()
    return [
        {"what": "order"}
        | {name: getattr(order, name) for name in TOLD}
        | {"news": [{"state": n.state, "note": n.note, "at": n.at} for n in changes(session, order.id)]}
        for order in orders
    ]
