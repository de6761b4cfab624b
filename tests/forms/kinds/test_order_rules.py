"""What an order comes to, to the cent, and how it goes from state to state."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from leadcapture.forms.kinds.order import rules

CENTS = st.integers(0, 99_999_999_999)


def shop(prices: list[int], delivery: int, available: list[bool]) -> dict:
    return {
        "goods": [
            {"id": f"g{number}", "price": str(Decimal(price) / 100), "available": there}
            for number, (price, there) in enumerate(zip(prices, available, strict=True))
        ],
        "deliveries": [{"id": "post", "price": str(Decimal(delivery) / 100)}],
    }


@settings(max_examples=40, deadline=None)
@given(
    goods=st.lists(st.tuples(CENTS, st.integers(0, 9999), st.booleans()), min_size=1, max_size=12),
    delivery=CENTS,
)
def test_the_total_is_exact_whatever_is_ordered(goods: list[tuple[int, int, bool]], delivery: int) -> None:
    made = shop([price for price, _number, _there in goods], delivery, [there for *_rest, there in goods])
    asked = {f"good_g{place}": number for place, (_price, number, _there) in enumerate(goods)}
    bill = rules.bill(made, {**asked, "delivery": "post"})
    goods_alone = sum(price * number for price, number, there in goods if there)
    assert bill.hundredths == goods_alone + delivery
    assert sum(line.amount for line in bill.lines) == bill.goods == Decimal(goods_alone) / 100
    assert all(line.quantity > 0 for line in bill.lines)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(rules.STATES), max_size=6))
def test_no_order_comes_back_from_an_end(path: list[str]) -> None:
    state = "new"
    for wanted in path:
        if rules.may_follow(state, wanted):
            assert state not in ("declined", "done")
            state = wanted
    assert state in rules.STATES


def test_goods_that_nobody_knows_and_deliveries_that_are_gone_cost_nothing() -> None:
    made = shop([1000], 490, [True])
    bill = rules.bill(made, {"good_g0": 1, "good_nothing": 5, "delivery": "gone", "price": "0.01"})
    assert (bill.hundredths, bill.delivery) == (1000, None)


def test_amounts_read_as_people_write_them() -> None:
    assert rules.money(Decimal("1234.5"), "EUR", "en") == "€1,234.50"
    assert rules.money(Decimal("1200"), "JPY", "en") == "¥1,200"
    assert "1,234.50" in rules.money(Decimal("1234.5"), "EUR", "ar")


def test_an_address_says_nothing_of_what_is_not_known() -> None:
    assert rules.postal("1 Hill Road", "AB1 2CD", "Leeds", "") == "1 Hill Road, AB1 2CD Leeds"
    assert rules.postal("", "", "", "") == ""
