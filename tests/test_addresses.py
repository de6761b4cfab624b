"""Addresses are kept as typed and compared by what two spellings of one address share."""

from __future__ import annotations

import pytest

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
