"""What codes look like, what a discount takes off, when a code ends: decisions without a database."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadcapture.forms.kinds.coupon import rules
from leadcapture.forms.kinds.coupon.rules import Discount


def test_made_codes_can_be_read_aloud_and_are_all_different() -> None:
    codes = {rules.made() for _each in range(2000)}
    assert len(codes) == 2000
    assert not set("".join(codes)) & set("01OILAEU"), "nothing to mix up, no words"
    assert all(rules.usable(code) for code in codes)


@given(st.text(alphabet=rules.ALPHABET + "abcxyz -", min_size=1, max_size=30))
@settings(max_examples=40)
def test_a_code_is_the_same_however_it_is_typed(code: str) -> None:
    assert rules.key(code) == rules.key(code.lower()) == rules.key(f" {code.replace('-', '')} ")


@pytest.mark.parametrize("code", ["", "-", "ÄRGER", "TWO WORDS?", "A" * 41, "=CMD()", "<B>", "-X"])
def test_codes_that_somebody_could_not_type_are_refused(code: str) -> None:
    assert not rules.usable(code)


def test_a_pasted_list_may_be_parted_as_people_do() -> None:
    assert rules.pasted("spring-1\r\n spring-2 ,\n\nspring-3; SPRING 4") == [
        "SPRING-1",
        "SPRING-2",
        "SPRING-3",
        "SPRING4",
    ]


def test_the_ones_that_are_there_twice_are_named_once() -> None:
    assert rules.repeated(["A-1", "B", "a1", "A 1", "C"]) == ["A-1"]


@pytest.mark.parametrize(
    ("discount", "basket", "off"),
    [
        (Discount(True, Decimal("10")), 4999, 500),
        (Discount(True, Decimal("12.5")), 1000, 125),
        (Discount(True, Decimal("50")), 1, 1),
        (Discount(True, Decimal("100")), 4999, 4999),
        (Discount(True, Decimal("10")), 0, 0),
        (Discount(False, Decimal("5.00"), "EUR"), 4999, 500),
        (Discount(False, Decimal("5.00"), "EUR"), 300, 300),
        (Discount(False, Decimal("500"), "JPY"), 4999, 500),
        (Discount(False, Decimal("1.50"), "KWD"), 4999, 1500),
    ],
)
def test_what_a_discount_takes_off_a_basket(discount: Discount, basket: int, off: int) -> None:
    assert discount.off(basket) == off


@given(st.integers(0, 10**12), st.decimals("0.01", "100", places=2), st.booleans())
@settings(max_examples=50)
def test_nobody_is_paid_for_buying(basket: int, value: Decimal, percent: bool) -> None:
    assert 0 <= Discount(percent, value, "EUR").off(basket) <= basket


def test_how_programs_read_a_discount() -> None:
    assert Discount(True, Decimal("10.00")).wire() == {"type": "percent", "value": "10"}
    assert Discount(True, Decimal("12.50")).wire() == {"type": "percent", "value": "12.5"}
    assert Discount(False, Decimal("5"), "EUR").wire() == {
        "type": "amount", "value": "5.00", "minor": 500, "currency": "EUR",
    }  # fmt: skip
    assert Discount(False, Decimal("500.00"), "JPY").wire()["value"] == "500"


def test_a_code_ends_with_the_last_of_its_days_where_the_shop_is() -> None:
    claimed = datetime(2026, 3, 4, 23, 30, tzinfo=UTC)  # the 5th already in Budapest
    assert rules.end_of_claim(claimed, 1, "Europe/Budapest") == datetime(2026, 3, 6, 23, 0, tzinfo=UTC)
    assert rules.end_of_claim(claimed, 30, "Europe/Budapest") == datetime(2026, 4, 4, 22, 0, tzinfo=UTC), "summer time"
    assert rules.end_of_claim(claimed, None, "UTC") is None


def test_an_end_at_midnight_is_said_as_the_day_before() -> None:
    assert rules.end_words(datetime(2026, 3, 7), "en") == "March 6, 2026"
    assert rules.beginning_words(datetime(2026, 3, 7), "en") == "March 7, 2026"
    assert rules.end_words(datetime(2026, 3, 7, 18, 30), "en").startswith("March 7, 2026, 6:30")
    assert "2026" in rules.end_words(datetime(2026, 3, 7), "ar")
