"""Addresses are kept as typed and compared by what two spellings of one address share."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadcapture import addresses
from leadcapture.errors import Invalid


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Alice@Example.org", "alice@example.org"),
        ("alice@bücher.example", "alice@xn--bcher-kva.example"),
        ("jose\u0301@example.org", "jos\u00e9@example.org"),
        ("  alice@example.org ", "alice@example.org"),
    ],
)
def test_two_spellings_of_one_address_are_one(one: str, other: str) -> None:
    assert addresses.parse(one).key == addresses.parse(other).key


def test_an_address_is_kept_as_typed() -> None:
    assert addresses.parse("Alice@example.org").typed == "Alice@example.org"


@pytest.mark.parametrize(
    "text", ["", "alice", "alice@", "@example.org", "a b@example.org", "alice@example", "a@b.org\nBcc: c@d.org"]
)
def test_what_is_no_address_is_refused_at_its_field(text: str) -> None:
    with pytest.raises(Invalid) as error:
        addresses.parse(text)
    assert error.value.fields["email"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("alice+shop@example.org", "alice@example.org"),
        ("Alice+a+b@EXAMPLE.org", "alice@example.org"),
        ("alice+x@bücher.example", "alice@xn--bcher-kva.example"),
        ("a.l.i.c.e+shop@googlemail.com", "alice@gmail.com"),
        ("al.ice_b-o-b@protonmail.com", "alicebob@pm.me"),
        ("alice@me.com", "alice@icloud.com"),
        ("alice.b@ya.ru", "alice-b@yandex.com"),
        ("alice-shop@yahoo.com", "alice-news@yahoo.com"),
        ("shop@alice.fastmail.com", "alice@fastmail.com"),
    ],
)
def test_two_addresses_of_one_mailbox_count_as_one(one: str, other: str) -> None:
    assert addresses.mailbox(one) == addresses.mailbox(addresses.parse(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a.lice@example.org", "alice@example.org"),
        ("alice-shop@example.org", "alice@example.org"),
        ("alice@example.org", "alice@example.net"),
        ("alice@gmail.com", "bob@gmail.com"),
        ("+alice@example.org", "+bob@example.org"),
        ("alice@fastmail.com", "bob@fastmail.com"),
    ],
)
def test_two_mailboxes_are_never_taken_for_one(one: str, other: str) -> None:
    assert addresses.mailbox(one) != addresses.mailbox(other)


@given(st.emails(), st.text("abc0.", max_size=5))
def test_a_mailbox_is_its_own_mailbox_and_no_tag_changes_it(address: str, tag: str) -> None:
    mailbox = addresses.mailbox(address)
    assert addresses.mailbox(mailbox) == mailbox
    local, _at, domain = mailbox.rpartition("@")
    assert "+" in local or addresses.mailbox(f"{local}+{tag}x@{domain}") == mailbox
