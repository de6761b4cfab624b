"""How an order reads: its rows, its state, what customer and shop are told. Always in the language of the moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from babel import Locale

from leadcapture import i18n
from leadcapture.forms.fields import phone_text, words
from leadcapture.forms.kinds.order import rules
from leadcapture.forms.kinds.order.models import Order
from leadcapture.forms.outcome import Outcome
from leadcapture.i18n import gettext as _
from leadcapture.sites.models import Site

Rows = list[tuple[str, str]]


def money(amount: Decimal, currency: str) -> str:
    """The amount as it is written in the language of the moment."""
    return rules.money(amount, currency, i18n.language())


def total(order: Order) -> str:
    """What the order comes to."""
    return money(Decimal(order.total) / 100, order.currency)


def state(name: str) -> tuple[str, str]:
    """What a state is called, and its tone (see the macro `badge` of the console)."""
    return {
        "waiting": (_("Not confirmed yet"), "plain"),
        "new": (_("New"), "warn"),
        "accepted": (_("Accepted"), "good"),
        "declined": (_("Declined"), "bad"),
        "done": (_("Done"), "plain"),
    }.get(name, (name, "plain"))


def country(code: str) -> str:
    """The name of a country by its code (ISO 3166); what is no code is a name already."""
    return str(Locale.parse(i18n.language()).territories.get(code, code))


def bill_rows(asked: rules.Bill, currency: str) -> tuple[Rows, tuple[str, str]]:
    """What is asked for, item by item, and the total."""
    rows = [
        _row(words(line.good.get("label")), line.quantity, line.price, line.amount, currency) for line in asked.lines
    ]
    if asked.delivery:
        rows.append((words(asked.delivery.get("label")), money(rules.amount_of(asked.delivery), currency)))
    return rows, (_("Total"), money(asked.total, currency))


def order_rows(order: Order) -> tuple[Rows, tuple[str, str]]:
    """What was ordered, item by item, and the total, at the prices of that time."""
    rows = [
        _row(words(line["label"]), line["quantity"], Decimal(line["price"]), Decimal(line["amount"]), order.currency)
        for line in order.lines
    ]
    if order.delivery:
        rows.append((words(order.delivery["label"]), money(Decimal(order.delivery["price"]), order.currency)))
    return rows, (_("Total"), total(order))


def goods(order: Order) -> str:
    """What was ordered in one line: 2 × Chair, 1 × Table."""
    return ", ".join(f"{line['quantity']} × {words(line['label'])}" for line in order.lines)


def customer_rows(order: Order, region: str) -> Rows:
    """Who ordered and where it goes, for the shop; what is not known is left out."""
    address = rules.postal(order.street, order.postcode, order.city, country(order.country) if order.country else "")
    rows = [
        (_("Name"), order.name),
        (_("E-mail"), order.email),
        (_("Phone"), phone_text(order.phone, region) if order.phone else ""),
        (_("Delivery address"), address),
        (_("Note"), order.note),
        *((question, answer) for question, answer in order.answers),
    ]
    return [(label, value) for label, value in rows if value]


def received(order: Order, site: Site) -> Outcome:
    """What the customer is shown and mailed once the address is confirmed."""
    rows, sum_ = order_rows(order)
    return Outcome(
        title=_("Your order request no. %(number)s has arrived", number=order.number),
        text=_("%(site)s will check it and tell you by e-mail what comes next.", site=site.name),
        rows=rows,
        total=sum_,
        note=_("This is a request: it becomes an order when %(site)s accepts it.", site=site.name),
    )


def told(order: Order, region: str, link: str) -> Outcome:
    """What the shop is mailed about a new order."""
    rows, sum_ = order_rows(order)
    return Outcome(
        title=_("New order request no. %(number)s", number=order.number),
        text=_("Answer this mail to write to the customer."),
        rows=[*customer_rows(order, region), *rows],
        total=sum_,
        links=[(_("Open the order"), link)],
    )


def news_title(order: Order) -> str:
    """What the order's state is, as the customer reads it."""
    return {
        "accepted": _("Your order no. %(number)s is accepted", number=order.number),
        "declined": _("Your order no. %(number)s cannot be delivered", number=order.number),
        "done": _("Your order no. %(number)s is done", number=order.number),
    }[order.state]


def news(order: Order, site: Site, note: str) -> Outcome:
    """What the customer is mailed about a change of the order's state; the shop's own words first."""
    said = {
        "accepted": _("%(site)s has accepted your order.", site=site.name),
        "declined": _("%(site)s is sorry: this order cannot be delivered.", site=site.name),
        "done": _("%(site)s has finished your order. Thank you.", site=site.name),
    }[order.state]
    rows, sum_ = order_rows(order)
    return Outcome(title=news_title(order), text=note or said, rows=rows, total=sum_)


def summary(settings: Mapping[str, Any], data: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    """How a request reads on the contact's page: its lines, the total, where it goes."""
    rows, sum_ = bill_rows(rules.bill(settings, data), settings["currency"])
    land = country(data["country"]) if data.get("country") else ""
    address = rules.postal(data.get("street", ""), data.get("postcode", ""), data.get("city", ""), land)
    rest = [(_("Delivery address"), address), (_("Note"), data.get("note", ""))]
    return [*rows, sum_, *((label, value) for label, value in rest if value)]


def _row(label: str, quantity: int, price: Decimal, amount: Decimal, currency: str) -> tuple[str, str]:
    line = f"{quantity} × {label}"
    if quantity > 1:
        line = _("%(line)s at %(price)s", line=line, price=money(price, currency))
    return line, money(amount, currency)
