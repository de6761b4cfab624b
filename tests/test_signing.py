"""Tokens are good for one purpose, survive a rotated key, and nothing else is let through."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadcapture import signing
from leadcapture.errors import BadToken


@pytest.fixture(autouse=True)
def keys() -> None:
    signing.configure(["new", "old"])


@given(st.text())
def test_a_token_brings_back_what_was_signed(value: str) -> None:
    assert signing.verify("confirm", signing.sign("confirm", value)) == value


def test_a_token_of_another_purpose_is_worthless() -> None:
    with pytest.raises(BadToken):
        signing.verify("unsubscribe", signing.sign("confirm", "cnf_1"))


@given(st.text())
def test_what_we_did_not_sign_is_refused(token: str) -> None:
    with pytest.raises(BadToken):
        signing.verify("confirm", token)


def test_a_token_survives_a_new_key_and_dies_with_its_own() -> None:
    signing.configure(["old"])
    token, digest = signing.sign("confirm", "cnf_1"), signing.digest("code", "123456")
    signing.configure(["new", "old"])
    assert signing.verify("confirm", token) == "cnf_1"
    assert signing.digest_matches("code", "123456", digest)
    signing.configure(["new"])
    with pytest.raises(BadToken):
        signing.verify("confirm", token)
    assert not signing.digest_matches("code", "123456", digest)
