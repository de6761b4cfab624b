"""Pure decisions about order requests: what the goods come to, which state may follow which, how an amount is written.

Amounts are Decimals of the currency's unit, exact to the hundredth; the sum of an order is kept in hundredths.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from babel.numbers import format_currency, get_currency_precision

PREFIX = "good_"
FIRST_NUMBER = 1001

# What an operator may make of an order that is in a state; an order that is done or declined stays so.
NEXT: Mapping[str, Sequence[str]] = {
    "new": ("accepted", "declined"),
    "accepted": ("done", "declined"),
    "declined": (),
    "done": (),
}
STATES = tuple(NEXT)


@dataclass(frozen=True)
class Line:
    """So many of one of the owner's goods."""

    good: Mapping[str, Any]
    quantity: int

    @property
    def price(self) -> Decimal:
        """Of one."""
        return amount_of(self.good)

    @property
    def amount(self) -> Decimal:
        """Of all of them."""
        return self.price * self.quantity


@dataclass(frozen=True)
class Bill:
    """What was asked for. `delivery` is the owner's row that was chosen; None where there is none to choose."""

    lines: Sequence[Line]
    delivery: Mapping[str, Any] | None

    @property
    def goods(self) -> Decimal:
        """What the goods alone come to."""
        return sum((line.amount for line in self.lines), Decimal(0))

    @property
    def total(self) -> Decimal:
        """Goods and delivery."""
        return self.goods + (amount_of(self.delivery) if self.delivery else Decimal(0))

    @property
    def hundredths(self) -> int:
        """The total in hundredths of the currency's unit."""
        return int(self.total * 100)


def bill(settings: Mapping[str, Any], data: Mapping[str, Any]) -> Bill:
    """What the validated fields ask for, at the prices of these settings. Goods that cannot be had are left out."""
    quantities = [(good, int(data.get(field_of(good)) or 0)) for good in offered(settings)]
    chosen = data.get("delivery")
    return Bill(
        lines=[Line(good, quantity) for good, quantity in quantities if quantity > 0],
        delivery=next((row for row in deliveries(settings) if row["id"] == chosen), None),
    )


def goods(settings: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """All goods, in the owner's order."""
    rows: Sequence[Mapping[str, Any]] = settings.get("goods") or ()
    return rows


def offered(settings: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The goods that can be had now, in the owner's order."""
    return [good for good in goods(settings) if good.get("available", True)]


def deliveries(settings: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The ways the goods can come to the customer, in the owner's order."""
    rows: Sequence[Mapping[str, Any]] = settings.get("deliveries") or ()
    return rows


def field_of(good: Mapping[str, Any]) -> str:
    """The name of the field in which visitors say how many they want."""
    return f"{PREFIX}{good['id']}"


def amount_of(row: Mapping[str, Any]) -> Decimal:
    """The price of a row; nothing where none is set."""
    return Decimal(str(row.get("price") or "0"))


def least(settings: Mapping[str, Any]) -> Decimal:
    """What the goods must come to at least."""
    return Decimal(str(settings.get("minimum") or "0"))


def below_minimum(settings: Mapping[str, Any], asked: Bill) -> bool:
    """Whether the goods come to less than the shop sends."""
    return asked.goods < least(settings)


def fits(amount: Decimal | str | None, currency: str) -> bool:
    """Whether the currency has coins for that amount: 12.50 yen cannot be paid."""
    return not amount or Decimal(amount) == round(Decimal(amount), get_currency_precision(currency))


def money(amount: Decimal, currency: str, language: str) -> str:
    """The amount as people who speak that language write it, for example €1,234.50 (CLDR)."""
    return str(format_currency(amount, currency, locale=language))


def may_follow(before: str, after: str) -> bool:
    """Whether an order in one state can be put into the other."""
    return after in NEXT.get(before, ())


def postal(street: str, postcode: str, city: str, country: str) -> str:
    """An address on one line, without what is not known of it."""
    return ", ".join(part for part in (street, f"{postcode} {city}".strip(), country) if part)
