"""Writing orders: made of a confirmed request, numbered, put from one state into the next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from leadcapture import addresses, i18n, ids
from leadcapture.contacts.models import Contact
from leadcapture.errors import Conflict, Invalid
from leadcapture.forms import letters
from leadcapture.forms.kind import Filled
from leadcapture.forms.kinds.order import queries, rules, wording
from leadcapture.forms.kinds.order.models import Order, OrderChange, OrderNumber
from leadcapture.forms.rules import clean_text
from leadcapture.i18n import gettext as _
from leadcapture.mail import operations as mail
from leadcapture.sites import queries as sites

NOTE_LENGTH = 2000


def place(
    session: Session, now: datetime, *, filled: Filled, contact: Contact, answers: Sequence[tuple[str, str]] = ()
) -> Order:
    """The order that a confirmed request makes, under the site's next number, at the prices of the version of the form
    that the customer saw. `answers` are those to the owner's own questions."""
    asked = rules.bill(filled.settings, filled.data)
    order = Order(
        public_id=ids.new("order"),
        site_id=filled.site.id,
        form_id=filled.form_id,
        submission=filled.public_id,
        contact_id=contact.id,
        number=_next_number(session, filled.site.id),
        state="new",
        currency=filled.settings["currency"],
        lines=[_kept_line(line) for line in asked.lines],
        delivery=_kept_delivery(asked.delivery),
        total=asked.hundredths,
        language=filled.language,
        name=filled.name,
        email=filled.address.typed,
        phone=filled.phone,
        note=filled.data.get("note", ""),
        answers=[list(answer) for answer in answers],
        **{part: filled.data.get(part, "") for part in ("street", "postcode", "city", "country")},
        created_at=now,
    )
    session.add(order)
    session.flush()
    return order


def change(
    session: Session,
    now: datetime,
    *,
    site_id: int,
    form_public_id: str,
    public_id: str,
    seen: str,
    state: str,
    by: str,
    note: str = "",
    mail: bool = False,
) -> Order:
    """Put the order into another state, if it still is in the one the operator has `seen`; with `mail`, tell the
    customer so, in the customer's language and with the `note`.

    Raises NotFound, Invalid for a state that cannot follow, Conflict with a sentence when somebody else was faster.
    """
    form = queries.form(session, site_id, form_public_id)
    note = clean_text(note)
    if len(note) > NOTE_LENGTH:
        raise Invalid(_("At most 2,000 characters."), fields={"note": [_("At most 2,000 characters.")]})
    if not rules.may_follow(seen, state):
        raise Invalid(_("An order in this state cannot be changed like that."), fields={"state": []})
    won = session.scalar(
        update(Order)
        .where(Order.form_id == form.id, Order.public_id == public_id, Order.state == seen)
        .values(state=state)
        .returning(Order.id)
        .execution_options(synchronize_session=False)
    )
    order = queries.by_public_id(session, form.id, public_id)
    if won is None:
        raise Conflict(_too_late(session, order), code="changed")
    session.refresh(order)
    mailed = mail and bool(order.email)
    session.add(OrderChange(order_id=order.id, state=state, by=by[:120], note=note, mailed=mailed, at=now))
    if mailed:
        _tell_customer(session, now, order, note)
    session.flush()
    return order


def forget(session: Session, now: datetime, contact_id: int) -> None:
    """Erase who ordered. What was sold, its number and its total stay: they are the shop's books and name nobody."""
    theirs = select(Order.id).where(Order.contact_id == contact_id)
    # The shop was mailed their address and all they wrote.
    mail.forget(session, now, about=list(session.scalars(select(Order.public_id).where(Order.id.in_(theirs)))))
    session.execute(
        update(OrderChange)
        .where(OrderChange.order_id.in_(theirs))
        .values(note="")
        .execution_options(synchronize_session=False)
    )
    erased = dict.fromkeys(("name", "email", "phone", "street", "postcode", "city", "country", "note"), "")
    session.execute(
        update(Order)
        .where(Order.contact_id == contact_id)
        .values(**erased, answers=[], contact_id=None)
        .execution_options(synchronize_session=False)
    )


def _next_number(session: Session, site_id: int) -> int:
    # One statement counts up and holds the row until the commit: whoever is next waits, and a rollback gives the
    # number back.
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    counted = (
        dialect.insert(OrderNumber)
        .values(site_id=site_id, last=rules.FIRST_NUMBER)
        .on_conflict_do_update(index_elements=["site_id"], set_={"last": OrderNumber.last + 1})
        .returning(OrderNumber.last)
    )
    return int(session.execute(counted).scalar_one())


def _kept_line(line: rules.Line) -> dict[str, Any]:
    return {
        "label": line.good.get("label"),
        "price": str(line.price),
        "quantity": line.quantity,
        "amount": str(line.amount),
    }


def _kept_delivery(row: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if row is None:
        return None
    return {"label": row.get("label"), "price": str(rules.amount_of(row)), "pickup": bool(row.get("pickup"))}


def _too_late(session: Session, order: Order) -> str:
    state = wording.state(order.state)[0]
    last = next(iter(queries.changes(session, order.id)), None)
    if last is None:
        return _("Nothing was changed: the order is now: %(state)s.", state=state)
    return _("Nothing was changed: %(name)s was faster, the order is now: %(state)s.", name=last.by, state=state)


def _tell_customer(session: Session, now: datetime, order: Order, note: str) -> None:
    site = sites.by_id(session, order.site_id)
    with i18n.speaking(order.language):
        letters.send(
            session,
            now,
            site=site,
            to=addresses.parse(order.email),
            language=order.language,
            outcome=wording.news(order, site, note),
            subject=wording.news_title(order),
            why=_("You get this e-mail because you sent an order request to %(site)s.", site=site.name),
            contact=session.get(Contact, order.contact_id) if order.contact_id else None,
            purpose="order",
            name=order.name,
            about=order.public_id,
        )
