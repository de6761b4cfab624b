"""What is never stored: numbers of cards, codes beside them, passwords, keys. And what people must go on reading."""

from __future__ import annotations

import re
import time
import unicodedata
from datetime import datetime

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from leadcapture.chat.masking import DOT, masked

QUICK = settings(max_examples=60, deadline=None)
ZEROS = ("0", "\u0660", "\u06f0", "\u0966", "\uff10")  # Latin, Arabic, Persian, Devanagari, full width


def with_check_digit(start: str) -> str:
    """Written out anew, so that it cannot share a mistake with what it checks."""
    total = 0
    for place, digit in enumerate(reversed(start)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value // 10 + value % 10
    return start + str(-total % 10)


@st.composite
def cards(draw: st.DrawFn) -> str:
    start, length = draw(
        st.sampled_from([("4", 16), ("4", 13), ("4", 19), ("51", 16), ("2221", 16), ("34", 15), ("37", 15), ("36", 14)])
    )
    return with_check_digit(
        start + draw(st.text("0123456789", min_size=length - 1 - len(start), max_size=length - 1 - len(start)))
    )


def in_script(text: str, zero: str) -> str:
    return "".join(chr(ord(zero) + int(char)) if char in "0123456789" else char for char in text)


def spaced(card: str, separator: str) -> str:
    return separator.join(re.findall(".{1,4}", card))


class TestCards:
    @QUICK
    @example(card="4122334444748899007", sep=" ", zero="0")
    @example(card="4002122477777777009", sep="-", zero="0")
    @given(cards(), st.sampled_from(["", " ", "-", "\u00a0", ".", "\u2011", "\u200e"]), st.sampled_from(ZEROS))
    def test_of_a_card_the_last_four_digits_stay_however_it_is_written(self, card: str, sep: str, zero: str) -> None:
        written = in_script(spaced(card, sep), zero)
        said = masked(f"My card is {written}, thanks!")
        # Where the first sixteen of nineteen are a card themselves, the rest may be its code: none of it stays.
        last_four = [card[-4:], card[12:16]] if len(card) == 19 else [card[-4:]]
        assert "".join(char for char in said if char.isdigit()) in [in_script(four, zero) for four in last_four]
        assert said.count(DOT) == len(card) - 4
        assert masked(said) == said
        assert said.endswith(", thanks!")

    @pytest.mark.parametrize(
        "card",
        [
            "4111 1111 1111 1111", "5555-5555-5555-4444", "3782 822463 10005", "6011000990139424", "30569309025904",
            "3530111333300000", "6200000000000005", "2223 0031 2200 3222", "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1",
            "41111111 11111111", "\u0664\u0661\u0661\u0661" + " \u0661\u0661\u0661\u0661" * 3,
        ],
    )  # fmt: skip
    def test_the_numbers_that_networks_give_for_trying_are_known(self, card: str) -> None:
        assert len(re.findall(r"\d", masked(card))) == 4
        assert len(masked(card)) == len(card)

    @QUICK
    @given(cards(), st.integers(1, 9))
    def test_a_number_with_a_wrong_check_digit_is_no_card(self, card: str, wrong: int) -> None:
        other = card[:-1] + str((int(card[-1]) + wrong) % 10)
        assert masked(f"Order {other}") == f"Order {other}"

    @pytest.mark.parametrize(
        ("said", "kept"),
        [
            ("4111 1111 1111 1111 12/27 123", "•••• •••• •••• 1111 12/27 •••"),
            ("4111111111111111, exp 12/2027, 987", "••••••••••••1111, exp 12/2027, •••"),
            ("4111 1111 1111 1111 123", "•••• •••• •••• 1111 •••"),
            ("The CVV is 123", "The CVV is •••"),
            ("cvc: 1234", "cvc: ••••"),
            ("security code 999", "security code •••"),
            ("رمز الأمان: ١٢٣", "رمز الأمان: •••"),
            ("two: 4111 1111 1111 1111 5555 5555 5555 4444", "two: •••• •••• •••• 1111 •••• •••• •••• 4444"),
            ("ref 12 4111 1111 1111 1111", "ref 12 •••• •••• •••• 1111"),
        ],
    )
    def test_the_code_beside_a_card_goes_with_it(self, said: str, kept: str) -> None:
        assert masked(said) == kept


class TestSecrets:
    @pytest.mark.parametrize(
        ("said", "kept"),
        [
            ("password: hunter2.", "password: ••••••."),
            ("My PASSWORD = correct", "My PASSWORD = ••••••"),
            ("pw:geheim, user:bob", "pw:••••••, user:bob"),
            ("the password is Hunter2!", "the password is ••••••!"),
            ("Passwort: “Über12”", "Passwort: “••••••”"),
            ("كلمة المرور: سر123", "كلمة المرور: ••••••"),
            ("PIN: 4711", "PIN: ••••••"),
            ("api key: 0123456789abcdef", "api key: ••••••"),
            ("access_token=abc12345", "access_token=••••••"),
            ("sk_live_" + "a1B2c3D4" * 3, "sk_l••••••"),
            ("AKIAIOSFODNN7EXAMPLE", "AKIA••••••"),
            ("ghp_" + "a1B2c3D4" * 5, "ghp_••••••"),
            ("lc_" + "a1B2c3D4" * 4, "lc_a••••••"),
            ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dBjftJeZ4CVP-mB92K27uhbUJU1p1r", "eyJh••••••"),
            ("Authorization: Bearer abcdefghijklmnop1234", "Authorization: Bearer ••••••"),
            ("postgresql://shop:geheim@db/shop", "postgresql://shop:••••••@db/shop"),
            (
                "-----BEGIN RSA PRIVATE KEY-----\nMIIE\nabc=\n-----END RSA PRIVATE KEY-----",
                "-----BEGIN RSA PRIVATE KEY-----\n••••••\n-----END RSA PRIVATE KEY-----",
            ),
        ],
    )
    def test_what_says_that_it_is_a_secret_is_one(self, said: str, kept: str) -> None:
        assert masked(said) == kept

    @QUICK
    @given(st.text(st.characters(categories=("L", "N", "P", "S")), min_size=4, max_size=30))
    def test_no_password_after_a_colon_is_kept(self, password: str) -> None:
        password = f"x7{password}".translate({ord(c): None for c in "\"'“”‘’«».,;!?)،؛؟•"})
        assert password not in masked(f"my password: {password} ok?")


class TestLeftAlone:
    @pytest.mark.parametrize(
        "said",
        [
            "Call me: +49 170 1234567 or 030 12345678",
            "+4915112345678",
            "+1 (555) 123-4567, 555 987 6543",
            "555 123 4567 555 987 6549",
            "Order 4111111111111 of 24.12.2026",
            "Order A-2026-0001234567890123",
            "24.12.2026 - 26.12.2026",
            "2026-11-22 10:30:00, 20261122103000",
            "22/11/2026 08:15",
            "1732270000000",
            "Parcel 00340434161094042557",  # an SSCC
            "IMEI 490154203237518",
            "ISBN 978-3-16-148410-0",
            "IBAN DE89 3704 0044 0532 0130 00",
            "GB29NWBK60161331926819",
            "I forgot my password, what now?",
            "my password is wrong",
            "Password reset: https://shop.example.org/reset?token=abc12345678",
            "https://shop.example.org/?key=abc12345678&page=2",
            "the key: is it under the mat?",
            "Room 4711, PIN code of my town is 560001",
            "3 x 4 = 12",
            "اتصل بي ٠١٢٣٤٥٦٧٨٩",
        ],
    )
    def test_telephones_orders_dates_and_addresses_stay(self, said: str) -> None:
        assert masked(said) == said

    @QUICK
    @given(
        st.datetimes(datetime(1900, 1, 1), datetime(2099, 12, 31)),
        st.sampled_from(["%Y-%m-%d %H:%M:%S", "%d.%m.%Y", "%d.%m.%Y %H.%M", "%Y%m%d%H%M%S", "%d/%m/%y"]),
    )
    def test_no_day_or_time_is_taken_for_a_card(self, moment, how: str) -> None:
        said = f"from {moment:{how}} on"
        assert masked(said) == said

    @QUICK
    @given(st.text("0123456789", min_size=6, max_size=15), st.sampled_from(["", " ", "-"]))
    def test_no_number_after_a_plus_is_taken_for_a_card(self, digits: str, separator: str) -> None:
        said = f"+{separator.join(re.findall('.{1,3}', digits))}"
        assert masked(said) == said


@QUICK
@given(st.text(st.sampled_from("0123456789 -./:+\n•abAKIAsk_password"), max_size=200))
def test_masking_again_changes_nothing(text: str) -> None:
    assert masked(masked(text)) == masked(text)


@QUICK
@given(st.text(max_size=200))
def test_every_text_comes_back_and_never_with_more_digits(text: str) -> None:
    before = sum(unicodedata.decimal(char, None) is not None for char in text)
    assert sum(unicodedata.decimal(char, None) is not None for char in masked(text)) <= before


@pytest.mark.parametrize(
    "text", ["4 " * 2000, "1-" * 2000, "4" * 4000, " " * 4000, "pass" * 1000, "a://b:" * 660, "DE12 " + "AAAA " * 790,
             "-----BEGIN PRIVATE KEY-----" * 140, "eyJ" + "a" * 3990, "4111111111111111 " + "12 / " * 790]
)  # fmt: skip
def test_no_text_makes_it_slow(text: str) -> None:
    began = time.process_time()
    masked(text)
    assert time.process_time() - began < 1
